/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wait.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/fill.h"

#define POLL_MS      100
#define TOLERANCE_MS 5000 /* how long a daemon that restarts may be away */

static volatile sig_atomic_t interrupt_count;

/* ── while there is a change ── */

/* What the second ^C says, made ready before it: a handler of signals may only write.  Empty under
 * the name snap, where it just ends the program. */
typedef struct Leaving {
        char text[160];
        char json[160];
} Leaving;

static Leaving leavings[2]; /* before the daemon was asked to abort the change, and after */
static volatile sig_atomic_t is_abort_asked;

static void prepare_leaving(const Cli *cli, const char *id) {
        static const char *const fates[] = { "goes on", "is being aborted" };
        is_abort_asked = 0;
        for (size_t i = 0; i < ARRAY_COUNT(fates); i++) {
                leavings[i] = (Leaving){ .text = "" };
                if (cli->is_snap)
                        continue;
                (void)snprintf(leavings[i].text, sizeof leavings[i].text,
                               "\ninterrupted: change %.20s %s; see 'pawl change %.20s'\n", id,
                               fates[i], id);
                if (cli->is_json)
                        (void)snprintf(leavings[i].json, sizeof leavings[i].json,
                                       "{\"error\": {\"kind\": \"interrupted\", \"message\": "
                                       "\"change %.20s %s\"}}\n",
                                       id, fates[i]);
        }
}

static void note_interrupt(int signal_number) {
        const Leaving *leaving = &leavings[is_abort_asked ? 1 : 0];
        interrupt_count++;
        if (interrupt_count == 1)
                return;
        if (leaving->text[0] == '\0') {
                (void)signal(signal_number, SIG_DFL);
                (void)raise(signal_number);
                return;
        }
        ssize_t written = write(STDERR_FILENO, leaving->text, strlen(leaving->text));
        if (leaving->json[0] != '\0')
                written = write(STDOUT_FILENO, leaving->json, strlen(leaving->json));
        _exit(written < 0 ? EXIT_FAILED : EXIT_INTERRUPTED);
}

static void mention_abort(const Cli *cli) {
        if (cli->is_snap)
                return;
        wait_clear_line(cli);
        (void)fputs("interrupted: the change is being aborted; ^C again to wait no longer\n",
                    stderr);
}

/* ── before there is a change ── */

static const char interrupted_text[] = "\ninterrupted; see 'pawl changes' whether it goes on\n";
static const char interrupted_json[] =
        "{\"error\": {\"kind\": \"interrupted\", \"message\": \"interrupted\"}}\n";
static volatile sig_atomic_t is_answered_in_json;

/* Nothing but what a handler of signals may do. */
static void end_interrupted(int signal_number) {
        (void)signal_number;
        ssize_t written = write(STDERR_FILENO, interrupted_text, sizeof interrupted_text - 1);
        if (is_answered_in_json)
                written = write(STDOUT_FILENO, interrupted_json, sizeof interrupted_json - 1);
        _exit(written < 0 ? EXIT_FAILED : EXIT_INTERRUPTED);
}

/* Ignored stays ignored, as nohup and background jobs expect. */
static void replace_action(void (*from)(int), void (*to)(int)) {
        struct sigaction action = { .sa_handler = to }, old;
        if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler == from)
                (void)sigaction(SIGINT, &action, NULL);
}

void wait_begin_request(const Cli *cli) {
        is_answered_in_json = cli->is_json;
        if (!cli->is_snap)
                replace_action(SIG_DFL, end_interrupted);
}

void wait_end_request(void) {
        replace_action(end_interrupted, SIG_DFL);
}

void wait_clear_line(const Cli *cli) {
        if (cli->has_terminal)
                (void)fputs("\r\x1b[K", stdout);
        (void)fflush(stdout);
}

/* Cuts at whole characters. */
static void print_line(const Cli *cli, const char *text, const char *end) {
        size_t room = cli->width > 12 ? cli->width - 2 - strlen(end) : 1, length = 0, columns = 0;
        while (text[length] != '\0') {
                size_t next = length + 1;
                while (((unsigned char)text[next] & 0xc0) == 0x80)
                        next++;
                if (columns == room)
                        break;
                columns++;
                length = next;
        }
        (void)printf("\r%.*s%*s %s", (int)length, text, (int)(room - columns), "", end);
        (void)fflush(stdout);
}

void wait_show_upload(void *data, uint64_t sent, uint64_t total) {
        const Cli *cli = data;
        char end[24];
        static uint64_t shown;
        uint64_t percent = total == 0 ? 100 : sent * 100 / total;
        if (!cli->has_terminal || percent == shown)
                return;
        shown = percent;
        (void)snprintf(end, sizeof end, "%3u%%", (unsigned)(percent > 100 ? 100 : percent));
        print_line(cli, "Sending the file", end);
}

