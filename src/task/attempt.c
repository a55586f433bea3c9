/* SPDX-License-Identifier: Apache-2.0 */
#include "task/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"

#define TIME_LIMIT_DEFAULT_S 600
#define READ_SIZE            65536
#define END_MS_MAX           2000

/* clone3 so that the child is in its cgroup from its first instruction; no exit signal, so that
 * nobody else's wait() takes its status. */
static pid_t fork_into(int cgroup, int *ret_pid_fd) {
        struct clone_args args = {
                .flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
                .pidfd = (uint64_t)(uintptr_t)ret_pid_fd,
                .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
        };

        return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static pid_t fork_worker(const WorkerPlan *plan, int cgroup, int *ret_pid_fd) {
        sigset_t all, before;

        /* A handler of the loop must not run in the child, where its pipe is the parent's. */
        sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, &before);
        pid_t pid = fork_into(cgroup, ret_pid_fd);
        if (pid < 0 && cgroup >= 0)
                pid = fork_into(-1, ret_pid_fd);
        if (pid == 0)
                worker_main(plan);
        int saved = errno;
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        errno = saved;
        return pid;
}

static void receive_progress(Attempt *attempt, const char *bytes, size_t length) {
        autojson progress = NULL;
        Error ignored;

        if (json_parse(bytes, length, &progress, &ignored) < 0)
                return;
        free(attempt->progress_label);
        attempt->progress_label = string_copy(json_get_string(progress, "label", ""));
        attempt->progress_done = json_get_int(progress, "done", 0);
        attempt->progress_total = json_get_int(progress, "total", 1);
}

static void receive_log(Attempt *attempt, const char *bytes, size_t length) {
        if (!string_is_clean_utf8(bytes, length))
                return;
        if (attempt->log_count == TASK_LOG_LINES_MAX) {
                free(attempt->log[0]);
                memmove(attempt->log, attempt->log + 1,
                        (TASK_LOG_LINES_MAX - 1) * sizeof(attempt->log[0]));
                attempt->log_count--;
        }
        attempt->log[attempt->log_count++] = string_copy_length(bytes, length);
}

static void receive_result(Attempt *attempt, const char *bytes, size_t length) {
        attempt->end = json_parse(bytes, length, &attempt->result, &attempt->error) < 0
                               ? ATTEMPT_DEATH
                               : ATTEMPT_RESULT;
}

static void receive_error(Attempt *attempt, const char *bytes, size_t length) {
        if (length != sizeof(Error))
                return;
        memcpy(&attempt->error, bytes, length);
        attempt->error.message[ERROR_MESSAGE_MAX - 1] = '\0';
        attempt->end = ATTEMPT_ERROR;
}

static const struct {
        size_t size_max;
        void (*receive)(Attempt *attempt, const char *bytes, size_t length);
} FRAMES[WORKER_FRAME_TYPE_COUNT] = {
        [WORKER_FRAME_PROGRESS] = { WORKER_TEXT_SIZE_MAX * 8, receive_progress },
        [WORKER_FRAME_LOG] = { WORKER_TEXT_SIZE_MAX, receive_log },
        [WORKER_FRAME_RESULT] = { WORKER_RESULT_SIZE_MAX, receive_result },
        [WORKER_FRAME_ERROR] = { sizeof(Error), receive_error },
};

/* Takes whole frames from the front of what was received; -1 = nonsense. */
static int take_frames(Attempt *attempt) {
        size_t at = 0;
        WorkerFrame frame;

        while (attempt->received.length - at >= sizeof(frame)) {
                memcpy(&frame, attempt->received.bytes + at, sizeof(frame));
                if (frame.type >= WORKER_FRAME_TYPE_COUNT ||
                    frame.length > FRAMES[frame.type].size_max || attempt->end != ATTEMPT_RUNS)
                        return -1;
                if (attempt->received.length - at - sizeof(frame) < frame.length)
                        break;
                FRAMES[frame.type].receive(attempt, attempt->received.bytes + at + sizeof(frame),
                                           frame.length);
                at += sizeof(frame) + frame.length;
        }
        if (at) {
                memmove(attempt->received.bytes, attempt->received.bytes + at,
                        attempt->received.length - at + 1);
                attempt->received.length -= at;
        }
        return 0;
}

