/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v2/snapctl: what the hooks of packages ask and say while they run.
 *
 * Who may: a process whose ancestor is the worker of a hook's task that runs now, with the cookie
 * that was made for this very run.  The first is the kernel's word and keeps out everybody else on
 * the machine; the second keeps out what the hook started and did not tell.  Both end with the run.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/resources.h"
#include "api/snapctl-verb.h"
#include "base/file.h"
#include "base/text.h"
#include "snap/hook-context.h"

#define ANCESTOR_COUNT_MAX 64
#define STAT_SIZE_MAX      4096

/* --- who asks --- */

/* 0 where it cannot be told. */
static pid_t find_parent(pid_t pid) {
        autofree char *path = string_format("/proc/%d/stat", (int)pid);
        autofree char *text = NULL;
        Error ignored;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);

        if (file < 0 || file_read_all(file, STAT_SIZE_MAX, &text, NULL, &ignored) < 0)
                return 0;
        /* "PID (NAME) STATE PARENT …", and the name may be anything. */
        const char *after = strrchr(text, ')');
        return after && strlen(after) > 4 ? (pid_t)strtol(after + 4, NULL, 10) : 0;
}

static bool is_beneath(pid_t pid, pid_t ancestor) {
        for (unsigned i = 0; i < ANCESTOR_COUNT_MAX && pid > 1; i++) {
                if (pid == ancestor)
                        return true;
                pid = find_parent(pid);
        }
        return false;
}

/* The number may belong to another process by now. */
static bool has_ended(const Peer *peer) {
        struct pollfd ended = { .fd = peer->pidfd, .events = POLLIN };

        return peer->pidfd >= 0 && poll(&ended, 1, 0) != 0;
}

/* Takes as long wherever they differ. */
static bool is_cookie(const char *wanted, const char *said) {
        size_t length = strlen(wanted);
        unsigned difference = 0;

        if (length == 0 || strlen(said) != length)
                return false;
        for (size_t i = 0; i < length; i++)
                difference |= (unsigned)(wanted[i] ^ said[i]);
        return difference == 0;
}

static int find_context(const ApiCall *call, json_t **ret, Error *err) {
        const char *said = json_get_string(call->request->body, "context-id", "");
        const Peer *peer = &call->request->peer;
        RunningJob jobs[WORKER_COUNT_MAX];
        size_t count = call->api->runner ? runner_list_jobs(call->api->runner, jobs) : 0;

        for (size_t i = 0; i < count; i++)
                if (string_equal(jobs[i].kind, "run-hook") && is_beneath(peer->pid, jobs[i].pid) &&
                    is_cookie(json_get_string(jobs[i].job, HOOK_COOKIE, ""), said) &&
                    !has_ended(peer)) {
                        *ret = jobs[i].job;
                        return 0;
                }
        return error_set(
                err, ERROR_FORBIDDEN,
                "cannot use snapctl here: it is for hooks of packages while they run, with "
                "the SNAP_COOKIE that each was given");
}

/* --- what is asked --- */

static int parse_arguments(const json_t *body, SnapctlCall *ret, Error *err) {
        const json_t *list = json_object_get(body, "args");
        const json_t *word;
        size_t i;

        if (!json_is_array(list) || json_array_size(list) == 0)
                return error_set(err, ERROR_BAD_REQUEST, "snapctl needs a command");
        if (json_array_size(list) > SNAPCTL_ARGUMENT_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d arguments",
                                 SNAPCTL_ARGUMENT_COUNT_MAX);
        json_array_foreach(list, i, word) {
                if (!json_is_string(word))
                        return error_set(err, ERROR_BAD_REQUEST, "an argument is no text");
                ret->arguments[i] = json_string_value(word);
        }
        ret->argument_count = json_array_size(list);
        return 0;
}

static json_t *format_output(const SnapctlCall *asked) {
        return json_pack("{s:s, s:s}", "stdout", asked->output.bytes ? asked->output.bytes : "",
                         "stderr", asked->error.bytes ? asked->error.bytes : "");
}

int snapctl_post(ApiCall *call, Error *err) {
        __attribute__((cleanup(snapctl_call_done))) SnapctlCall asked = {
                .database = call->api->database,
                .uid = call->request->peer.uid,
        };
        Error why = ERROR_INIT;

        if (find_context(call, &asked.context, err) < 0 ||
            parse_arguments(call->request->body, &asked, err) < 0 ||
            snapctl_check_uid(&asked, err) < 0)
                return -1;
        int status = snapctl_run(&asked, &why);
        if (status < 0)
                text_append_format(&asked.error, "error: %s\n", why.message);
        json_t *output = format_output(&asked);
        if (!output)
                return error_set(err, ERROR_FAILED, "what snapctl says is no text");
        if (status == 0)
                return call_reply(call, output);
        json_put(output, "exit-code", json_integer(status < 0 ? 1 : status));
        return call_reply_unsuccessful(call, status < 0 ? why.message : "no", output);
}
