/* SPDX-License-Identifier: Apache-2.0
 *
 * run-hook: a program of the package, started by pawl-run in the same view and with the same policy
 * as its apps; and start-snap-services, which says what it does not do.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/text.h"
#include "interface/connection-row.h"
#include "sandbox/helper.h"
#include "snap/hook-context.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

#define HOOK_LIMIT_S      600
#define HOOK_OUTPUT_BYTES 2048 /* the last ones are kept */

static const struct {
        const char *hook;
        int limit_s;
} LIMITS[] = {
        { "configure", 300 },
        { "check-health", 30 },
};

static int get_limit_s(const char *hook) {
        for (size_t i = 0; i < ARRAY_COUNT(LIMITS); i++)
                if (string_equal(LIMITS[i].hook, hook))
                        return LIMITS[i].limit_s;
        return HOOK_LIMIT_S;
}

static bool is_of_interface(const TaskStep *step) {
        return json_get_string(step->task->data, "side", NULL) != NULL;
}

/* 1, or 0 where there is none any more: the other package may be removed by a change of its own. */
static int find_current(const TaskStep *step, char **ret_revision, Error *err) {
        return database_find_text(
                step->database, ret_revision, err,
                "SELECT current FROM snap WHERE instance = ? AND is_active = 1 AND "
                "current IS NOT NULL",
                "s", setup_get_instance(step->task->data));
}

/* The task's own revision where it names one (the old one's hooks), that of the moment for hooks of
 * interfaces, else that of the set.  "" where there is none. */
static int load_target(const TaskStep *step, char **ret_instance, char **ret_revision, Error *err) {
        autojson setup = NULL;
        autofree char *current = NULL;

        if (is_of_interface(step)) {
                if (find_current(step, &current, err) < 0)
                        return -1;
                *ret_instance = string_copy(setup_get_instance(step->task->data));
                *ret_revision = current ? take(current) : string_copy("");
                return 0;
        }
        if (json_get_string(step->task->data, "revision", NULL))
                setup = json_incref(step->task->data);
        else if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        *ret_instance = string_copy(setup_get_instance(setup));
        *ret_revision = string_copy(setup_get_revision(setup));
        return 0;
}

/* What is run, forwards or back; "" = nothing. */
typedef struct HookRun {
        const char *hook;
        bool is_undo;
} HookRun;

static HookRun get_run(const TaskStep *step) {
        return (HookRun){ .hook = json_get_string(step->task->data, "hook", "") };
}

static HookRun get_undo(const TaskStep *step) {
        return (HookRun){ .hook = json_get_string(step->task->data, "undo_hook", ""),
                          .is_undo = true };
}

/* What tells of a connection that is made or goes has nothing to tell where there is none. */
static int is_meant(const TaskStep *step, const HookRun *run, Error *err) {
        ConnectionName name = connection_name_parse(step->task->data);
        bool is_wanted = false;

        if (!is_of_interface(step) || !(string_has_prefix(run->hook, "connect-") ||
                                        string_has_prefix(run->hook, "disconnect-")))
                return 1;
        return connection_find(step->database, &name, &is_wanted, err) < 0 ? -1 : is_wanted;
}

static int find_hook(const TaskStep *step, const char *instance, const char *revision,
                     const HookRun *run, Error *err) {
        int64_t exists;
        int found = database_find_int(
                step->database, &exists, err,
                "SELECT 1 FROM hook WHERE instance = ?1 AND revision = ?2 AND name = ?3", "sss",
                instance, revision, run->hook);

        return found > 0 ? is_meant(step, run, err) : found;
}

/* Most packages have no hook of that name.  What cannot be said yet, the plan explains. */
static int has_work(const TaskStep *step, HookRun run, Error *err) {
        autofree char *instance = NULL;
        autofree char *revision = NULL;
        Error ignored;

        if (load_target(step, &instance, &revision, &ignored) < 0)
                return 1;
        return find_hook(step, instance, revision, &run, err);
}

int hook_has_work(const TaskStep *step, Error *err) {
        return has_work(step, get_run(step), err);
}

/* Only hooks of interfaces have one that takes back what they did. */
int hook_undo_has_work(const TaskStep *step, Error *err) {
        HookRun run = get_undo(step);

        return *run.hook ? has_work(step, run, err) : 0;
}

/* Two hooks of one package would meet in its data. */
bool hook_is_blocked_by(const Task *task, const Task *running) {
        return string_equal(running->kind, task->kind) &&
               string_equal(setup_get_instance(running->data), setup_get_instance(task->data));
}

