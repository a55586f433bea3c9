/* SPDX-License-Identifier: Apache-2.0
 *
 * What a package may do with sockets, said by trying: one word a try, "yes" or the error's name.
 *
 *   probe socket inet|inet6|route|netfilter|packet    make one
 *   probe connect PORT                                to 127.0.0.1
 *   probe dial PATH                                   connect to a unix socket
 *   probe open PATH                                   for reading and writing
 *   probe rename                                      give the machine the name that it has
 *   probe capabilities                                those that are left, as the kernel prints
 * them probe listen                                      at any port of 127.0.0.1, and accept from
 * itself probe listen-unix PATH
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int say(int result) {
        puts(result >= 0 ? "yes" : strerrorname_np(errno));
        return result >= 0 ? 0 : 1;
}

static int try_socket(const char *what) {
        static const struct {
                const char *name;
                int family, type, protocol;
        } kinds[] = {
                { "inet", AF_INET, SOCK_STREAM, 0 },
                { "inet6", AF_INET6, SOCK_DGRAM, 0 },
                { "route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
                { "netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER },
                { "alg", AF_ALG, SOCK_SEQPACKET, 0 },
                { "packet", AF_PACKET, SOCK_DGRAM, 0 },
        };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].name, what) == 0)
                        return say(socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC,
                                          kinds[i].protocol));
        return 64;
}

static struct sockaddr_in get_local(int port) {
        return (struct sockaddr_in){ .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int try_connect(const char *port) {
        struct sockaddr_in address = get_local((int)strtol(port, NULL, 10));
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return say(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int try_listen(void) {
        struct sockaddr_in address = get_local(0);
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || other < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
            listen(fd, 1) < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
            connect(other, (struct sockaddr *)&address, size) < 0)
                return say(-1);
        return say(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

static int try_listen_unix(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return say(-1);
        return say(listen(fd, 1));
}

static int try_dial(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return say(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

static int try_rename(void) {
        char name[65] = "";

        if (gethostname(name, sizeof(name) - 1) < 0)
                return say(-1);
        return say(sethostname(name, strlen(name)));
}

static int print_capabilities(void) {
        FILE *status = fopen("/proc/self/status", "re");
        char line[256];

        while (status && fgets(line, sizeof(line), status))
                if (strncmp(line, "Cap", 3) == 0)
                        (void)printf("%.*s ", (int)strcspn(line, "\n"), line);
        puts("");
        return status ? 0 : 1;
}

/* For an order of events: a clock that a shell can read goes in steps of 10 ms. */
static int print_moment(void) {
        struct timespec now;

        if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
                return say(-1);
        (void)printf("%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "socket") == 0)
                return try_socket(argv[2]);
        if (argc == 3 && strcmp(argv[1], "dial") == 0)
                return try_dial(argv[2]);
        if (argc == 3 && strcmp(argv[1], "open") == 0)
                return say(open(argv[2], O_RDWR | O_CLOEXEC));
        if (argc == 2 && strcmp(argv[1], "rename") == 0)
                return try_rename();
        if (argc == 2 && strcmp(argv[1], "capabilities") == 0)
                return print_capabilities();
        if (argc == 2 && strcmp(argv[1], "moment") == 0)
                return print_moment();
        if (argc == 3 && strcmp(argv[1], "connect") == 0)
                return try_connect(argv[2]);
        if (argc == 2 && strcmp(argv[1], "listen") == 0)
                return try_listen();
        if (argc == 3 && strcmp(argv[1], "listen-unix") == 0)
                return try_listen_unix(argv[2]);
        return 64;
}
