/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/document.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/text.h"

/* What aliases and merges may expand a document to. */
#define EXPANDED_MAX YAML_EVENT_COUNT_MAX
#define ANCHOR_MAX   1000

typedef struct Anchor {
        char *name; /* owned */
        Node *node;
} Anchor;

_Static_assert(YAML_DEPTH_MAX + 16 <= API_JSON_DEPTH_MAX,
               "what tells of it, with more around it, can be read");

/* A parse under way: the stack of collections that are open. */
typedef struct Builder {
        Document *document;
        Node *stack[YAML_DEPTH_MAX];
        size_t depth;
        Anchor anchors[ANCHOR_MAX];
        size_t anchor_count;
        unsigned event_count;
        unsigned expanded; /* so far, of the whole document */
        bool is_over;
} Builder;

static void builder_done(Builder *builder) {
        for (size_t i = 0; i < builder->anchor_count; i++)
                free(builder->anchors[i].name);
}

static void free_node(Node *node) {
        free(node->text);
        free(node->items);
        free(node);
}

void document_done(Document *document) {
        for (size_t i = 0; i < document->count; i++)
                free_node(document->nodes[i]);
        free(document->nodes);
        *document = DOCUMENT_INIT;
}

static int fail_at(Error *err, const yaml_mark_t *mark, const char *what) {
        return error_set(err, ERROR_BAD_REQUEST, "line %zu: %s", mark->line + 1, what);
}

static void grow(void *array_at, size_t *capacity, size_t item_size) {
        void **array = array_at;
        size_t wanted = *capacity ? *capacity * 2 : 8;
        void *larger = reallocarray(*array, wanted, item_size);

        if (!larger)
                abort();
        *array = larger;
        *capacity = wanted;
}

static Node *new_node(Document *document, NodeType type, const yaml_mark_t *mark) {
        Node *node = memory_new(sizeof(*node));

        node->type = type;
        node->line = (unsigned)mark->line + 1;
        node->expanded = 1;
        node->height = 1;
        if (document->count == document->capacity)
                grow(&document->nodes, &document->capacity, sizeof(*document->nodes));
        document->nodes[document->count++] = node;
        return node;
}

static void push_item(Node *parent, Node *item) {
        if (parent->count == parent->capacity)
                grow(&parent->items, &parent->capacity, sizeof(*parent->items));
        parent->items[parent->count++] = item;
        parent->expanded += item->expanded;
        if (parent->height <= item->height)
                parent->height = item->height + 1;
}

static int add_value(Builder *builder, Node *node, const yaml_mark_t *mark, Error *err) {
        if (builder->depth == 0) {
                builder->document->root = node;
                return 0;
        }
        Node *parent = builder->stack[builder->depth - 1];
        bool is_key = parent->type == NODE_MAP && parent->count % 2 == 0;
        if (is_key && node->type != NODE_SCALAR)
                return fail_at(err, mark, "a key must be a scalar");
        /* What was built before is what an alias adds; a collection still open adds nothing yet. */
        push_item(parent, node);
        if (builder->depth + node->height > YAML_DEPTH_MAX)
                return fail_at(err, mark, "nested too deep");
        return 0;
}

static int add_expanded(Builder *builder, unsigned count, const yaml_mark_t *mark, Error *err) {
        builder->expanded += count;
        if (builder->expanded > EXPANDED_MAX)
                return error_set(err, ERROR_TOO_LARGE,
                                 "line %zu: too many values once aliases are expanded",
                                 mark->line + 1);
        return 0;
}

/* ---- closing a map: merges and duplicates ---- */

static int compare_keys(const void *a, const void *b) {
        const Node *const *left = a;
        const Node *const *right = b;
        int order = strcmp((*left)->text, (*right)->text);

        if (order != 0)
                return order;
        return (*left)->line < (*right)->line ? -1 : (*left)->line > (*right)->line;
}

/* Keys sorted; free the result. */
static Node **sort_keys(const Node *map) {
        size_t count = map->count / 2;
        Node **keys = memory_new((count + 1) * sizeof(*keys));

        for (size_t i = 0; i < count; i++)
                keys[i] = map->items[2 * i];
        qsort(keys, count, sizeof(*keys), compare_keys);
        return keys;
}

