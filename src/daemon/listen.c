/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/start.h"
#include "base/text.h"

#define PASSED_FIRST 3

static uint64_t get_number(const char *name) {
        const char *text = getenv(name);
        Error ignored = ERROR_INIT;
        uint64_t number = 0;

        if (!text || string_parse_u64(text, INT32_MAX, &number, &ignored) < 0)
                return 0;
        return number;
}

/* "" for what is not a socket with a path. */
static void find_path(int fd, char path[108]) {
        struct sockaddr_un address = { 0 };
        socklen_t length = sizeof(address);

        if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
            address.sun_family == AF_UNIX)
                (void)snprintf(path, 108, "%.*s", (int)sizeof(address.sun_path), address.sun_path);
}

/* What an earlier pawld left carries a name; an inherited name of another kind says nothing. */
static void name_passed(PassedSocket *passed, const char *name, size_t length) {
        static const struct {
                const char *prefix;
                bool is_own;
        } LEFT[] = { { START_SOCKET_OWN, true }, { START_SOCKET_GIVEN, false } };

        for (size_t i = 0; i < ARRAY_COUNT(LEFT); i++) {
                size_t skip = strlen(LEFT[i].prefix);
                if (length <= skip || memcmp(name, LEFT[i].prefix, skip) != 0)
                        continue;
                passed->is_own = LEFT[i].is_own;
                (void)snprintf(passed->path, sizeof(passed->path), "%.*s", (int)(length - skip),
                               name + skip);
                return;
        }
        find_path(passed->fd, passed->path);
}

void passed_sockets_take(PassedSockets *ret) {
        const char *names = getenv("LISTEN_FDNAMES");
        uint64_t count = get_number("LISTEN_FDS");

        *ret = (PassedSockets){ 0 };
        if (get_number("LISTEN_PID") != (uint64_t)getpid())
                count = 0;
        for (uint64_t i = 0; i < count && i < LISTEN_PASSED_MAX; i++) {
                int fd = PASSED_FIRST + (int)i;
                const char *name = names ? names : "";
                size_t length = strcspn(name, ":");
                if (names)
                        names += length + (name[length] == ':');
                if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                        continue;
                PassedSocket *passed = &ret->sockets[ret->count++];
                passed->fd = fd;
                name_passed(passed, name, length);
        }
        (void)unsetenv("LISTEN_PID");
        (void)unsetenv("LISTEN_FDS");
        (void)unsetenv("LISTEN_FDNAMES");
}

void passed_sockets_done(PassedSockets *passed) {
        for (size_t i = 0; i < passed->count; i++) {
                if (passed->sockets[i].fd < 0)
                        continue;
                log_warning("the supervisor passed a socket that is not ours: %s",
                            passed->sockets[i].path);
                (void)close(passed->sockets[i].fd);
                passed->sockets[i].fd = -1;
        }
}

static PassedSocket *find(const PassedSockets *passed, const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        for (size_t i = 0; i < passed->count; i++) {
                const PassedSocket *socket = &passed->sockets[i];
                if (socket->fd >= 0 &&
                    (string_equal(socket->path, path) || string_equal(socket->path, name)))
                        return (PassedSocket *)(uintptr_t)socket;
        }
        return NULL;
}

bool passed_sockets_has(const PassedSockets *passed, const char *path) {
        return find(passed, path) != NULL;
}

/* The descriptor, the caller's from now on; -1 = there is none. */
static int take_socket(PassedSockets *passed, const char *path, bool *ret_is_own) {
        PassedSocket *found = find(passed, path);

        if (ret_is_own)
                *ret_is_own = found && found->is_own;
        return found ? take_fd(found->fd) : -1;
}

/* Our lock says that no other pawld serves this root; another program may. */
static int refuse_if_answered(const ListenSocket *wanted, const struct sockaddr_un *address,
                              Error *err) {
        autofd int probe = socket(AF_UNIX, wanted->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0)
                return error_set(err, ERROR_BUSY, "another daemon answers at %s", wanted->path);
        return 0;
}

static int format_address(const char *path, const char *suffix, struct sockaddr_un *ret,
                          Error *err) {
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        int length = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s%s", path, suffix);
        if (length < 0 || (size_t)length >= sizeof(ret->sun_path))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "the path %s is too long for a socket: use a shorter --root",
                                 path);
        return 0;
}

static int bind_new(ListenSocket *wanted, Error *err) {
        struct sockaddr_un address, temporary;

        if (format_address(wanted->path, "", &address, err) < 0 ||
            format_address(wanted->path, ".new", &temporary, err) < 0 ||
            refuse_if_answered(wanted, &address, err) < 0)
                return -1;
        autofd int fd = socket(AF_UNIX, wanted->type | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        (void)unlink(temporary.sun_path);
        /* chmod by name is safe: the directory is ours alone. */
        if (bind(fd, (struct sockaddr *)&temporary, sizeof(temporary)) < 0 ||
            chmod(temporary.sun_path, wanted->mode) < 0 || listen(fd, SOMAXCONN) < 0 ||
            rename(temporary.sun_path, wanted->path) < 0)
                return error_set_errno(err, errno, "cannot listen at %s", wanted->path);
        wanted->fd = take_fd(fd);
        wanted->is_bound = true;
        return 0;
}

int listen_socket_open(ListenSocket *listen_socket, PassedSockets *passed, Error *err) {
        listen_socket->fd = take_socket(passed, listen_socket->path, &listen_socket->is_bound);
        if (listen_socket->fd < 0 && bind_new(listen_socket, err) < 0)
                return -1;
        if (fcntl(listen_socket->fd, F_SETFL, O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot listen at %s", listen_socket->path);
        return 0;
}

void listen_socket_done(ListenSocket *listen_socket) {
        if (listen_socket->fd >= 0)
                (void)close(take_fd(listen_socket->fd));
        if (listen_socket->is_bound)
                (void)unlink(listen_socket->path);
        listen_socket->is_bound = false;
}
