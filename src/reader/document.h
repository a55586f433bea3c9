/* SPDX-License-Identifier: Apache-2.0
 *
 * Document: one document of foreign YAML as a tree of nodes, by libyaml's events and under our
 * limits (base/limits.h): size, depth, events, and what aliases would expand to. Tags, further
 * documents and keys given twice are refused; `<<` is merged.
 */
#pragma once

#include "reader/node.h"

typedef struct Document {
        Node **nodes; /* owned, in the order they were met */
        size_t count;
        size_t capacity;
        const Node *root; /* NULL for an empty document */
} Document;

#define DOCUMENT_INIT ((Document){ 0 })

void document_done(Document *document);
#define autodocument __attribute__((cleanup(document_done))) Document

int document_parse(const char *bytes, size_t length, Document *ret, Error *err);