static void show_task(const Cli *cli, const json_t *change, unsigned turn) {
        static const char spinner[] = "/-\\|";
        size_t i;
        json_t *task;
        json_array_foreach(json_object_get(change, "tasks"), i, task) {
                if (!string_equal(json_get_string(task, "status", ""), "Doing") &&
                    !string_equal(json_get_string(task, "status", ""), "Undoing"))
                        continue;
                json_t *progress = json_object_get(task, "progress");
                int64_t done = json_get_int(progress, "done", 0),
                        total = json_get_int(progress, "total", 0);
                char end[24] = { spinner[turn % 4], '\0' };
                if (total > 1 && done >= 0 && done <= total)
                        (void)snprintf(end, sizeof end, "%3d%%",
                                       (int)((double)done * 100 / (double)total));
                print_line(cli, json_get_string(task, "summary", ""), end);
                return;
        }
}

static void pause_ms(long milliseconds) {
        struct timespec pause = { .tv_nsec = milliseconds * 1000000L };
        (void)nanosleep(&pause, NULL);
}

static void abort_change(Cli *cli, const char *id) {
        Error ignored = ERROR_INIT;
        autofree char *path = client_make_path(cli->client, "/v2/changes", id);
        autojson body = json_pack("{s:s}", "action", "abort");
        autojson result = NULL;
        is_abort_asked = client_post(cli->client, path, body, &result, &ignored) == 0;
}

/* As client_get, but a daemon that is away is asked again for a while. */
static int get_change(Cli *cli, const char *path, json_t **ret, Error *err) {
        int64_t until = clock_get_boot() + (int64_t)TOLERANCE_MS * 1000000;
        int patience = cli->client->patience_ms;
        cli->client->patience_ms = 0;
        int outcome;
        while ((outcome = client_get(cli->client, path, ret, err)) < 0) {
                if (cli->client->failure.way != FAILURE_TRANSPORT || clock_get_boot() >= until)
                        break;
                if (cli->has_terminal)
                        print_line(cli, "Waiting for the daemon to restart", "");
                pause_ms(POLL_MS);
        }
        cli->client->patience_ms = patience;
        return outcome;
}

/* Its status says Done where all that it had done before the abort needed no undo. */
static bool was_aborted(const json_t *change) {
        size_t i;
        json_t *task;
        json_array_foreach(json_object_get(change, "tasks"), i, task) {
                if (string_equal(json_get_string(task, "status", ""), "Hold"))
                        return true;
        }
        return false;
}

static int judge_change(Cli *cli, const json_t *change, Error *err) {
        const char *status = json_get_string(change, "status", "");
        const char *message = json_get_string(change, "err", "");
        bool is_done = string_equal(status, "Done");
        if (is_done && (cli->is_snap || !was_aborted(change)))
                return 0;
        cli->client->failure.way = FAILURE_NONE;
        if (*message == '\0' && interrupt_count > 0 && !cli->is_snap)
                return error_set(
                        err, ERROR_FAILED,
                        "interrupted: the change was aborted, and what it had done is undone");
        if (is_done)
                return error_set(err, ERROR_FAILED,
                                 "the change was aborted before it had done anything");
        if (*message == '\0')
                return error_set(err, ERROR_FAILED,
                                 "change finished in status \"%s\" with no error message", status);
        return error_set(err, ERROR_FAILED, "%s", message);
}

static int poll_change(Cli *cli, const char *id, json_t **ret_change, Error *err) {
        autofree char *path = client_make_path(cli->client, "/v2/changes", id);
        bool is_aborted = false;
        for (unsigned turn = 0;; turn++) {
                autojson change = NULL;
                if (get_change(cli, path, &change, err) < 0)
                        return -1;
                if (json_get_bool(change, "ready", false)) {
                        *ret_change = take(change);
                        return 0;
                }
                if (cli->has_terminal)
                        show_task(cli, change, turn);
                if (interrupt_count > 0 && !is_aborted) {
                        mention_abort(cli);
                        abort_change(cli, id);
                }
                is_aborted = interrupt_count > 0;
                const char *maintenance = json_get_string(cli->client->maintenance, "kind", "");
                if (string_equal(maintenance, "system-restart"))
                        return error_set(
                                err, ERROR_FAILED, "%s",
                                json_get_string(cli->client->maintenance, "message", maintenance));
                pause_ms(POLL_MS);
        }
}

int wait_for_change(Cli *cli, const char *id, json_t **ret_change, Error *err) {
        prepare_leaving(cli, id);
        replace_action(SIG_DFL, note_interrupt);
        autojson change = NULL;
        int outcome = poll_change(cli, id, &change, err);
        replace_action(note_interrupt, SIG_DFL);
        wait_clear_line(cli);
        if (outcome < 0)
                return -1;
        bool is_done = judge_change(cli, change, err) == 0;
        if (cli->is_json)
                (void)cli_print_json(change);
        cli->is_answered = cli->is_json;
        if (!is_done)
                return -1;
        *ret_change = take(change);
        return 0;
}

int wait_as_asked(Cli *cli, const Arguments *arguments, const char *id, json_t **ret_change,
                  Error *err) {
        if (arguments_has(arguments, "no-wait")) {
                if (cli->is_json)
                        (void)printf("{\"change\": \"%s\"}\n", id);
                else
                        (void)puts(id);
                return 1;
        }
        if (wait_for_change(cli, id, ret_change, err) < 0)
                return -1;
        return cli->is_json ? 1 : 0;
}
