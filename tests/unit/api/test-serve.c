/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests with a peer of our choice, over a real state; replies are caught instead of sent.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../scratch.h"
#include "../unit.h"
#include "api/api.h"
#include "base/file.h"
#include "base/text.h"

static int reply_count, reply_status;
static json_t *reply_body;

static void request_free(Request *request) {
        free(request->method);
        free(request->path);
        json_decref(request->query);
        json_decref(request->headers);
        json_decref(request->body);
        free(request);
}

void request_reply_json(Request *owned_request, int status, json_t *owned_body) {
        json_decref(reply_body);
        reply_count++;
        reply_status = status;
        reply_body = owned_body;
        request_free(owned_request);
}

void request_reply_text(Request *owned_request, json_t *owned_headers, const char *body) {
        assert_string_equal(body, "");
        request_reply_json(owned_request, 200, owned_headers);
}

void request_reply_file(Request *owned_request, int owned_fd, const char *content_type,
                        const char *filename) {
        (void)owned_fd;
        (void)content_type;
        (void)filename;
        request_free(owned_request);
        fail();
}

const char *request_get_query(const Request *request, const char *key, const char *fallback) {
        const char *value =
                json_string_value(json_array_get(json_object_get(request->query, key), 0));

        return value ? value : fallback;
}

typedef struct Fixture {
        char directory[SCRATCH_SIZE];
        uv_loop_t loop;
        Places *places;
        Api api;
} Fixture;

static int set_up(void **state) {
        Fixture *fixture = memory_new(sizeof(*fixture));
        Error err = ERROR_INIT;

        scratch_make(fixture->directory);
        if (uv_loop_init(&fixture->loop) < 0 ||
            places_open(fixture->directory, "/usr/lib/pawl/pawl-run", &fixture->places, &err) < 0)
                return -1;
        autofree char *path = places_format_path(fixture->places, "var/lib/pawl/state");
        fixture->api = (Api){ .loop = &fixture->loop,
                              .places = fixture->places,
                              .authority = &authority_absent };
        *state = fixture;
        return database_open(path, &fixture->api.database, &err);
}

static int tear_down(void **state) {
        Fixture *fixture = *state;

        api_stop(&fixture->api);
        database_close(fixture->api.database);
        places_close(fixture->places);
        (void)uv_loop_close(&fixture->loop);
        int outcome = scratch_remove(fixture->directory);
        free(fixture);
        json_decref(take(reply_body));
        return outcome;
}

typedef struct Ask {
        uid_t uid;
        PeerSocket socket;
        const char *method, *path, *body;
        int status;
        const char *answer; /* a part of it */
} Ask;

static void ask(Fixture *fixture, const Ask *what) {
        Request *request = memory_new(sizeof(*request));
        Error err = ERROR_INIT;
        int before = reply_count;

        *request = (Request){ .peer = { .socket = what->socket, .uid = what->uid, .pidfd = -1 },
                              .method = string_copy(what->method),
                              .path = string_copy(what->path),
                              .query = json_object(),
                              .headers = json_pack("{s:s}", "content-type", "application/json") };
        if (what->body && json_parse(what->body, strlen(what->body), &request->body, &err) < 0)
                fail_msg("%s", err.message);
        api_serve(&fixture->api, request);
        autofree char *text = json_format(reply_body);
        assert_int_equal(reply_count, before + 1);
        if (reply_status != what->status || !strstr(text, what->answer))
                fail_msg("%s %s: %d %s", what->method, what->path, reply_status, text);
}

#define REMOVE "{\"action\":\"remove\"}"

