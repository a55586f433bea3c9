/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/license.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "reader/license-list.h"

/* Operators may be nested this deep in parentheses. */
#define PARENTHESES_MAX 32

typedef struct Reader {
        const char *at;
        char token[64]; /* "" at the end */
        char before[64];
        int depth;
} Reader;

static bool is_known(const char *id) {
        size_t low = 0;
        size_t high = LICENSE_LIST_COUNT;

        while (low < high) {
                size_t middle = (low + high) / 2;
                int order = strcmp(LICENSE_LIST[middle], id);
                if (order == 0)
                        return true;
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return false;
}

/* "GPL-2.0+" is any later version too. */
static bool is_known_or_later(const char *id) {
        size_t length = strlen(id);

        if (is_known(id))
                return true;
        if (length < 2 || id[length - 1] != '+')
                return false;
        autofree char *plain = string_copy_length(id, length - 1);
        return is_known(plain);
}

static bool is_operator(const char *token) {
        return string_equal(token, "AND") || string_equal(token, "OR") ||
               string_equal(token, "WITH");
}

static void advance(Reader *reader) {
        memcpy(reader->before, reader->token, sizeof(reader->before));
        reader->at += strspn(reader->at, " \t\n");
        size_t length =
                strchr("()", *reader->at) && *reader->at ? 1 : strcspn(reader->at, " \t\n()");
        size_t kept = length < sizeof(reader->token) ? length : sizeof(reader->token) - 1;
        memcpy(reader->token, reader->at, kept);
        reader->token[kept] = '\0';
        reader->at += length;
}

static int read_expression(Reader *reader, Error *err);

static int read_parenthesis(Reader *reader, Error *err) {
        if (++reader->depth > PARENTHESES_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "too many parentheses");
        advance(reader);
        if (read_expression(reader, err) < 0)
                return -1;
        if (!string_equal(reader->token, ")"))
                return error_set(err, ERROR_BAD_REQUEST, "expected \")\" got \"%s\"",
                                 reader->token);
        reader->depth--;
        advance(reader);
        return 0;
}

static int read_term(Reader *reader, Error *err) {
        const char *token = reader->token;

        if (string_equal(token, "("))
                return read_parenthesis(reader, err);
        if (*token == '\0' && is_operator(reader->before))
                return error_set(err, ERROR_BAD_REQUEST, "missing license after %s",
                                 reader->before);
        if (*token == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "empty expression");
        if (is_operator(token) && *reader->before == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "missing license before %s", token);
        if (is_operator(token) || string_equal(token, ")"))
                return error_set(err, ERROR_BAD_REQUEST, "expected license name, got \"%s\"",
                                 token);
        if (!is_known_or_later(token))
                return error_set(err, ERROR_BAD_REQUEST, "unknown license: %s", token);
        advance(reader);
        if (!string_equal(reader->token, "WITH"))
                return 0;
        /* Exceptions are a list of their own; their form is enough here. */
        advance(reader);
        if (*reader->token == '\0' || is_operator(reader->token))
                return error_set(err, ERROR_BAD_REQUEST, "missing license after WITH");
        advance(reader);
        return 0;
}

static int read_expression(Reader *reader, Error *err) {
        if (read_term(reader, err) < 0)
                return -1;
        while (*reader->token != '\0' && !string_equal(reader->token, ")")) {
                if (!string_equal(reader->token, "AND") && !string_equal(reader->token, "OR"))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "missing AND or OR between \"%s\" and \"%s\"",
                                         reader->before, reader->token);
                advance(reader);
                if (read_term(reader, err) < 0)
                        return -1;
        }
        return 0;
}

int license_check(const char *expression, Error *err) {
        Reader reader = { .at = expression };

        advance(&reader);
        if (read_expression(&reader, err) < 0)
                return -1;
        if (*reader.token != '\0')
                return error_set(err, ERROR_BAD_REQUEST, "unexpected \"%s\"", reader.token);
        return 0;
}