static int check_keys(const Node *map, Error *err) {
        autofree Node **keys = sort_keys(map);

        for (size_t i = 1; i < map->count / 2; i++) {
                if (string_equal(keys[i]->text, keys[i - 1]->text))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "line %u: found duplicate key \"%.100s\"", keys[i]->line,
                                         keys[i]->text);
        }
        return 0;
}

static bool is_merge(const Node *key) {
        return key->is_plain && string_equal(key->text, "<<");
}

/* Adds what `map` does not have yet. Its own keys win, and of a list the earlier. */
static int merge_map(Builder *builder, Node *map, const Node *source, const yaml_mark_t *mark,
                     Error *err) {
        if (source->type != NODE_MAP)
                return fail_at(err, mark, "map merge requires map or list of maps as the value");
        if (add_expanded(builder, source->expanded, mark, err) < 0)
                return -1;
        autofree Node **own = sort_keys(map);
        size_t own_count = map->count / 2;
        for (size_t i = 0; i + 1 < source->count; i += 2) {
                Node *key = source->items[i];
                size_t low = 0;
                size_t high = own_count;
                while (low < high) {
                        size_t middle = (low + high) / 2;
                        if (strcmp(own[middle]->text, key->text) < 0)
                                low = middle + 1;
                        else
                                high = middle;
                }
                if (low < own_count && string_equal(own[low]->text, key->text))
                        continue;
                push_item(map, key);
                push_item(map, source->items[i + 1]);
        }
        return 0;
}

/* Takes the pair of `<<` out of the map; NULL where there is none. */
static const Node *remove_merge(Node *map) {
        for (size_t i = 0; i + 1 < map->count; i += 2) {
                if (!is_merge(map->items[i]))
                        continue;
                const Node *value = map->items[i + 1];
                map->count -= 2;
                memmove(&map->items[i], &map->items[i + 2], (map->count - i) * sizeof(*map->items));
                return value;
        }
        return NULL;
}

static int merge(Builder *builder, Node *map, const yaml_mark_t *mark, Error *err) {
        const Node *value = remove_merge(map);

        if (!value)
                return 0;
        if (value->type != NODE_LIST)
                return merge_map(builder, map, value, mark, err);
        for (size_t i = 0; i < value->count; i++) {
                if (merge_map(builder, map, value->items[i], mark, err) < 0)
                        return -1;
        }
        return 0;
}

static int close_collection(Builder *builder, const yaml_event_t *event, Error *err) {
        Node *node = builder->stack[--builder->depth];

        if (node->type == NODE_MAP &&
            (check_keys(node, err) < 0 || merge(builder, node, &event->start_mark, err) < 0))
                return -1;
        if (builder->depth > 0) {
                /* Its parent counted it while it was empty. */
                Node *parent = builder->stack[builder->depth - 1];
                parent->expanded += node->expanded - 1;
                if (parent->height <= node->height)
                        parent->height = node->height + 1;
        }
        return 0;
}

/* ---- events ---- */

static int add_anchor(Builder *builder, const yaml_char_t *name, Node *node,
                      const yaml_mark_t *mark, Error *err) {
        if (!name)
                return 0;
        if (builder->anchor_count == ANCHOR_MAX)
                return fail_at(err, mark, "too many anchors");
        builder->anchors[builder->anchor_count++] =
                (Anchor){ .name = string_copy((const char *)name), .node = node };
        return 0;
}

static int use_alias(Builder *builder, const yaml_event_t *event, Error *err) {
        const char *name = (const char *)event->data.alias.anchor;
        Node *node = NULL;

        for (size_t i = builder->anchor_count; i > 0 && !node; i--) {
                if (string_equal(builder->anchors[i - 1].name, name))
                        node = builder->anchors[i - 1].node;
        }
        if (!node)
                return fail_at(err, &event->start_mark, "unknown anchor");
        for (size_t i = 0; i < builder->depth; i++) {
                if (builder->stack[i] == node)
                        return fail_at(err, &event->start_mark, "anchor contains itself");
        }
        if (add_expanded(builder, node->expanded, &event->start_mark, err) < 0)
                return -1;
        return add_value(builder, node, &event->start_mark, err);
}

