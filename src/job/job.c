/* SPDX-License-Identifier: Apache-2.0 */
#include "job/job.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/signals.h"
#include "wire/frame.h"

/* One that sleeps in a file system that does not answer does not even end when it is killed. */
#define END_LIMIT_MS 2000

typedef struct Job {
        struct Job *next;
        uv_poll_t poll;
        uv_timer_t timer;
        int open_handles; /* freed when libuv has let go of both */
        int socket;       /* owned */
        pid_t pid;
        Text answer;
        int fd;       /* owned; what came along, or -1 */
        JobDone done; /* NULL: nobody waits any more */
        void *context;
        JobWork work;
        int *ret_fd;
        uint64_t limit_ms;
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

static _Noreturn void run_child(const JobRequest *request, int socket_end) {
        autotext answer = TEXT_INIT;
        Error err = ERROR_INIT;

        job_become_child(socket_end);
        int result = request->work(request->input, &answer, &err);
        if (result < 0) {
                text_done(&answer);
                text_append_format(&answer, "error %d %s", (int)err.kind, err.message);
        }
        bool has_fd = result >= 0 && request->ret_fd;
        int outcome = has_fd ? frame_send(socket_end, answer.bytes, answer.length, &result, 1, &err)
                             : fd_write_all(socket_end, answer.bytes ? answer.bytes : "",
                                            answer.length, &err);
        if (outcome != 0)
                _exit(1);
        _exit(0);
}

static void free_job(uv_handle_t *handle) {
        Job *job = handle->data;

        if (--job->open_handles > 0)
                return;
        (void)close(job->socket);
        own_close_(&job->fd);
        text_done(&job->answer);
        free(job);
}

static void close_handles(Job *job) {
        (void)uv_poll_stop(&job->poll);
        uv_close((uv_handle_t *)&job->poll, free_job);
        uv_close((uv_handle_t *)&job->timer, free_job);
}

static void forget(const Job *job) {
        Job **at = &running;

        while (*at && *at != job)
                at = &(*at)->next;
        if (*at)
                *at = job->next;
}

static void tell(Job *job, const Error *err) {
        JobDone done = job->done;

        job->done = NULL;
        if (!done)
                return;
        if (!err && job->ret_fd)
                *job->ret_fd = take_fd(job->fd);
        done(job->context, &job->answer, err);
}

/* "error KIND MESSAGE", of a child of this very program. */
static void read_failure(const char *answer, Error *err) {
        char *message = NULL;
        unsigned long kind = strtoul(answer + strlen("error "), &message, 10);

        (void)error_set(err, kind < ERROR_KIND_COUNT ? (ErrorKind)kind : ERROR_FAILED, "%s",
                        *message ? message + 1 : "");
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
                read_failure(job->answer.bytes, &err);
        else if (job->ret_fd && job->fd < 0)
                (void)error_set(&err, ERROR_FAILED, "no descriptor came (too many open files?)");
        else
                has_failed = false;
        tell(job, has_failed ? &err : NULL);
        close_handles(job);
}

/* It stays in the list until it has ended, which may be never. */
static void on_late(uv_timer_t *timer) {
        Job *job = timer->data;
        Error err = ERROR_INIT;

        (void)kill(job->pid, SIGKILL);
        (void)error_set(&err, ERROR_LOST, "no answer within %d s", (int)(job->limit_ms / 1000));
        tell(job, &err);
}

static ssize_t receive(Job *job, char *buffer, size_t size) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec content = { .iov_base = buffer, .iov_len = size };
        struct msghdr message = { .msg_iov = &content,
                                  .msg_iovlen = 1,
                                  .msg_control = control.space,
                                  .msg_controllen = sizeof(control.space) };
        ssize_t count = recvmsg(job->socket, &message, MSG_CMSG_CLOEXEC);

        const struct cmsghdr *came = count < 0 ? NULL : CMSG_FIRSTHDR(&message);
        if (came && came->cmsg_level == SOL_SOCKET && came->cmsg_type == SCM_RIGHTS && job->fd < 0)
                memcpy(&job->fd, CMSG_DATA(came), sizeof(job->fd));
        return count;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
        Job *job = poll->data;
        char buffer[4096];

        (void)status;
        (void)events;
        ssize_t count = receive(job, buffer, sizeof(buffer));
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (count > 0 && job->answer.length < PLAN_SIZE_MAX) {
                text_append_bytes(&job->answer, buffer, (size_t)count);
                return;
        }
        finish(job);
}

