/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines as kernels and buses write them, and lines that a program made look like them.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "denial/denial-words.h"
#include "denial/denial.h"

typedef struct Case {
        const char *line;
        DenialSource source;
        DenialKind kind;
        const char *program, *text, *access;
} Case;

static const Case CASES[] = {
#if defined(__x86_64__)
        { "audit: type=1326 audit(1795314741.405:1126): auid=4294967295 uid=0 gid=0 ses=4294967295 "
          "pid=14473 comm=\"mkdir\" exe=\"/snap/x/3/bin/mkdir\" sig=0 arch=c000003e syscall=83 "
          "compat=0 ip=0x7f5f8812ef37 code=0x50000",
          DENIAL_SECCOMP, DENIAL_SYSTEM_CALL, "x", "mkdir", "" },
        { "audit: type=1326 audit(1.1:2): subj==snap.x.app (enforce) pid=1 comm=\"sh\" "
          "exe=\"/usr/bin/sh\" sig=0 arch=c000003e syscall=451 compat=0 code=0x7ffc0000",
          DENIAL_SECCOMP, DENIAL_SYSTEM_CALL, "x.app", "cachestat", "" },
#endif
        { "audit: type=1326 audit(1.1:2): exe=\"/snap/x/3/y\" arch=1 syscall=5 code=0x50000",
          DENIAL_SECCOMP, DENIAL_SYSTEM_CALL, "x", "number 5", "" },
        { "type=AVC msg=audit(1700000000.123:45): apparmor=\"DENIED\" operation=\"open\" "
          "class=\"file\" profile=\"snap.x.app\" name=\"/etc/shadow\" pid=7 comm=\"cat\" "
          "requested_mask=\"r\" denied_mask=\"r\" fsuid=0 ouid=0",
          DENIAL_APPARMOR, DENIAL_FILE, "x.app", "/etc/shadow", "r" },
        { "audit: type=1400 audit(1.1:2): apparmor=\"DENIED\" operation=\"mknod\" "
          "profile=\"snap.x.hook.configure\" name=2F612022622F63 denied_mask=\"c\"",
          DENIAL_APPARMOR, DENIAL_FILE, "x.hook.configure", "/a \"b/c", "w" },
        { "audit: type=1400 audit(1.1:2): apparmor=\"DENIED\" operation=\"capable\" "
          "profile=\"snap.x.app//null-/bin/x\" pid=7 comm=\"ip\" capability=12  "
          "capname=\"net_admin\"",
          DENIAL_APPARMOR, DENIAL_CAPABILITY, "x.app", "net_admin", "" },
        { "audit: type=1400 audit(1.1:2): apparmor=\"DENIED\" operation=\"create\" class=\"net\" "
          "profile=\"snap.x.app\" pid=7 family=\"packet\" sock_type=\"raw\" protocol=768 "
          "requested_mask=\"create\" denied_mask=\"create\"",
          DENIAL_APPARMOR, DENIAL_SOCKET, "x.app", "packet", "" },
        { "audit: type=1107 audit(1.1:2): pid=9 uid=101 auid=1 ses=1 subj=unconfined "
          "msg='apparmor=\"DENIED\" operation=\"dbus_method_call\"  bus=\"system\" path=\"/org/a\" "
          "interface=\"org.a.B\" member=\"Do\" mask=\"send\" name=\"org.a\" pid=7 "
          "label=\"snap.x.app\" peer_pid=9 peer_label=\"unconfined\" exe=\"/usr/bin/dbus-daemon\" "
          "sauid=101 hostname=? addr=? terminal=?'",
          DENIAL_APPARMOR, DENIAL_BUS, "x.app", "org.a", "" },
        { "audit: type=1423 audit(1.1:2): domain=195ba459b blockers=fs.write_file "
          "path=\"/etc/passwd\" dev=\"vda2\" ino=3 exe=\"/snap/x/1/a\"",
          DENIAL_LANDLOCK, DENIAL_FILE, "x", "/etc/passwd", "w" },
        { "audit: type=1423 audit(1.1:2): domain=195ba459b blockers=scope.signal opid=1 "
          "ocomm=\"systemd\"",
          DENIAL_LANDLOCK, DENIAL_BLOCKER, "", "scope.signal", "" },
        { "audit: type=1423 audit(1.1:2): domain=195ba459b blockers=net.connect_tcp "
          "daddr=127.0.0.1 dest=80",
          DENIAL_LANDLOCK, DENIAL_BLOCKER, "", "net.connect_tcp", "" },
        /* What stands within quotes is a name that somebody chose. */
        { "audit: type=1400 audit(1.1:2): apparmor=\"DENIED\" operation=\"open\" "
          "comm=\"profile=snap.other.app\" profile=\"snap.x.app\" name=\"/a name=/b\" "
          "denied_mask=\"r\" name=\"/c\"",
          DENIAL_APPARMOR, DENIAL_FILE, "x.app", "/a name=/b", "r" },
};