static const Ask ASKS[] = {
        { 1000, PEER_SOCKET_MAIN, "GET", "/v2/system-info", NULL, 200, "\"series\":\"16\"" },
        { 1000, PEER_SOCKET_MAIN, "GET", "/v2/snaps", NULL, 200,
          "\"result\":[],\"sources\":[\"local\"]" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/system-info", "{}", 405,
          "method \\\"POST\\\" not allowed" },
        { 0, PEER_SOCKET_MAIN, "GET", "/v2/nothing", NULL, 404, "\"message\":\"not found\"" },
        { 0, PEER_SOCKET_SNAP, "GET", "/v2/snaps", NULL, 403, "access denied" },
        { 1000, PEER_SOCKET_MAIN, "POST", "/v2/snaps/x", REMOVE, 401,
          "\"message\":\"access denied\",\"kind\":\"login-required\"" },
        { 1000, PEER_SOCKET_MAIN, "POST", "/v2/changes/1", "{\"action\":\"abort\"}", 401,
          "login-required" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/snaps/x", REMOVE, 400,
          "\"kind\":\"snap-not-installed\",\"value\":\"x\"" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/snaps/x", NULL, 400, "cannot decode" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/snaps/x", "{\"action\":\"install\"}", 501, "no store" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/snaps", "{\"action\":\"remove\",\"snaps\":[]}", 400,
          "cannot remove zero snaps" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/snaps", "{\"action\":\"refresh\"}", 202,
          "\"type\":\"async\",\"status-code\":202,\"status\":\"Accepted\",\"result\":null,"
          "\"change\":\"1\"" },
        { 1000, PEER_SOCKET_MAIN, "GET", "/v2/changes/1", NULL, 200,
          "\"summary\":\"Refresh all snaps: no updates\",\"status\":\"Done\"" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/changes/1", "{\"action\":\"abort\"}", 400,
          "cannot abort change 1 with nothing pending" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/changes/1", "{\"action\":\"eat\"}", 400,
          "change action \\\"eat\\\" is unsupported" },
        { 0, PEER_SOCKET_MAIN, "GET", "/v2/changes/x", NULL, 404,
          "cannot find change with id \\\"x\\\"" },
        { 0, PEER_SOCKET_MAIN, "GET", "/v2/model", NULL, 404,
          "\"kind\":\"assertion-not-found\",\"value\":\"model\"" },
        { 0, PEER_SOCKET_MAIN, "GET", "/v2/assertions/model", NULL, 200,
          "\"X-Ubuntu-Assertions-Count\":\"0\"" },
        { 0, PEER_SOCKET_MAIN, "GET", "/v2/assertions/nonsense", NULL, 400, "invalid assert type" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/apps", "{\"action\":\"start\",\"names\":[\"x\"]}", 501,
          "cannot start services" },
        { 0, PEER_SOCKET_MAIN, "POST", "/v2/apps", "{\"action\":\"start\"}", 400,
          "without a list" },
};

static void each_request_gets_its_answer(void **state) {
        for (size_t i = 0; i < ARRAY_COUNT(ASKS); i++)
                ask(*state, &ASKS[i]);
}

static void add_warning(Fixture *fixture) {
        autotransaction transaction = TRANSACTION_INIT;
        Database *database = fixture->api.database;
        Error err = ERROR_INIT;
        int64_t at = 1704164645123456789, long_ns = INT64_MAX / 4;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(database_run(database, &err,
                                      "INSERT INTO warning (message, first_added, last_added, "
                                      "expire_after, repeat_after) VALUES ('w', ?, ?, ?, ?)",
                                      "iiii", at, at, long_ns, long_ns),
                         1);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

static void warnings_are_counted_until_they_were_seen(void **state) {
        static const Ask PENDING[] = {
                { 1000, PEER_SOCKET_MAIN, "GET", "/v2/snaps", NULL, 200,
                  "\"warning-timestamp\":\"2024-01-02T03:04:05.123456789Z\",\"warning-count\":1" },
                { 1000, PEER_SOCKET_MAIN, "GET", "/v2/warnings", NULL, 200,
                  "\"result\":[{\"message\":\"w\"" },
                { 0, PEER_SOCKET_MAIN, "POST", "/v2/warnings",
                  "{\"action\":\"okay\",\"timestamp\":\"2024-01-02T03:04:05.123456789Z\"}", 200,
                  "\"result\":1" },
                { 1000, PEER_SOCKET_MAIN, "GET", "/v2/warnings", NULL, 200, "\"result\":[]" },
        };

        add_warning(*state);
        for (size_t i = 0; i < ARRAY_COUNT(PENDING); i++)
                ask(*state, &PENDING[i]);
        assert_null(json_object_get(reply_body, "warning-count"));
}

static void files_are_taken_from_root_and_where_they_belong(void **state) {
        static const struct {
                uid_t uid;
                const char *method, *path;
                ErrorKind kind;
        } CASES[] = {
                { 1000, "POST", "/v2/snaps", ERROR_ACCESS_DENIED },
                { 0, "POST", "/v2/apps", ERROR_BAD_REQUEST },
                { 0, "POST", "/v2/nothing", ERROR_NOT_FOUND },
                { 0, "PUT", "/v2/snaps", ERROR_METHOD },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                Peer peer = { .uid = CASES[i].uid, .pidfd = -1 };
                Error err = ERROR_INIT;
                assert_true(api_check_upload(&peer, CASES[i].method, CASES[i].path, &err) < 0);
                assert_int_equal(err.kind, CASES[i].kind);
        }
        Peer root = { .pidfd = -1 };
        Error err = ERROR_INIT;
        assert_int_equal(api_check_upload(&root, "POST", "/v2/snaps", &err), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_request_gets_its_answer, set_up, tear_down),
                cmocka_unit_test_setup_teardown(warnings_are_counted_until_they_were_seen, set_up,
                                                tear_down),
                cmocka_unit_test(files_are_taken_from_root_and_where_they_belong),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
