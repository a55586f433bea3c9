/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/folder-open.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/folder.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/frame.h"

static int open_readable(const char *source, Error *err) {
        autofd int folder = folder_open(source, FOLDER_OPEN_MAY_BLOCK, err);

        if (folder < 0)
                return -1;
        int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return readable >= 0
                       ? readable
                       : error_set_errno(err, errno, "cannot open %.300s", folder_get_path(source));
}

/* An Error owns nothing: it is sent as it is.  Nothing is kept that somebody waits for, the lock of
 * workers above all. */
static _Noreturn void run_child(const char *source, int end) {
        Error err = ERROR_INIT;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (end > 3)
                (void)syscall(SYS_close_range, 3, end - 1, 0);
        (void)syscall(SYS_close_range, end + 1, ~0U, 0);
        int fd = open_readable(source, &err);
        Error ignored;
        _exit(frame_send(end, &err, sizeof(err), &fd, fd >= 0, &ignored) == 0 ? 0 : 1);
}

static int receive(int end, Error *err) {
        autoframe frame = FRAME_INIT;

        if (frame_receive(end, &frame, err) < 0)
                return -1;
        if (frame.fd_count == 1)
                return frame_take_fd(&frame, 0);
        if (frame.length != sizeof(*err))
                return error_set(err, ERROR_LOST, "no answer came of who looks at the directory");
        memcpy(err, frame.bytes, sizeof(*err));
        return -1;
}

int folder_open_within(const char *source, Error *err) {
        int ends[2];

        if (frame_open_pair(ends, err) < 0)
                return -1;
        pid_t pid = _Fork();
        if (pid == 0)
                run_child(source, ends[1]);
        (void)close(ends[1]);
        autofd int end = ends[0];
        if (pid < 0)
                return error_set_errno(err, errno, "cannot start who looks at the directory");
        struct pollfd wait = { .fd = end, .events = POLLIN };
        if (poll(&wait, 1, FOLDER_LIMIT_MS) == 0) {
                /* Whoever is our heir buries it, should it ever end. */
                (void)kill(pid, SIGKILL);
                return error_set(err, ERROR_LOST,
                                 "%.300s, the directory that it is tried from, is on a file system "
                                 "that does not answer (waited %d s)",
                                 folder_get_path(source), FOLDER_LIMIT_MS / 1000);
        }
        int fd = receive(end, err);
        (void)waitpid(pid, NULL, 0);
        return fd;
}