static void test_records(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                Denial denial;
                assert_int_equal(denial_parse(CASES[i].line, &denial), 1);
                assert_int_equal(denial.source, CASES[i].source);
                assert_int_equal(denial.kind, CASES[i].kind);
                assert_string_equal(denial.program, CASES[i].program);
                assert_string_equal(denial.text, CASES[i].text);
                assert_string_equal(denial.access, CASES[i].access);
        }
}

/* ── lines that were seen ── */

#define TABLE_SIZE_MAX (1 << 20)
#define COLUMN_COUNT   6

static const char *get_kind_name(DenialKind kind) {
        static const char *const names[DENIAL_KIND_COUNT] = {
                [DENIAL_SYSTEM_CALL] = "call", [DENIAL_FILE] = "file",
                [DENIAL_SOCKET] = "socket",    [DENIAL_CAPABILITY] = "capability",
                [DENIAL_BUS] = "bus",          [DENIAL_BLOCKER] = "blocker",
                [DENIAL_OTHER] = "other",
        };

        return names[kind];
}

static const char *or_dash(const char *text) {
        return *text ? text : "-";
}

/* What is read of the line, as the table says it; `last` is what a later line may complete. */
static char *read_line(const char *line, Denial *last) {
        Denial denial;

        if (denial_parse(line, &denial) == 0) {
                if (!denial_join(line, last))
                        return string_copy("none\t-\t-\t-\t-");
                return string_format("joins\t-\t%s\t-\t-", or_dash(last->program));
        }
        *last = denial;
        return string_format("%s\t%s\t%s\t%s\t%s", denial_source_get_name(denial.source),
                             get_kind_name(denial.kind), or_dash(denial.program),
                             or_dash(denial.access), or_dash(denial.text));
}

static void test_records_that_were_seen(void **state) {
        int file = open(PAWL_DENIAL_RECORDS, O_RDONLY | O_CLOEXEC);
        autofree char *table = NULL;
        size_t length, count = 0, wrong_count = 0;
        Denial last = { 0 };
        Error err;

        (void)state;
        assert_true(file >= 0);
        assert_int_equal(file_read_all(file, TABLE_SIZE_MAX, &table, &length, &err), 0);
        (void)close(file);
        for (char *rest = NULL, *row = strtok_r(table, "\n", &rest); row;
             row = strtok_r(NULL, "\n", &rest)) {
                if (*row == '#')
                        continue;
                char *line = row;
                for (size_t i = 1; i < COLUMN_COUNT; i++)
                        line = strchr(line, '\t') + 1;
                line[-1] = '\0';
                autofree char *got = read_line(line, &last);
                count++;
                if (strcmp(got, row) == 0)
                        continue;
                wrong_count++;
                print_error("%s\n  wanted %s\n  got    %s\n", line, row, got);
        }
        print_message("%zu lines\n", count);
        assert_true(count >= 60);
        assert_int_equal(wrong_count, 0);
}

/* ── other things ── */

static void test_what_was_left_out_is_counted(void **state) {
        (void)state;
        assert_int_equal(denial_count_lost("kauditd_printk_skb: 46 callbacks suppressed"), 46);
        assert_int_equal(denial_count_lost("set_capacity_and_notify: 12 callbacks suppressed"), 0);
        assert_int_equal(
                denial_count_lost("audit: type=1326 audit(1.1:2): comm=\"kauditd_printk_skb: "
                                  "1 callbacks suppressed\""),
                0);
}

