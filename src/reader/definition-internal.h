/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of definition.h share.  A place is what a message names; each check says the line,
 * the place, what is wrong and what may stand there.
 */
#pragma once

#include "base/own.h"
#include "reader/node.h"

typedef struct Place {
        const char *name; /* "plug files" */
        Error *err;
} Place;

typedef enum KeyType {
        KEY_TEXT = 1 << 0,
        KEY_BOOL = 1 << 1,
        KEY_INT = 1 << 2,
        KEY_LIST = 1 << 3,
        KEY_MAP = 1 << 4,
} KeyType;

typedef struct DefinitionKey {
        const char *name; /* NULL ends a table */
        unsigned types;   /* of KeyType */
        bool is_required;
} DefinitionKey;

/* ── definition-check.c ── */

/* Always -1. */
int definition_fail(const Place *place, const Node *node, const char *format, ...)
        printf_like(3, 4);
/* A mapping with keys of one of the tables (`more` may be NULL), each of its type, none missing. */
int definition_check_keys(const Place *place, const Node *map, const DefinitionKey *keys,
                          const DefinitionKey *more);
/* A list of texts, each one of `known` (which ends with NULL) and there once. */
int definition_check_words(const Place *place, const Node *list, const char *const *known);
int definition_check_word(const Place *place, const Node *node, const char *const *known);
/* A list of mappings, a list of texts that are not empty. */
int definition_check_maps(const Place *place, const Node *list);
int definition_check_texts(const Place *place, const Node *list);

bool definition_is_text(const Node *node);
/* POSIX extended, of the whole text; an expression of ours, of which there are few. */
bool definition_matches(const char *expression, const char *text);
/* An expression of a file's, which the daemon will ask: cheap to compile and to ask. */
int definition_check_expression(const Place *place, const Node *node);
/* With each variable replaced; NULL where there is a "$" that begins none. */
char *definition_replace_variables(const char *text, const char *by);
/* Only known variables, no control characters, not too long. */
int definition_check_variables(const Place *place, const Node *node);

/* ── definition-grant.c ── */

extern const DefinitionKey DEFINITION_GRANTS[];
int definition_check_grants(const char *name, const Node *block, Error *err);
/* Sockets and capabilities of a checked side by their numbers. */
void definition_number_grants(json_t *block);

/* ── definition-side.c ── */

typedef struct DefinitionSides {
        const Node *plug, *slot; /* NULL where the file has none */
} DefinitionSides;

int definition_check_side(const char *name, const Node *side, Error *err);
/* After both were checked: $PLUG(a) and $SLOT(a) are attributes that the file declares. */
int definition_check_references(const DefinitionSides *sides, Error *err);
bool definition_has_attribute(const Node *side, const char *name);

/* ── definition-rule.c ── */

extern const char *const DEFINITION_SNAP_TYPES[];
int definition_check_policy(const Node *policy, Error *err);
/* What the keys of a checked file stand for. */
json_t *definition_derive_policy(const json_t *kind);
