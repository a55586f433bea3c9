/* SPDX-License-Identifier: Apache-2.0
 *
 * What an interface grants is in the plan of a program that has it, and not in that of one that has
 * not: each kind of grant by an interface that gives it, as a launch is told.
 */
#include <stdbool.h>
#include <string.h>

#include "interface/interface-kind.h"
#include "plan-case.h"
#include "unit.h"

typedef struct Row {
        const char *interface;
        bool is_plug;
        const char *plug, *slot; /* attributes, with ' for "; NULL: none */
        const char *peer;        /* "": the system */
        unsigned uid;
        const char *line; /* of the granted plan; with "!" first, of the other one alone */
} Row;

#define SYS_ADMIN "2097152"

static const Row ROWS[] = {
        /* environment */
        { "cups", true, NULL, "{'cups-socket-directory':'$SNAP_COMMON/run'}", "giver", 1000,
          "setenv CUPS_SERVER /var/cups/cups.sock" },
        { "audio-playback", true, NULL, NULL, "", 1000,
          "setenv PULSE_SERVER unix:/run/user/1000/pulse/native\\sunix:/run/pulse/native" },
        { "wayland", true, NULL, NULL, "giver", 1000,
          "setenv WAYLAND_DISPLAY /run/user/1000/snap.giver/wayland-0" },
        { "desktop", true, NULL, NULL, "", 1000,
          "setenv DBUS_SESSION_BUS_ADDRESS unix:path=/run/user/1000/bus" },
        /* mounts, and directories that are made */
        { "shared-memory", true, "{'private':true}", NULL, "", 1000,
          "?host-dir /run/snap.tool.shm 1777" },
        { "shared-memory", true, "{'private':true}", NULL, "", 1000,
          "bind / run/snap.tool.shm /dev/shm rw,noexec" },
        { "shared-memory", true, "{'private':true}", NULL, "", 0, "allow /dev/shm read,write" },
        { "shared-memory", true, "{'shared-memory':'a'}", "{'shared-memory':'a','write':['x']}",
          "giver", 1000, "bind / run/snap.giver.shm /dev/shm rw,noexec" },
        /* files, sockets, nodes */
        { "hostname-control", true, NULL, NULL, "", 0,
          "match / proc/sys/kernel/hostname / rw,noexec" },
        { "log-observe", true, NULL, NULL, "", 0, "match / var/log / ro,noexec" },
        { "daemon-notify", true, NULL, NULL, "", 0,
          "match / run/systemd/notify / rw,noexec,socket" },
        { "snapd-control", true, NULL, NULL, "", 1000,
          "match / run/snapd.socket / rw,noexec,socket" },
        { "camera", true, NULL, NULL, "", 1000, "match / dev/video[0-9]* / rw,noexec,device" },
        { "camera", true, NULL, NULL, "", 0, "device-rule char 81 4294967295 rw" },
        { "camera", true, NULL, NULL, "", 0, "device-filter on" },
        { "home", true, NULL, NULL, "", 1000, "home /home/u /home/u" },
        { "home", true, NULL, NULL, "", 1000, "allow /home/u read,write" },
        /* processes and namespaces */
        { "system-observe", true, NULL, NULL, "", 1000, "host /proc /proc rw,noexec,tree" },
        { "system-observe", true, NULL, NULL, "", 1000, "!proc /proc" },
        { "browser-support", true, "{'allow-sandbox':true}", NULL, "", 1000, "namespaces allowed" },
        { "process-control", true, NULL, NULL, "", 0, "landlock files,tcp,abstract" },
        { "process-control", true, NULL, NULL, "", 0, "!landlock files,tcp,abstract,signals" },
        /* the network */
        { "network", true, NULL, NULL, "", 1000, "!?network none" },
        { "network", true, NULL, NULL, "", 1000, "landlock files,abstract,signals" },
        { "x11", true, NULL, NULL, "giver", 1000, "landlock files,tcp,signals" },
        /* message buses */
        { "mpris", false, NULL, "{'name':'player'}", "", 1000,
          "bus-rule session own=org.mpris.MediaPlayer2.player" },
        { "upower-observe", false, NULL, NULL, "", 0,
          "bus-rule system own=org.freedesktop.UPower" },
        { "hostname-control", true, NULL, NULL, "", 1000,
          "bus-rule system talk=org.freedesktop.hostname1" },
        { "hostname-control", true, NULL, NULL, "", 1000,
          "bus system /run/dbus/system_bus_socket /run/dbus/system_bus_socket rw,noexec,socket" },
        /* capabilities and privileges */
        { "hostname-control", true, NULL, NULL, "", 0, "capabilities " SYS_ADMIN " 0" },
        { "docker-support", true, NULL, NULL, "", 0, "namespaces allowed" },
        { "docker-support", true, NULL, NULL, "", 0, "new-privileges allowed" },
        { "docker-support", true, NULL, NULL, "", 0, "!landlock files,tcp,abstract,signals" },
};