/* Reads what is there; 1 = there may be more later. */
static int read_pipe(Attempt *attempt) {
        static char buffer[READ_SIZE];
        ssize_t length;

        while ((length = read(attempt->pipe_fd, buffer, sizeof(buffer))) > 0) {
                text_append_bytes(&attempt->received, buffer, (size_t)length);
                if (take_frames(attempt) < 0) {
                        attempt->end = ATTEMPT_DEATH;
                        (void)error_set(&attempt->error, ERROR_LOST,
                                        "the worker said what none says");
                        attempt_kill(attempt);
                        return 0;
                }
        }
        return length < 0 && (errno == EAGAIN || errno == EINTR);
}

static void on_pipe(uv_poll_t *poll, int status, int events) {
        (void)status;
        (void)events;
        if (!read_pipe(poll->data))
                (void)uv_poll_stop(poll);
}

static void explain_death(Attempt *attempt, const siginfo_t *ended) {
        attempt->end = ATTEMPT_DEATH;
        if (ended->si_code == CLD_EXITED)
                (void)error_set(&attempt->error, ERROR_LOST,
                                "the worker ended without a result (exit status %d)",
                                ended->si_status);
        else
                (void)error_set(&attempt->error, ERROR_LOST, "the worker was killed (signal %d)",
                                ended->si_status);
}

/* As a subreaper we got the children that the worker left behind. */
static void reap_adopted(pid_t group) {
        siginfo_t ended;

        do
                ended.si_pid = 0;
        while (waitid(P_PGID, (id_t)group, &ended, WEXITED | WNOHANG | __WALL) == 0 &&
               ended.si_pid != 0);
}

static void on_exit_of_worker(uv_poll_t *poll, int status, int events) {
        Attempt *attempt = poll->data;
        siginfo_t ended = { 0 };

        (void)status;
        (void)events;
        if (waitid(P_PIDFD, (id_t)attempt->pid_fd, &ended, WEXITED | WNOHANG | WNOWAIT | __WALL) <
                    0 ||
            ended.si_pid == 0)
                return;
        (void)read_pipe(attempt);
        /* Nothing that it started outlives it; before the wait, while the number is its own. */
        (void)kill(-attempt->pid, SIGKILL);
        (void)waitid(P_PIDFD, (id_t)attempt->pid_fd, &ended, WEXITED | __WALL);
        reap_adopted(attempt->pid);
        attempt->pid = 0;
        bool is_clean = ended.si_code == CLD_EXITED && ended.si_status == 0;
        if (attempt->is_timed_out && !(is_clean && attempt->end == ATTEMPT_RESULT))
                attempt->end = ATTEMPT_TIMEOUT;
        else if (!is_clean || attempt->end == ATTEMPT_RUNS)
                explain_death(attempt, &ended);
        attempt->owner->on_end(attempt->owner->owner, attempt);
}

static void on_time_limit(uv_timer_t *timer) {
        Attempt *attempt = timer->data;

        attempt->is_timed_out = true;
        (void)error_set(&attempt->error, ERROR_FAILED, "took longer than %d s and was stopped",
                        attempt->time_limit_s);
        attempt_kill(attempt);
}

static void free_memory(Attempt *attempt) {
        step_done(&attempt->step);
        json_decref(attempt->job);
        json_decref(attempt->result);
        text_done(&attempt->received);
        free(attempt->progress_label);
        for (size_t i = 0; i < attempt->log_count; i++)
                free(attempt->log[i]);
        own_close_(&attempt->pipe_fd);
        own_close_(&attempt->pid_fd);
        free(attempt);
}

static void on_closed(uv_handle_t *handle) {
        Attempt *attempt = handle->data;

        if (--attempt->handle_count == 0)
                free_memory(attempt);
}

static int listen_to(Attempt *attempt, Error *err) {
        uv_loop_t *loop = attempt->owner->loop;
        int r = uv_timer_init(loop, &attempt->timer);

        /* The loop's idea of now is from before plan and fork. */
        uv_update_time(loop);

        attempt->timer.data = attempt->exit_poll.data = attempt->pipe_poll.data = attempt;
        attempt->handle_count = 1;
        if (r == 0 && (r = uv_poll_init(loop, &attempt->exit_poll, attempt->pid_fd)) == 0)
                attempt->handle_count++;
        if (r == 0 && (r = uv_poll_init(loop, &attempt->pipe_poll, attempt->pipe_fd)) == 0)
                attempt->handle_count++;
        if (r == 0)
                r = uv_poll_start(&attempt->pipe_poll, UV_READABLE, on_pipe);
        if (r == 0)
                r = uv_poll_start(&attempt->exit_poll, UV_READABLE, on_exit_of_worker);
        if (r == 0)
                r = uv_timer_start(&attempt->timer, on_time_limit,
                                   (uint64_t)attempt->time_limit_s * 1000, 0);
        return r == 0 ? 0 : error_set_errno(err, -r, "cannot watch a worker");
}