static void test_a_wish_is_of_a_kind(void **state) {
        Denial denial;

        (void)state;
        assert_int_equal(denial_guess_kind("/dev/video0"), DENIAL_FILE);
        assert_int_equal(denial_guess_kind("org.freedesktop.UPower"), DENIAL_BUS);
        assert_int_equal(denial_guess_kind("mount"), DENIAL_SYSTEM_CALL);
        denial_suppose("/dev/video0", DENIAL_FILE, &denial);
        assert_string_equal(denial.access, "r");
        assert_string_equal(denial.text, "/dev/video0");
}

static void test_wishes_in_words(void **state) {
        static const struct {
                Denial denial;
                const char *words;
        } cases[] = {
                { { .kind = DENIAL_FILE, .text = "/a", .access = "rw" }, "to read and write /a" },
                { { .kind = DENIAL_FILE, .text = "/a", .access = "x" }, "to run /a" },
                { { .kind = DENIAL_FILE, .text = "/a" }, "to reach /a" },
                { { .kind = DENIAL_BLOCKER, .text = "scope.signal" },
                  "to send a signal to a process outside" },
                { { .kind = DENIAL_BLOCKER, .text = "net.bind_tcp,net.connect_tcp" },
                  "to serve a TCP port" },
                { { .kind = DENIAL_OTHER, .text = "sig" }, "what is called sig" },
                { { .kind = DENIAL_BUS, .text = "a.b" }, "to talk to a.b on a message bus" },
                { { .kind = DENIAL_BUS,
                    .text = "a.b",
                    .bus = "system",
                    .path = "/c",
                    .interface = "a.I",
                    .member = "Do" },
                  "to talk to a.b: Do of a.I at /c on the system bus" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *words = denial_format_wish(&cases[i].denial);
                assert_string_equal(words, cases[i].words);
        }
}

static void test_time_and_what_was_let_through(void **state) {
        Denial denial;

        (void)state;
        assert_int_equal(
                denial_parse("audit(1700000000.123:45): apparmor=\"ALLOWED\" operation=\"open\" "
                             "profile=\"snap.x.app\" name=\"/a\" denied_mask=\"rx\" pid=77",
                             &denial),
                1);
        assert_true(denial.was_allowed);
        assert_int_equal(denial.time, 1700000000);
        assert_int_equal(denial.serial, 45);
        assert_int_equal(denial.pid, 77);
        assert_string_equal(denial.access, "rx");
}

static void test_other_lines_are_no_denials(void **state) {
        static const char *const lines[] = {
                "",
                "=",
                "\"",
                "'",
                "usb 1-1: new device",
                ("audit: type=1400 audit(1.1:2): apparmor=\"STATUS\" operation=\"profile_load\" "
                 "name=\"snap.x.app\""),
                "comm=\"apparmor=DENIED operation=open\"",
                "audit: type=1326 audit(1.1:2): arch=c000003e syscall=1 code=0x7fff0000",
                "audit: type=1424 audit(1.1:2): domain=195ba459b status=allocated mode=enforcing",
        };
        Denial denial;

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(lines); i++)
                assert_int_equal(denial_parse(lines[i], &denial), 0);
}

static void test_long_lines_and_values_are_bounded(void **state) {
        autofree char *name = memory_new(DENIAL_LINE_MAX + 1);
        Denial denial;

        (void)state;
        memset(name, 'a', DENIAL_LINE_MAX);
        autofree char *too_long = string_format(
                "apparmor=\"DENIED\" operation=\"open\" profile=\"snap.x.y\" name=\"/%s\"", name);
        assert_int_equal(denial_parse(too_long, &denial), 0);
        name[DENIAL_WORD_MAX * 2] = '\0';
        autofree char *fits = string_format(
                "apparmor=\"DENIED\" operation=\"open\" profile=\"snap.x.y\" name=\"/%s\"", name);
        assert_int_equal(denial_parse(fits, &denial), 1);
        assert_int_equal(strlen(denial.text), DENIAL_WORD_MAX - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records),
                cmocka_unit_test(test_records_that_were_seen),
                cmocka_unit_test(test_what_was_left_out_is_counted),
                cmocka_unit_test(test_a_wish_is_of_a_kind),
                cmocka_unit_test(test_wishes_in_words),
                cmocka_unit_test(test_time_and_what_was_let_through),
                cmocka_unit_test(test_other_lines_are_no_denials),
                cmocka_unit_test(test_long_lines_and_values_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
