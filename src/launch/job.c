/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/job.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/signals.h"

typedef struct Job {
        struct Job *next;
        uv_poll_t poll;
        int pipe; /* owned */
        pid_t pid;
        Text answer;
        JobDone done;
        void *context;
} Job;

/* Those that run, of the one daemon that a process is. */
static Job *running;

void job_become_child(int keep) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (keep > 3)
                (void)syscall(SYS_close_range, 3, keep - 1, 0);
        (void)syscall(SYS_close_range, keep < 3 ? 3 : keep + 1, ~0U, 0);
        signals_reset();
}

static _Noreturn void run_child(const JobRequest *request, int pipe_end) {
        autotext answer = TEXT_INIT;
        Error err = ERROR_INIT;

        job_become_child(pipe_end);
        if (request->work(request->input, &answer, &err) < 0) {
                text_done(&answer);
                text_append_format(&answer, "error %s", err.message);
        }
        if (fd_write_all(pipe_end, answer.bytes ? answer.bytes : "", answer.length, &err) < 0)
                _exit(1);
        _exit(0);
}

static void free_job(uv_handle_t *handle) {
        Job *job = handle->data;

        (void)close(job->pipe);
        text_done(&job->answer);
        free(job);
}

static void forget(const Job *job) {
        Job **at = &running;

        while (*at && *at != job)
                at = &(*at)->next;
        if (*at)
                *at = job->next;
}

static void finish(Job *job) {
        Error err = ERROR_INIT;
        int status = 0;

        forget(job);
        while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
                ;
        bool has_failed = true;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                (void)error_set(&err, ERROR_FAILED, "a worker of the launcher died");
        else if (job->answer.bytes && string_has_prefix(job->answer.bytes, "error "))
                (void)error_set(&err, ERROR_FAILED, "%s", job->answer.bytes + 6);
        else
                has_failed = false;
        (void)uv_poll_stop(&job->poll);
        job->done(job->context, &job->answer, has_failed ? &err : NULL);
        uv_close((uv_handle_t *)&job->poll, free_job);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
        Job *job = poll->data;
        char buffer[4096];

        (void)status;
        (void)events;
        ssize_t count = read(job->pipe, buffer, sizeof(buffer));
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (count > 0 && job->answer.length < PLAN_SIZE_MAX) {
                text_append_bytes(&job->answer, buffer, (size_t)count);
                return;
        }
        finish(job);
}

int job_start(const JobRequest *request, Error *err) {
        sigset_t all, before;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_BLOCK, &all, &before);
        pid_t pid = fork();
        if (pid == 0)
                run_child(request, ends[1]);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        (void)close(ends[1]);
        if (pid < 0) {
                (void)close(ends[0]);
                return error_set_errno(err, errno, "cannot start a worker");
        }
        Job *job = memory_new(sizeof(*job));
        *job = (Job){
                .pipe = ends[0], .pid = pid, .done = request->done, .context = request->context
        };
        (void)fcntl(job->pipe, F_SETFL, O_NONBLOCK);
        (void)uv_poll_init(request->loop, &job->poll, job->pipe);
        job->poll.data = job;
        job->next = running;
        running = job;
        (void)uv_poll_start(&job->poll, UV_READABLE, on_readable);
        return 0;
}

void job_end_all(void) {
        while (running) {
                Job *job = running;

                running = job->next;
                (void)kill(job->pid, SIGKILL);
                while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                (void)uv_poll_stop(&job->poll);
                uv_close((uv_handle_t *)&job->poll, free_job);
        }
}
