/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "api/answer.h"
#include "base/text.h"
#include "wire/envelope.h"

static void check(Answer answer, const char *wanted) {
        autojson object = answer_format(&answer);
        autofree char *text = json_format(object);

        assert_string_equal(text, wanted);
}

static void a_sync_answer_always_has_a_result(void **state) {
        (void)state;
        check((Answer){ .status = 200 },
              "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":null}");
}

static void keys_come_in_the_order_of_the_specification(void **state) {
        (void)state;
        check((Answer){ .status = 202,
                        .change = "7",
                        .sources = json_pack("[s]", "local"),
                        .warning_count = 2,
                        .warning_at = 1704164645123456789,
                        .stop_kind = "daemon-restart" },
              "{\"type\":\"async\",\"status-code\":202,\"status\":\"Accepted\",\"result\":null,"
              "\"change\":\"7\",\"sources\":[\"local\"],"
              "\"warning-timestamp\":\"2024-01-02T03:04:05.123456789Z\",\"warning-count\":2,"
              "\"maintenance\":{\"kind\":\"daemon-restart\",\"message\":\"daemon is "
              "restarting\"}}");
}

static void an_error_has_no_warnings(void **state) {
        Error err = ERROR_INIT;

        (void)state;
        error_set(&err, ERROR_SNAP_NOT_FOUND, "snap not installed");
        check((Answer){ .status = 404,
                        .result = answer_format_error_result(&err, json_string("x")),
                        .warning_count = 1 },
              "{\"type\":\"error\",\"status-code\":404,\"status\":\"Not Found\",\"result\":{"
              "\"message\":\"snap not installed\",\"kind\":\"snap-not-found\",\"value\":\"x\"}}");
}

static void every_error_kind_has_a_reason_phrase(void **state) {
        (void)state;
        for (int i = 0; i < ERROR_KIND_COUNT; i++) {
                int status = error_kind_get_info((ErrorKind)i)->http_status;
                if (string_equal(envelope_get_reason(status), "Unknown"))
                        fail_msg("no reason for %d", status);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_sync_answer_always_has_a_result),
                cmocka_unit_test(keys_come_in_the_order_of_the_specification),
                cmocka_unit_test(an_error_has_no_warnings),
                cmocka_unit_test(every_error_kind_has_a_reason_phrase),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
