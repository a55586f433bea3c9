/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "unit.h"
#include "wire/launch.h"

static int read_plan(const char *lines, LaunchStep *ret, Error *err) {
        static char bytes[4096];
        LaunchReader reader;

        (void)snprintf(bytes, sizeof(bytes), "%s", lines);
        launch_reader_init(&reader, bytes, strlen(bytes));
        return launch_plan_next(&reader, ret, err);
}

static void a_word_survives_writing_and_reading(void **state) {
        static const char *const words[] = { "",     " ",    "a b",   "\n",  "\\",   "\\e",
                                             "\\s",  "a\\",  "€",     "\t",  "a\tb", "\x1b[2J",
                                             "\x01", "\x7f", "\\x09", "\r\n" };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
                autotext text = TEXT_INIT;
                Error err = ERROR_INIT;
                LaunchReader reader;
                LaunchLine line;

                launch_line_append(&text, "op", words[i], "end", NULL);
                launch_reader_init(&reader, text.bytes, text.length);
                assert_int_equal(launch_reader_next(&reader, &line, &err), 1);
                assert_int_equal(line.word_count, 3);
                assert_string_equal(line.words[1], words[i]);
                assert_string_equal(line.words[2], "end");
                assert_int_equal(launch_reader_next(&reader, &line, &err), 0);
        }
}

static const struct {
        const char *line;
        LaunchOp op;
} WORDS_OF_OPS[] = {
        { "tag snap.a.b\n", LAUNCH_OP_TAG },
        { "lease 0\n", LAUNCH_OP_LEASE },
        { "stage 1\n", LAUNCH_OP_STAGE },
        { "user-dir /home/u/snap 0700\n", LAUNCH_OP_USER_DIR },
        { "user-data /home/u/snap/a x2 x1\n", LAUNCH_OP_USER_DATA },
        { "user-link /home/u/snap/a/current x1\n", LAUNCH_OP_USER_LINK },
        { "dir /tmp 1777\n", LAUNCH_OP_DIR },
        { "link /bin usr/bin\n", LAUNCH_OP_LINK },
        { "file /x\n", LAUNCH_OP_FILE },
        { "scratch /run 0755\n", LAUNCH_OP_SCRATCH },
        { "attach 2 /snap/a/1\n", LAUNCH_OP_ATTACH },
        { "take 1 usr/lib /usr\n", LAUNCH_OP_TAKE },
        { "host /sys /sys ro,tree\n", LAUNCH_OP_HOST },
        { "home /home/u /home/u\n", LAUNCH_OP_HOME },
        { "bind / srv/a /srv/a rw,noexec\n", LAUNCH_OP_BIND },
        { "share 6 / /snap/a/1/b\n", LAUNCH_OP_SHARE },
        { "match / dev/video* / rw,noexec,device\n", LAUNCH_OP_MATCH },
        { "match-udev / dev/input/event* ID_INPUT_JOYSTICK rw,noexec,device\n",
          LAUNCH_OP_MATCH_UDEV },
        { "usb-node / 0403:6001:* /dev/serial-port-a rw,noexec,device\n", LAUNCH_OP_USB_NODE },
        { "match-links /a b* /c\n", LAUNCH_OP_MATCH_LINKS },
        { "?host-dir /run/pulse 0755\n", LAUNCH_OP_HOST_DIR },
        { "capabilities 4096 2\n", LAUNCH_OP_CAPABILITIES },
        { "label snap.a.b\n", LAUNCH_OP_LABEL },
        { "new-privileges allowed\n", LAUNCH_OP_NEW_PRIVILEGES },
        { "device null\n", LAUNCH_OP_DEVICE },
        { "device-rule char 81 4294967295 rw\n", LAUNCH_OP_DEVICE_RULE },
        { "device-filter on\n", LAUNCH_OP_DEVICE_FILTER },
        { "bus session /run/user/1/bus /run/user/1/bus rw,noexec,socket\n", LAUNCH_OP_BUS },
        { "bus-rule session talk=org.a.B\n", LAUNCH_OP_BUS_RULE },
        { "proc /proc\n", LAUNCH_OP_PROC },
        { "terminals /dev/pts\n", LAUNCH_OP_TERMINALS },
        { "shield /proc/sys\n", LAUNCH_OP_SHIELD },
        { "mask /proc/kcore\n", LAUNCH_OP_MASK },
        { "?network none\n", LAUNCH_OP_NETWORK },
        { "queues 5 read,write\n", LAUNCH_OP_QUEUES },
        { "namespaces allowed\n", LAUNCH_OP_NAMESPACES },
        { "setenv A \\e\n", LAUNCH_OP_SETENV },
        { "expand A $B\n", LAUNCH_OP_EXPAND },
        { "unsetenv LD_*\n", LAUNCH_OP_UNSETENV },
        { "argument -x\n", LAUNCH_OP_ARGUMENT },
        { "directory /\n", LAUNCH_OP_DIRECTORY },
        { "allow / read,execute\n", LAUNCH_OP_ALLOW },
        { "landlock files,signals\n", LAUNCH_OP_LANDLOCK },
        { "seccomp 3 0 400\n", LAUNCH_OP_SECCOMP },
};