static json_t *read_attributes(const char *text) {
        autofree char *copy = string_copy(text ? text : "{}");

        for (char *at = copy; *at; at++)
                if (*at == '\'')
                        *at = '"';
        json_t *attributes = json_loads(copy, 0, NULL);
        assert_non_null(attributes);
        return attributes;
}

static void add_grants(const Row *row, GrantSet *grants) {
        autojson plug = read_attributes(row->plug);
        autojson slot = read_attributes(row->slot);
        Error err = ERROR_INIT;
        const GrantExample example = { .kind = interface_kind_find(row->interface),
                                       .is_plug = row->is_plug,
                                       .instance = "tool",
                                       .name = "tool",
                                       .peer = row->peer,
                                       .plug_attributes = plug,
                                       .slot_attributes = slot };

        assert_non_null(example.kind);
        if (grant_set_add_example(grants, &example, &err) < 0)
                fail_msg("%s: %s", row->interface, err.message);
}

/* As the launcher takes it: every line has to be right. */
static void assert_is_read(const Text *plan) {
        autofree char *copy = string_copy(plan->bytes);
        LaunchAnswer answer;
        LaunchStep step;
        Error err = ERROR_INIT;
        int found;

        assert_int_equal(launch_answer_parse(copy, plan->length, &answer, &err), 0);
        while ((found = launch_plan_next(&answer.plan, &step, &err)) > 0)
                ;
        if (found < 0)
                fail_msg("%s", err.message);
}

static void write_for(const Row *row, bool is_granted, Text *ret) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        Error err = ERROR_INIT;

        made.input.uid = row->uid;
        made.input.has_label = row->uid == 0;
        if (row->uid == 0)
                made.request.home = NULL;
        if (is_granted)
                add_grants(row, &made.target.grants);
        if (write_plan(&made, ret, &err) < 0)
                fail_msg("%s: %s", row->interface, err.message);
        assert_is_read(ret);
        target_done(&made.target);
}

/* Blanks within a word are written as "\s". */
static bool has_line(const Text *plan, const char *line) {
        autofree char *wanted = string_format("\n%s\n", line);

        return strstr(plan->bytes, wanted) != NULL;
}

static void print_like(const Text *plan, const char *line) {
        autofree char *copy = string_copy(plan->bytes);
        size_t length = strcspn(line, " ");

        for (char *rest = NULL, *at = strtok_r(copy, "\n", &rest); at;
             at = strtok_r(NULL, "\n", &rest))
                if (strncmp(at, line, length) == 0)
                        print_error("    %s\n", at);
}

static void what_is_granted_is_in_the_plan_and_nothing_else(void **state) {
        size_t wrong_count = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                bool is_taken = *ROWS[i].line == '!';
                const char *line = ROWS[i].line + is_taken;
                autotext granted = TEXT_INIT;
                autotext bare = TEXT_INIT;
                write_for(&ROWS[i], true, &granted);
                write_for(&ROWS[i], false, &bare);
                if (has_line(&granted, line) == !is_taken && has_line(&bare, line) == is_taken)
                        continue;
                wrong_count++;
                print_error("%s: %s\n  granted:\n", ROWS[i].interface, ROWS[i].line);
                print_like(&granted, line);
                print_error("  not granted:\n");
                print_like(&bare, line);
        }
        assert_int_equal(wrong_count, 0);
}

/* Who is not root keeps none and has no filter of devices, whatever is granted. */
static void a_user_is_granted_nothing_of_root(void **state) {
        static const char *const lines[] = { "\ncapabilities 2097152", "\ndevice-filter ",
                                             "\ndevice-rule " };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                Row row = ROWS[i];
                autotext plan = TEXT_INIT;
                row.uid = 1000;
                write_for(&row, true, &plan);
                for (size_t j = 0; j < ARRAY_COUNT(lines); j++)
                        if (strstr(plan.bytes, lines[j]))
                                fail_msg("%s: %s", row.interface, lines[j]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_granted_is_in_the_plan_and_nothing_else),
                cmocka_unit_test(a_user_is_granted_nothing_of_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
