/* SPDX-License-Identifier: Apache-2.0 */
#include "task/worker.h"

#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/text.h"

#define PROGRESS_INTERVAL_NS 50000000LL

struct Worker {
        int pipe_fd;
        int64_t reported_at;
};

/* Nobody listens any more when this fails: the daemon is gone, and so will we be. */
static void send_frame(const Worker *worker, WorkerFrameType type, const void *bytes,
                       size_t length) {
        WorkerFrame frame = { .type = type, .length = (uint32_t)length };
        Error ignored;

        if (fd_write_all(worker->pipe_fd, &frame, sizeof(frame), &ignored) < 0 ||
            fd_write_all(worker->pipe_fd, bytes, length, &ignored) < 0)
                _exit(1);
}

void worker_report_progress(Worker *worker, const char *label, int64_t done, int64_t total) {
        int64_t now = clock_get_boot();

        if (done != total && now - worker->reported_at < PROGRESS_INTERVAL_NS)
                return;
        worker->reported_at = now;
        autojson progress =
                json_pack("{s:s%,s:I,s:I}", "label", label, strnlen(label, WORKER_TEXT_SIZE_MAX),
                          "done", (json_int_t)done, "total", (json_int_t)total);
        if (!progress)
                return;
        autofree char *text = json_format(progress);
        send_frame(worker, WORKER_FRAME_PROGRESS, text, strlen(text));
}

void worker_log(Worker *worker, const char *text) {
        send_frame(worker, WORKER_FRAME_LOG, text, strnlen(text, WORKER_TEXT_SIZE_MAX));
}

static void keep(int *fds, size_t *count, int fd) {
        size_t at = *count;

        if (fd < 0)
                return;
        for (; at > 0 && fds[at - 1] > fd; at--)
                fds[at] = fds[at - 1];
        fds[at] = fd;
        (*count)++;
}

/* The loop's epoll, the database and its lock, clients' sockets: a worker may have none of them. */
static void close_others(const WorkerPlan *plan) {
        int *fds = memory_new((plan->kept_fd_count + 5) * sizeof(int));
        size_t count = 0;
        unsigned first = 0;

        for (int fd = 0; fd <= STDERR_FILENO; fd++)
                keep(fds, &count, fd);
        keep(fds, &count, plan->pipe_fd);
        keep(fds, &count, plan->lock_fd);
        for (size_t i = 0; i < plan->kept_fd_count; i++)
                keep(fds, &count, plan->kept_fds[i]);
        for (size_t i = 0; i < count; i++) {
                if ((unsigned)fds[i] > first)
                        (void)close_range(first, (unsigned)fds[i] - 1, 0);
                first = (unsigned)fds[i] + 1;
        }
        (void)close_range(first, ~0U, 0);
        free(fds);
}

static void send_error(const Worker *worker, const Error *err) {
        send_frame(worker, WORKER_FRAME_ERROR, err, sizeof(*err));
}

static void send_result(const Worker *worker, const json_t *result) {
        autofree char *text = result ? json_format(result) : string_copy("null");
        size_t length = strlen(text);
        Error err;

        if (length <= WORKER_RESULT_SIZE_MAX) {
                send_frame(worker, WORKER_FRAME_RESULT, text, length);
                return;
        }
        (void)error_set(&err, ERROR_TOO_LARGE, "the result of the work is larger than %d bytes",
                        WORKER_RESULT_SIZE_MAX);
        send_error(worker, &err);
}

void worker_main(const WorkerPlan *plan) {
        Worker worker = { .pipe_fd = plan->pipe_fd };
        json_t *result = NULL;
        Error err = ERROR_INIT;

        /* Before signals are let in: the daemon may be gone already, and then nobody counts us. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != plan->parent)
                _exit(1);
        (void)prctl(PR_SET_NAME, "pawl-work");
        (void)setpgid(0, 0);
        close_others(plan);
        signals_reset();
        if (plan->part->work(&worker, plan->context, plan->job, &result, &err) < 0)
                send_error(&worker, &err);
        else
                send_result(&worker, result);
        _exit(0);
}
