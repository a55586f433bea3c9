/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"

void notify_send(const char *state) {
        const char *path = getenv("NOTIFY_SOCKET");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t length = path ? strlen(path) : 0;

        if (length < 2 || length >= sizeof(address.sun_path) || !strchr("/@", path[0]))
                return;
        memcpy(address.sun_path, path, length);
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';
        autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0)
                (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

uint64_t notify_get_watchdog_ms(void) {
        const char *limit = getenv("WATCHDOG_USEC"), *whom = getenv("WATCHDOG_PID");
        Error ignored = ERROR_INIT;
        uint64_t limit_us = 0, pid = 0;

        if (!limit || string_parse_u64(limit, UINT64_MAX, &limit_us, &ignored) < 0)
                return 0;
        if (whom &&
            (string_parse_u64(whom, INT32_MAX, &pid, &ignored) < 0 || pid != (uint64_t)getpid()))
                return 0;
        return limit_us / 2000;
}
