/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

#define KERNEL_SO_PASSRIGHTS 83 /* younger than our headers; of the generic numbers */

#define STRANGER_READ_BYTES     4096
#define STRANGER_READ_COUNT_MAX 64

/* The largest datagram that we accept: an inline body and its head. */
#define FRAME_SIZE_MAX (FRAME_INLINE_MAX + 16 * 1024)

void frame_done(Frame *frame) {
        for (size_t i = 0; i < frame->fd_count; i++)
                if (frame->fds[i] >= 0)
                        (void)close(frame->fds[i]);
        free(frame->bytes);
        *frame = FRAME_INIT;
}

int frame_take_fd(Frame *frame, size_t index) {
        return index < frame->fd_count ? take_fd(frame->fds[index]) : -1;
}

/* ── strangers ── */

void frame_refuse_fds(int socket) {
        const int no = 0;

        (void)setsockopt(socket, SOL_SOCKET, KERNEL_SO_PASSRIGHTS, &no, sizeof(no));
}

/* What the next recv of the same size would give, without taking it.  Descriptors, for which there
 * is no room, are not installed, and so not closed by us either. */
static ssize_t peek(int socket, bool *ret_has_fds) {
        char bytes[STRANGER_READ_BYTES];
        struct iovec content = { .iov_base = bytes, .iov_len = sizeof(bytes) };
        struct msghdr message = { .msg_iov = &content, .msg_iovlen = 1 };
        ssize_t count;

        do
                count = recvmsg(socket, &message, MSG_PEEK | MSG_DONTWAIT);
        while (count < 0 && errno == EINTR);
        *ret_has_fds = count >= 0 && (message.msg_flags & MSG_CTRUNC);
        return count;
}

int frame_receive_plain(int socket, Frame *ret, Error *err) {
        bool has_fds;

        if (peek(socket, &has_fds) >= 0 && has_fds)
                return error_set(err, ERROR_BAD_REQUEST, "descriptors are not taken");
        return frame_receive(socket, ret, err);
}

/* True when something may be left that only a child may close. */
static bool drain(int socket) {
        char bytes[STRANGER_READ_BYTES];

        for (int i = 0; i < STRANGER_READ_COUNT_MAX; i++) {
                bool has_fds;
                ssize_t count = peek(socket, &has_fds);

                if (count <= 0 || has_fds)
                        return has_fds;
                (void)recv(socket, bytes, (size_t)count, MSG_DONTWAIT);
        }
        return true;
}

void frame_close_stranger(int owned_socket) {
        int gate[2];

        (void)shutdown(owned_socket, SHUT_RD); /* nothing more comes in */
        if (!drain(owned_socket) || pipe2(gate, O_CLOEXEC) < 0) {
                (void)close(owned_socket);
                return;
        }
        pid_t child = fork();
        if (child == 0) {
                (void)close(gate[1]);
                (void)!read(gate[0], &(char){ 0 }, 1); /* until the parent has closed its own */
                _exit(0);
        }
        (void)close(owned_socket);
        (void)close(gate[0]);
        (void)close(gate[1]);
        while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
                ;
}

int frame_open_pair(int ret_fds[2], Error *err) {
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0)
                return error_set_errno(err, errno, "cannot make a socket pair");
        return 0;
}

int frame_send(int socket, const void *bytes, size_t length, const int *fds, size_t fd_count,
               Error *err) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * FRAME_FD_COUNT_MAX)];
        } control = { 0 };
        struct iovec content = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
        struct msghdr message = { .msg_iov = &content, .msg_iovlen = 1 };

        if (length == 0 || length > FRAME_SIZE_MAX || fd_count > FRAME_FD_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "frame of %zu bytes and %zu descriptors",
                                 length, fd_count);
        if (fd_count > 0) {
                message.msg_control = control.space;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
                memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * fd_count);
        }
        ssize_t count;
        do
                count = sendmsg(socket, &message, MSG_NOSIGNAL);
        while (count < 0 && errno == EINTR);
        if (count >= 0)
                return 0;
        if (errno == EAGAIN)
                return 1;
        (void)error_set_errno(err, errno, "cannot send a frame");
        if (errno == EPIPE || errno == ECONNRESET)
                err->kind = ERROR_LOST;
        return -1;
}

/* Every descriptor that came is taken into the frame, also of a message that is refused afterwards.
 */
static void collect_fds(Frame *frame, struct msghdr *message) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count && frame->fd_count < FRAME_FD_COUNT_MAX; i++)
                        memcpy(&frame->fds[frame->fd_count++], CMSG_DATA(c) + i * sizeof(int),
                               sizeof(int));
        }
}

int frame_receive(int socket, Frame *ret, Error *err) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * FRAME_FD_COUNT_MAX)];
        } control = { 0 };
        autoframe frame = { .bytes = memory_new(FRAME_SIZE_MAX + 1) };
        struct iovec content = { .iov_base = frame.bytes, .iov_len = FRAME_SIZE_MAX };
        struct msghdr message = {
                .msg_iov = &content,
                .msg_iovlen = 1,
                .msg_control = control.space,
                .msg_controllen = sizeof(control.space),
        };

        ssize_t count;
        do
                count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        while (count < 0 && errno == EINTR);
        if (count < 0 && errno == EAGAIN)
                return 0;
        if (count < 0) {
                int number = errno;
                (void)error_set_errno(err, number, "cannot receive a frame");
                if (number == ECONNRESET)
                        err->kind = ERROR_LOST;
                return -1;
        }
        collect_fds(&frame, &message);
        if (count == 0)
                return error_set(err, ERROR_LOST, "the other side has gone");
        if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return error_set(err, ERROR_TOO_LARGE,
                                 "a frame larger than %d bytes or %d descriptors", FRAME_SIZE_MAX,
                                 FRAME_FD_COUNT_MAX);
        frame.length = (size_t)count;
        frame.bytes[count] = '\0';
        *ret = frame;
        frame = FRAME_INIT;
        return 1;
}