static void each_op_reads_its_own_words(void **state) {
        (void)state;

        assert_int_equal(ARRAY_COUNT(WORDS_OF_OPS), LAUNCH_OP_GENERATION);
        for (size_t i = 0; i < ARRAY_COUNT(WORDS_OF_OPS); i++) {
                Error err = ERROR_INIT;
                LaunchStep step;

                assert_int_equal(read_plan(WORDS_OF_OPS[i].line, &step, &err), 1);
                assert_int_equal(step.op, WORDS_OF_OPS[i].op);
        }
}

static void what_is_not_strictly_right_is_refused(void **state) {
        static const char *const lines[] = {
                "unknown \x01\n",      "dir /a\n",
                "dir /a 0755 more\n",  "dir a 0755\n",
                "dir /a/ 0755\n",      "dir //a 0755\n",
                "dir /a/../b 0755\n",  "dir /./a 0755\n",
                "dir /a 4755\n",       "dir /a 0789\n",
                "dir /a 00755\n",      "dir  /a 0755\n",
                "dir /a 0755",         "\n",
                " dir /a 0755\n",      "dir /a 0755 \n",
                "take 1 /usr /usr\n",  "take 1 ../x /x\n",
                "take -1 usr /usr\n",  "device ../mem\n",
                "device a/b\n",        "host /a /b\n",
                "host /a /b suid\n",   "host /a /b ro,\n",
                "setenv A=B c\n",      "setenv 1 c\n",
                "allow / all\n",       "landlock none\n",
                "seccomp 1 2\n",       "lease 99999999999\n",
                "argument a\\xb\n",    "argument a\\\n",
                "user-link /a ../b\n", "argument \x01\n",
                "proc relative\n",
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
                Error err = ERROR_INIT;
                LaunchStep step;

                assert_int_equal(read_plan(lines[i], &step, &err), -1);
                assert_true(err.message[0]);
        }
}

static void an_optional_line_of_a_newer_peer_is_skipped(void **state) {
        Error err = ERROR_INIT;
        LaunchStep step;
        (void)state;

        assert_int_equal(read_plan("?newer a b c\ndir /a 0755\n", &step, &err), 1);
        assert_int_equal(step.op, LAUNCH_OP_DIR);
        assert_int_equal(step.line, 2);
}

static void a_critical_line_of_a_newer_peer_is_named(void **state) {
        static const char *const names[] = { "newer", "generation" };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
                autofree char *text = string_format("%s a\ndir /a 0755\n", names[i]);
                Error err = ERROR_INIT;
                LaunchReader reader;
                LaunchStep step;

                launch_reader_init(&reader, text, strlen(text));
                assert_int_equal(launch_plan_next(&reader, &step, &err), LAUNCH_STEP_UNKNOWN);
                assert_string_equal(step.words[0], names[i]);
        }
}