static int plan(const TaskStep *step, HookRun run, json_t **ret_job, Error *err) {
        bool is_error_ignored =
                run.is_undo || json_get_bool(step->task->data, "ignore_error", false);
        autofree char *instance = NULL;
        autofree char *revision = NULL;

        if (!*run.hook)
                return 0;
        if (load_target(step, &instance, &revision, err) < 0)
                return -1;
        int found = find_hook(step, instance, revision, &run, err);
        if (found < 0)
                return -1;
        autojson job = json_pack("{s:s, s:s, s:s, s:b, s:b}", "instance", instance, "revision",
                                 revision, "hook", run.hook, "is_present", found,
                                 "is_error_ignored", is_error_ignored);
        if (found && hook_context_add(step, job, err) < 0)
                return -1;
        *ret_job = take(job);
        return 0;
}

int hook_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        return plan(step, get_run(step), ret_job, err);
}

int hook_undo_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        return plan(step, get_undo(step), ret_job, err);
}

int hook_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)result;
        return hook_context_commit(step, job, err);
}

/* Hooks run when their revision is the current one, so none is named.  The hook's stderr is the
 * worker's own while it starts: helpers inherit that one descriptor. */
static int spawn_hook(const Places *places, const json_t *job, int output, Helper *ret,
                      Error *err) {
        autofree char *hook = string_format("--hook=%s", json_get_string(job, "hook", ""));
        autofree char *root = string_format("--root=%s", places->root);
        autofree char *cookie =
                string_format("SNAP_COOKIE=%s", json_get_string(job, HOOK_COOKIE, ""));
        autofree char *context =
                string_format("SNAP_CONTEXT=%s", json_get_string(job, HOOK_COOKIE, ""));
        const char *const argv[] = { "pawl-run", root, hook, json_get_string(job, "instance", ""),
                                     NULL };
        const char *const environment[] = { cookie, context, NULL };
        HelperOrder order = {
                .program = HELPER_RUN, .argv = argv, .environment = environment, .says_all = true
        };
        autofd int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

        if (saved < 0 || dup2(output, STDERR_FILENO) < 0)
                return error_set_errno(err, errno, "cannot catch the output of a hook");
        int result = helper_start(&order, ret, err);
        (void)dup2(saved, STDERR_FILENO);
        return result;
}

static void keep_tail(Text *text, const char *bytes, size_t length) {
        text_append_bytes(text, bytes, length);
        if (text->length <= 2 * HOOK_OUTPUT_BYTES)
                return;
        size_t drop = text->length - HOOK_OUTPUT_BYTES;
        memmove(text->bytes, text->bytes + drop, HOOK_OUTPUT_BYTES + 1);
        text->length = HOOK_OUTPUT_BYTES;
}

/* 0 it closed its output (ended, or will not say more), 1 it took too long. */
static int collect_output(int pipe, const Helper *helper, int limit_s, Text *text, Error *err) {
        int64_t deadline = clock_get_boot() + (int64_t)limit_s * 1000000000;
        char buffer[4096];

        for (;;) {
                struct pollfd waits[] = { { .fd = pipe, .events = POLLIN },
                                          { .fd = helper->pidfd, .events = POLLIN } };
                int64_t left_ms = (deadline - clock_get_boot()) / 1000000;
                if (left_ms <= 0)
                        return 1;
                if (poll(waits, ARRAY_COUNT(waits), (int)left_ms) < 0 && errno != EINTR)
                        return error_set_errno(err, errno, "cannot wait for a hook");
                if (waits[0].revents) {
                        ssize_t count = read(pipe, buffer, sizeof(buffer));
                        if (count > 0)
                                keep_tail(text, buffer, (size_t)count);
                        if (count == 0)
                                pipe = -1; /* poll skips it; only the end is waited for now */
                } else if (waits[1].revents) {
                        return 0;
                }
        }
}

/* One line: rows and terminals take no other. */
static void flatten(Text *text) {
        while (text->length > 0 && text->bytes[text->length - 1] == '\n')
                text->bytes[--text->length] = '\0';
        for (size_t i = 0; i < text->length; i++)
                if ((unsigned char)text->bytes[i] < 0x20)
                        text->bytes[i] = text->bytes[i] == '\n' ? '|' : ' ';
        if (text->length && !string_is_clean_utf8(text->bytes, text->length))
                for (size_t i = 0; i < text->length; i++)
                        if ((unsigned char)text->bytes[i] >= 0x7f)
                                text->bytes[i] = '?';
}