static int add_scalar(Builder *builder, const yaml_event_t *event, Error *err) {
        const char *text = (const char *)event->data.scalar.value;
        size_t length = event->data.scalar.length;

        if (event->data.scalar.tag)
                return fail_at(err, &event->start_mark, "tags are not supported");
        if (!string_is_clean_utf8(text, length))
                return fail_at(err, &event->start_mark, "control characters are not allowed");
        Node *node = new_node(builder->document, NODE_SCALAR, &event->start_mark);
        node->text = string_copy_length(text, length);
        node->length = length;
        node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (add_expanded(builder, 1, &event->start_mark, err) < 0 ||
            add_anchor(builder, event->data.scalar.anchor, node, &event->start_mark, err) < 0)
                return -1;
        return add_value(builder, node, &event->start_mark, err);
}

static int open_collection(Builder *builder, const yaml_event_t *event, Error *err) {
        bool is_map = event->type == YAML_MAPPING_START_EVENT;
        const yaml_char_t *tag =
                is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
        const yaml_char_t *anchor =
                is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;

        if (tag)
                return fail_at(err, &event->start_mark, "tags are not supported");
        if (builder->depth == YAML_DEPTH_MAX)
                return fail_at(err, &event->start_mark, "nested too deep");
        Node *node = new_node(builder->document, is_map ? NODE_MAP : NODE_LIST, &event->start_mark);
        if (add_expanded(builder, 1, &event->start_mark, err) < 0 ||
            add_anchor(builder, anchor, node, &event->start_mark, err) < 0 ||
            add_value(builder, node, &event->start_mark, err) < 0)
                return -1;
        builder->stack[builder->depth++] = node;
        return 0;
}

static int start_document(Builder *builder, const yaml_event_t *event, Error *err) {
        if (builder->is_over)
                return fail_at(err, &event->start_mark, "more than one document");
        return 0;
}

static int take_event(Builder *builder, const yaml_event_t *event, Error *err) {
        if (++builder->event_count > YAML_EVENT_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "line %zu: more than %d values",
                                 event->start_mark.line + 1, YAML_EVENT_COUNT_MAX);
        switch (event->type) {
        case YAML_DOCUMENT_START_EVENT:
                return start_document(builder, event, err);
        case YAML_DOCUMENT_END_EVENT:
                builder->is_over = true;
                return 0;
        case YAML_ALIAS_EVENT:
                return use_alias(builder, event, err);
        case YAML_SCALAR_EVENT:
                return add_scalar(builder, event, err);
        case YAML_SEQUENCE_START_EVENT:
        case YAML_MAPPING_START_EVENT:
                return open_collection(builder, event, err);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return close_collection(builder, event, err);
        default:
                return 0;
        }
}

static int parse_events(yaml_parser_t *parser, Builder *builder, Error *err) {
        bool has_ended = false;

        while (!has_ended) {
                yaml_event_t event;
                if (!yaml_parser_parse(parser, &event))
                        return error_set(err, ERROR_BAD_REQUEST, "line %zu: %s",
                                         parser->problem_mark.line + 1,
                                         parser->problem ? parser->problem : "not YAML");
                has_ended = event.type == YAML_STREAM_END_EVENT;
                int outcome = take_event(builder, &event, err);
                yaml_event_delete(&event);
                if (outcome < 0)
                        return -1;
        }
        return 0;
}

int document_parse(const char *bytes, size_t length, Document *ret, Error *err) {
        autodocument document = DOCUMENT_INIT;
        yaml_parser_t parser;

        if (length > MANIFEST_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE, "larger than %d bytes", MANIFEST_SIZE_MAX);
        if (!yaml_parser_initialize(&parser))
                abort();
        autofree Builder *builder = memory_new(sizeof(*builder));
        builder->document = &document;
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
        int outcome = parse_events(&parser, builder, err);
        yaml_parser_delete(&parser);
        builder_done(builder);
        if (outcome < 0)
                return -1;
        *ret = document;
        document = DOCUMENT_INIT;
        return 0;
}