static void the_newest_version_of_both_is_spoken(void **state) {
        static const struct {
                unsigned newest, oldest, agreed;
        } cases[] = { { 1, 1, 1 }, { 2, 1, 1 }, { 9, 1, 1 }, { 2, 2, 0 }, { 9, 2, 0 } };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                const LaunchRequest request = { .version = cases[i].newest,
                                                .oldest = cases[i].oldest };

                assert_int_equal(launch_request_get_version(&request), cases[i].agreed);
        }
}

static void a_request_needs_exactly_one_target(void **state) {
        static const struct {
                const char *text;
                int outcome;
        } cases[] = {
                { "request 1\ncommand a.b\nhome /home/u\nshell\n?landlock 7\n", 0 },
                { "request 1\nhook a configure\n", 0 },
                { "request 1\n", -1 },
                { "request 1\ncommand a\nhook a b\n", -1 },
                { "request 1\ncommand a\ncommand b\n", -1 },
                { "request 1\ncommand a/b\n", -1 },
                { "request 1\ncommand a\nhome /\n", -1 },
                { "request 1\ncommand a\nhome /a/..\n", -1 },
                { "request 2\ncommand a\n", 1 },
                { "request 2\n?oldest 1\ncommand a\n", 0 },
                { "request 2\n?oldest 1\ncommand a\nnewer\n", 1 },
                { "request 2\n?oldest 1\ncommand a\n?newer\n", 0 },
                { "request 2\n?oldest 3\ncommand a\n", 1 },
                { "request 3\n?oldest 2\ncommand a\n", 1 },
                { "request 9 9\ncommand a\n", -1 },
                { "request 1\n?oldest 2\ncommand a\n", -1 },
                { "request 1\n?oldest 0\ncommand a\n", -1 },
                { "request 0\ncommand a\n", -1 },
                { "request x\ncommand a\n", -1 },
                { "command a\n", -1 },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *copy = string_copy(cases[i].text);
                LaunchRequest request;
                Error err = ERROR_INIT;

                assert_int_equal(launch_request_parse(copy, strlen(copy), &request, &err),
                                 cases[i].outcome);
        }
}

static void an_answer_says_what_it_is_and_no_more(void **state) {
        static const char *const bad[] = { "",       "go 1\n",   "go\ngo\n", "no\n", "wait a b\n",
                                           "plan\n", "plan 2\n", "maybe\n",  "go" };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
                autofree char *copy = string_copy(bad[i]);
                LaunchAnswer answer;
                Error err = ERROR_INIT;

                assert_int_equal(launch_answer_parse(copy, strlen(copy), &answer, &err), -1);
        }
        for (int kind = LAUNCH_ANSWER_WAIT; kind < LAUNCH_ANSWER_COUNT; kind++) {
                bool has_message = kind == LAUNCH_ANSWER_WAIT || kind == LAUNCH_ANSWER_NO ||
                                   kind == LAUNCH_ANSWER_EXEC;
                autotext text = TEXT_INIT;
                LaunchAnswer answer;
                Error err = ERROR_INIT;

                launch_answer_format((LaunchAnswerKind)kind, has_message ? "a b\n" : NULL, &text);
                assert_int_equal(launch_answer_parse(text.bytes, text.length, &answer, &err), 0);
                assert_int_equal(answer.kind, kind);
                if (has_message)
                        assert_string_equal(answer.message, "a b\n");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_word_survives_writing_and_reading),
                cmocka_unit_test(each_op_reads_its_own_words),
                cmocka_unit_test(what_is_not_strictly_right_is_refused),
                cmocka_unit_test(an_optional_line_of_a_newer_peer_is_skipped),
                cmocka_unit_test(a_critical_line_of_a_newer_peer_is_named),
                cmocka_unit_test(the_newest_version_of_both_is_spoken),
                cmocka_unit_test(a_request_needs_exactly_one_target),
                cmocka_unit_test(an_answer_says_what_it_is_and_no_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