static int explain_end(const char *hook, int status, Text *text, Error *err) {
        size_t skip = text->length > 300 ? text->length - 300 : 0;

        flatten(text);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        if (WIFSIGNALED(status))
                return error_set(err, ERROR_FAILED, "run hook \"%s\": ended by signal %d%s%s", hook,
                                 WTERMSIG(status), text->length ? ": " : "",
                                 text->length ? text->bytes + skip : "");
        if (text->length)
                return error_set(err, ERROR_FAILED, "run hook \"%s\": %s", hook,
                                 text->bytes + skip);
        return error_set(err, ERROR_FAILED, "run hook \"%s\": exit status %d", hook,
                         WEXITSTATUS(status));
}

static int run_hook(const Places *places, const json_t *job, Error *err) {
        const char *hook = json_get_string(job, "hook", "");
        __attribute__((cleanup(helper_done))) Helper helper = HELPER_INIT;
        autotext output = TEXT_INIT;
        int ends[2], status = 0;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        autofd int reader = ends[0];
        int started = spawn_hook(places, job, ends[1], &helper, err);
        (void)close(ends[1]);
        if (started < 0)
                return -1;
        int outcome = collect_output(reader, &helper, get_limit_s(hook), &output, err);
        if (outcome < 0)
                return -1;
        if (outcome == 1)
                return error_set(err, ERROR_FAILED,
                                 "run hook \"%s\": exceeded maximum runtime of %ds", hook,
                                 get_limit_s(hook));
        if (helper_wait(&helper, &status, err) < 0)
                return -1;
        return explain_end(hook, status, &output, err);
}

/* Who disconnects is kept by a hook of somebody else's. */
static int explain_way_out(const json_t *job, Error *err) {
        if (!string_has_prefix(json_get_string(job, "hook", ""), "disconnect-"))
                return -1;
        autofree char *said = string_copy(err->message);
        return error_set(err, err->kind,
                         "%s; so the connection stays, until a refresh brings a hook that does not "
                         "fail, or 'pawl remove %s', which no hook keeps",
                         said, json_get_string(job, "instance", "SNAP"));
}

int hook_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err) {
        const Places *places = ((const SnapContext *)context)->places;

        *ret_result = json_object();
        if (!json_get_bool(job, "is_present", false))
                return 0;
        if (run_hook(places, job, err) == 0)
                return 0;
        if (!json_get_bool(job, "is_error_ignored", false))
                return explain_way_out(job, err);
        autofree char *line = string_format("ignoring failure in hook: %s", err->message);
        worker_log(worker, line);
        return 0;
}

static int list_services(Database *database, const char *instance, const char *revision,
                         Text *names, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    database, &query, err,
                    "SELECT name FROM app WHERE instance = ?1 AND revision = ?2 AND daemon IS NOT "
                    "NULL ORDER BY name",
                    "ss", instance, revision) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                text_append_format(names, "%s%s.%s", names->length ? ", " : "", instance,
                                   query_get_text(&query, 0));
        return more < 0 ? -1 : 0;
}

int services_has_work(const TaskStep *step, Error *err) {
        autofree char *instance = NULL;
        autofree char *revision = NULL;
        int64_t exists;
        Error ignored;

        if (load_target(step, &instance, &revision, &ignored) < 0)
                return 1;
        return database_find_int(step->database, &exists, err,
                                 "SELECT 1 FROM app WHERE instance = ?1 AND revision = ?2 AND "
                                 "daemon IS NOT NULL LIMIT 1",
                                 "ss", instance, revision);
}

int services_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autofree char *instance = NULL;
        autofree char *revision = NULL;
        autotext names = TEXT_INIT;

        if (load_target(step, &instance, &revision, err) < 0)
                return -1;
        if (list_services(step->database, instance, revision, &names, err) < 0)
                return -1;
        json_t *job = json_object();
        json_put_string(job, "services", names.bytes);
        *ret_job = job;
        return 0;
}

int services_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                  Error *err) {
        const char *services = json_get_string(job, "services", NULL);

        (void)context;
        (void)err;
        if (services) {
                autofree char *line =
                        string_format("services are not started by this version: %s", services);
                worker_log(worker, line);
        }
        *ret_result = json_object();
        return 0;
}
