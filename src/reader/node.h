/* SPDX-License-Identifier: Apache-2.0
 *
 * Node: one value of a YAML document. A scalar keeps its text, because whether `1.0` is a number
 * or a version depends on the key it stands under; typed readings are made on demand.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum NodeType {
        NODE_SCALAR,
        NODE_LIST,
        NODE_MAP
} NodeType;

typedef struct Node {
        NodeType type;
        bool is_plain;       /* scalar without quotes: may be null, a bool or a number */
        char *text;          /* scalar, owned by the document */
        size_t length;       /* of text */
        struct Node **items; /* list: values; map: key, value, key, value, …; shared by aliases */
        size_t count;        /* of items */
        size_t capacity;
        unsigned line;     /* from 1 */
        unsigned expanded; /* nodes beneath and itself, aliases counted as what they stand for */
        unsigned height;   /* levels beneath and itself */
} Node;

typedef enum ScalarType {
        SCALAR_NULL,
        SCALAR_BOOL,
        SCALAR_INT,
        SCALAR_FLOAT,
        SCALAR_TEXT
} ScalarType;

typedef struct Scalar {
        ScalarType type;
        bool flag;
        int64_t integer;
        double real;
} Scalar;

/* What a YAML 1.1 reader takes the scalar for. A number that fits no int64 is SCALAR_FLOAT. */
Scalar node_read_scalar(const Node *node);
bool node_is_null(const Node *node);
/* "list", "int", …, for messages. */
const char *node_get_type_name(const Node *node);

/* The value under `key` in a map, NULL when absent. */
const Node *node_find(const Node *map, const char *key);

/* Typed JSON of an attribute: refuses null, infinite numbers and keys that are no strings. */
int node_to_json(const Node *node, json_t **ret, Error *err);
