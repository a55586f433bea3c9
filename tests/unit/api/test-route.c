/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "api/route.h"
#include "base/text.h"

/* The front's side of a reply: never reached here, only linked. */
void request_reply_json(Request *owned_request, int status, json_t *owned_body) {
        (void)owned_request;
        (void)status;
        json_decref(owned_body);
        fail();
}

void request_reply_file(Request *owned_request, int owned_fd, const char *content_type,
                        const char *filename) {
        (void)owned_request;
        (void)owned_fd;
        (void)content_type;
        (void)filename;
        fail();
}

void request_reply_text(Request *owned_request, json_t *owned_headers, const char *body) {
        (void)owned_request;
        (void)body;
        json_decref(owned_headers);
        fail();
}

const char *request_get_query(const Request *request, const char *key, const char *fallback) {
        (void)request;
        (void)key;
        return fallback;
}

static void every_row_is_whole(void **state) {
        size_t count = 0;
        const Route *table = route_get_table(&count);

        (void)state;
        assert_true(count > 15);
        for (size_t i = 0; i < count; i++) {
                int methods = 0;
                assert_int_equal(table[i].pattern[0], '/');
                for (size_t j = 0; j < ROUTE_METHOD_COUNT; j++) {
                        bool has_access = table[i].methods[j].access != ACCESS_NONE;
                        assert_int_equal(has_access, table[i].methods[j].handler != NULL);
                        methods += has_access;
                }
                assert_true(methods > 0);
                /* Sorted, so that a path is not there twice and is found by a reader. */
                if (i > 0)
                        assert_true(strcmp(table[i - 1].pattern, table[i].pattern) < 0);
        }
}

static void nothing_but_get_is_open(void **state) {
        size_t count = 0;
        const Route *table = route_get_table(&count);

        (void)state;
        for (size_t i = 0; i < count; i++)
                for (size_t j = ROUTE_POST; j < ROUTE_METHOD_COUNT; j++)
                        assert_int_not_equal(table[i].methods[j].access, ACCESS_OPEN);
}

static const struct {
        const char *method, *path, *pattern, *variable;
} FOUND[] = {
        { "GET", "/", "/", NULL },
        { "GET", "/v2/snaps", "/v2/snaps", NULL },
        { "POST", "/v2/snaps", "/v2/snaps", NULL },
        { "GET", "/v2/snaps/hello", "/v2/snaps/{name}", "hello" },
        { "POST", "/v2/changes/12", "/v2/changes/{id}", "12" },
        { "GET", "/v2/snaps/x/conf", "/v2/snaps/{name}/conf", "x" },
        { "GET", "/v2/model/serial", "/v2/model/serial", NULL },
};

static void paths_find_their_route(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(FOUND); i++) {
                char *variables[ROUTE_VARIABLE_MAX] = { NULL };
                const Route *route = NULL;
                RouteMethod method = ROUTE_METHOD_COUNT;
                Error err = ERROR_INIT;

                assert_int_equal(route_find(FOUND[i].method, FOUND[i].path, &route, &method, &err),
                                 0);
                assert_string_equal(route->pattern, FOUND[i].pattern);
                route_get_variables(route, FOUND[i].path, variables);
                if (FOUND[i].variable)
                        assert_string_equal(variables[0], FOUND[i].variable);
                else
                        assert_null(variables[0]);
                free(variables[0]);
        }
}

static const struct {
        const char *method, *path;
        ErrorKind kind;
        const char *message;
} MISSING[] = {
        { "GET", "/v2/nothing", ERROR_NOT_FOUND, "not found" },
        { "GET", "/v2/snaps/", ERROR_NOT_FOUND, "not found" },
        { "GET", "/v2/snaps/a/b/c", ERROR_NOT_FOUND, "not found" },
        { "GET", "", ERROR_NOT_FOUND, "not found" },
        { "GET", "/v2/snapsx", ERROR_NOT_FOUND, "not found" },
        { "POST", "/v2/system-info", ERROR_METHOD, "method \"POST\" not allowed" },
        { "HEAD", "/v2/snaps", ERROR_METHOD, "method \"HEAD\" not allowed" },
        { "DELETE", "/v2/snaps/x", ERROR_METHOD, "method \"DELETE\" not allowed" },
};

static void what_is_not_in_the_table_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(MISSING); i++) {
                const Route *route = NULL;
                RouteMethod method = ROUTE_METHOD_COUNT;
                Error err = ERROR_INIT;

                assert_true(route_find(MISSING[i].method, MISSING[i].path, &route, &method, &err) <
                            0);
                assert_int_equal(err.kind, MISSING[i].kind);
                assert_string_equal(err.message, MISSING[i].message);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_whole),
                cmocka_unit_test(nothing_but_get_is_open),
                cmocka_unit_test(paths_find_their_route),
                cmocka_unit_test(what_is_not_in_the_table_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
