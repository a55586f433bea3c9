/* SPDX-License-Identifier: Apache-2.0
 *
 * Field: one key of a section of the manifest and how its value is read. A section is a table of
 * these; keys that are in no table are ignored, as the format wants it.
 */
#pragma once

#include "reader/node.h"

typedef struct Field Field;
typedef int (*FieldRead)(const Node *value, const Field *field, json_t **ret, Error *err);

struct Field {
        const char *name;
        FieldRead read; /* shape only: what the value means is judged later, on JSON */
};

/* Puts what is there into `object`, in the table's order; null counts as absent. */
int field_read_all(const Field *fields, size_t count, const Node *map, json_t *object, Error *err);

int field_read_text(const Node *value, const Field *field, json_t **ret, Error *err);
int field_read_text_list(const Node *value, const Field *field, json_t **ret, Error *err);
int field_read_integer_list(const Node *value, const Field *field, json_t **ret, Error *err);
/* Ordered: a list of [key, value]. */
int field_read_environment(const Node *value, const Field *field, json_t **ret, Error *err);
/* Nanoseconds. */
int field_read_duration(const Node *value, const Field *field, json_t **ret, Error *err);

/* Fails where `value` is not of this type, naming the field. */
int field_require(const Node *value, NodeType type, const Field *field, Error *err);