bool job_is_left(const void *context) {
        for (const Job *job = running; job; job = job->next)
                if (job->context == context && !job->done)
                        return true;
        return false;
}

static bool has_too_many_left(JobWork work) {
        size_t count = 0;

        for (const Job *job = running; job; job = job->next)
                count += job->work == work && !job->done;
        return count >= JOB_LEFT_MAX;
}

int job_fork(pid_t *ret_pid, Error *err) {
        sigset_t all, before;

        (void)sigfillset(&all);
        (void)sigprocmask(SIG_BLOCK, &all, &before);
        *ret_pid = fork();
        if (*ret_pid == 0)
                return 1;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        return *ret_pid < 0 ? error_set_errno(err, errno, "cannot start a worker") : 0;
}

static int start_child(const JobRequest *request, pid_t *ret_pid, int *ret_socket, Error *err) {
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return error_set_errno(err, errno, "cannot make a socket pair");
        int is_child = job_fork(ret_pid, err);
        if (is_child > 0)
                run_child(request, ends[1]);
        (void)close(ends[1]);
        if (is_child < 0) {
                (void)close(ends[0]);
                return -1;
        }
        *ret_socket = ends[0];
        return 0;
}

int job_start(const JobRequest *request, Error *err) {
        pid_t pid = 0;
        int socket_end = -1;

        if (has_too_many_left(request->work))
                return error_set(err, ERROR_BUSY,
                                 "%d workers wait for file systems that do not answer; see: ps -eo "
                                 "pid,stat,wchan,args",
                                 JOB_LEFT_MAX);
        if (start_child(request, &pid, &socket_end, err) < 0)
                return -1;
        Job *job = memory_new(sizeof(*job));
        *job = (Job){ .open_handles = 2,
                      .socket = socket_end,
                      .work = request->work,
                      .pid = pid,
                      .fd = -1,
                      .done = request->done,
                      .context = request->context,
                      .ret_fd = request->ret_fd,
                      .limit_ms = request->limit_ms };
        (void)fcntl(job->socket, F_SETFL, O_NONBLOCK);
        (void)uv_poll_init(request->loop, &job->poll, job->socket);
        (void)uv_timer_init(request->loop, &job->timer);
        job->poll.data = job->timer.data = job;
        job->next = running;
        running = job;
        (void)uv_poll_start(&job->poll, UV_READABLE, on_readable);
        if (job->limit_ms > 0)
                (void)uv_timer_start(&job->timer, on_late, job->limit_ms, 0);
        return 0;
}

void job_cancel(const void *context) {
        for (Job *job = running; job; job = job->next) {
                if (job->context != context)
                        continue;
                job->done = NULL;
                (void)kill(job->pid, SIGKILL);
        }
}

/* No longer than the daemon has for its end. */
static void await_end(pid_t pid, int64_t deadline) {
        for (;;) {
                pid_t ended = waitpid(pid, NULL, WNOHANG);
                if (ended == pid || (ended < 0 && errno != EINTR) || clock_get_boot() > deadline)
                        return;
                (void)usleep(1000);
        }
}

void job_end_all(void) {
        int64_t deadline = clock_get_boot() + END_LIMIT_MS * 1000000LL;

        while (running) {
                Job *job = running;

                running = job->next;
                (void)kill(job->pid, SIGKILL);
                await_end(job->pid, deadline);
                close_handles(job);
        }
}