static int fork_attempt(Attempt *attempt, Error *err) {
        const AttemptOwner *owner = attempt->owner;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        attempt->pipe_fd = ends[0];
        autofd int write_end = ends[1];
        WorkerPlan plan = {
                .part = attempt->step.part,
                .context = owner->context,
                .job = attempt->job,
                .pipe_fd = write_end,
                .lock_fd = owner->place->lock_fd,
                .kept_fds = owner->kept_fds,
                .kept_fd_count = owner->kept_fd_count,
                .parent = getpid(),
        };
        attempt->started_at = clock_get_boot();
        attempt->pid = fork_worker(&plan, work_place_enter(owner->place), &attempt->pid_fd);
        return attempt->pid < 0 ? error_set_errno(err, errno, "cannot start a worker") : 0;
}

int attempt_start(const AttemptOwner *owner, Step *owned_step, json_t *owned_job, Attempt **ret,
                  Error *err) {
        Attempt *attempt = memory_new(sizeof(*attempt));
        int limit = owned_step->kind->time_limit_s;

        *attempt = (Attempt){ .owner = owner, .job = owned_job, .pid_fd = -1, .pipe_fd = -1 };
        attempt->time_limit_s = limit ? limit : TIME_LIMIT_DEFAULT_S;
        attempt->step = step_take(owned_step);
        if (fork_attempt(attempt, err) < 0) {
                attempt->pid = 0;
                free_memory(attempt);
                return -1;
        }
        if (listen_to(attempt, err) < 0) {
                (void)attempt_free(attempt);
                return -1;
        }
        *ret = attempt;
        return 0;
}

void attempt_kill(Attempt *attempt) {
        if (attempt->pid <= 0)
                return;
        /* The group first: it exists as long as its leader was not waited for.  The child may not
         * have made it yet, hence the second. */
        (void)kill(-attempt->pid, SIGKILL);
        (void)syscall(SYS_pidfd_send_signal, attempt->pid_fd, SIGKILL, NULL, 0);
}

/* Not for ever: one that sleeps in a file system which does not answer cannot be killed. */
static bool has_ended(const Attempt *attempt) {
        struct pollfd end = { .fd = attempt->pid_fd, .events = POLLIN };

        int is_over = poll(&end, 1, END_MS_MAX);
        while (is_over < 0 && errno == EINTR)
                is_over = poll(&end, 1, END_MS_MAX);
        return is_over != 0;
}

Attempt *attempt_free(Attempt *attempt) {
        siginfo_t ended;

        if (!attempt)
                return NULL;
        if (attempt->pid > 0) {
                attempt_kill(attempt);
                if (has_ended(attempt))
                        (void)waitid(P_PIDFD, (id_t)attempt->pid_fd, &ended, WEXITED | __WALL);
        }
        int handles = attempt->handle_count;
        uv_close((uv_handle_t *)&attempt->timer, on_closed);
        if (handles > 1)
                uv_close((uv_handle_t *)&attempt->exit_poll, on_closed);
        if (handles > 2)
                uv_close((uv_handle_t *)&attempt->pipe_poll, on_closed);
        return NULL;
}

void attempt_overlay(const Attempt *attempt, json_t *task) {
        char now[CLOCK_TEXT_SIZE];

        if (attempt->progress_total > 0) {
                json_t *progress = json_object();
                json_put(progress, "label", json_string(attempt->progress_label));
                json_put(progress, "done", json_integer(attempt->progress_done));
                json_put(progress, "total", json_integer(attempt->progress_total));
                json_put(task, "progress", progress);
        }
        if (!attempt->log_count)
                return;
        if (!json_object_get(task, "log"))
                json_put(task, "log", json_array());
        /* Their time is that of the report until they are stored. */
        clock_format_rfc3339(clock_get_wall(), now);
        now[strcspn(now, ".")] = '\0';
        for (size_t i = 0; i < attempt->log_count; i++) {
                autofree char *line = string_format("%sZ INFO %s", now, attempt->log[i]);
                json_array_append_new(json_object_get(task, "log"), json_string(line));
        }
}
