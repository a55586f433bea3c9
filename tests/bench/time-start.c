/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a client waits for a daemon that its connection starts: from exec to the last byte of
 * the first answer of system-info.  Starts it COUNT times, as a supervisor with socket activation
 * does (the connection and the request are there before the daemon is), and prints milliseconds.
 *
 *   time-start COUNT ROOT PROGRAM [ARGUMENT ...]
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_MAX 1000
#define SOCKET_FD 3
#define LIMIT_S   10
#define NS_PER_MS 1000000.0

static const char REQUEST[] = "GET /v2/system-info HTTP/1.1\r\nHost: localhost\r\nConnection: "
                              "close\r\n\r\n";

static double get_ms(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1000 + (double)now.tv_nsec / NS_PER_MS;
}

static void die(const char *what) {
        (void)fprintf(stderr, "time-start: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int listen_at(const char *path, struct sockaddr_un *address) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        (void)snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
        (void)unlink(path);
        if (fd < 0 || bind(fd, (struct sockaddr *)address, sizeof(*address)) < 0 ||
            listen(fd, 16) < 0)
                die(path);
        return fd;
}

static pid_t start(char *const arguments[], int listener, double *started) {
        pid_t pid = fork();
        char text[24];

        if (pid != 0)
                return pid;
        (void)snprintf(text, sizeof(text), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", text, 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        if (listener == SOCKET_FD)
                (void)fcntl(listener, F_SETFD, 0);
        else
                (void)dup2(listener, SOCKET_FD);
        *started = get_ms();
        (void)execv(arguments[0], arguments);
        _exit(127);
}

/* To the end of the stream: the answer closes it. */
static void read_answer(int client) {
        char buffer[16384];
        size_t used = 0;
        ssize_t length;

        while ((length = read(client, buffer + used, sizeof(buffer) - 1 - used)) > 0)
                used += (size_t)length;
        buffer[used] = '\0';
        if (!strstr(buffer, "\"type\":\"sync\"") || !strstr(buffer, "\"series\":\"16\"")) {
                (void)fprintf(stderr, "time-start: not an answer: %.200s\n", buffer);
                exit(1);
        }
}

/* What the daemon itself ran so far: nobody else's business makes it longer. */
static double get_processor_ms(pid_t pid) {
        char path[64], text[128] = "";

        (void)snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
                die(path);
        (void)close(fd);
        return (double)strtoull(text, NULL, 10) / NS_PER_MS;
}

static double time_once(const char *path, char *const arguments[], double *started,
                        double *ret_processor) {
        struct sockaddr_un address;
        struct timeval limit = { .tv_sec = LIMIT_S };
        int listener = listen_at(path, &address);
        int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            write(client, REQUEST, sizeof(REQUEST) - 1) != (ssize_t)sizeof(REQUEST) - 1)
                die("connect");
        pid_t pid = start(arguments, listener, started);
        if (pid < 0)
                die("fork");
        read_answer(client);
        double answered = get_ms();
        *ret_processor = get_processor_ms(pid);
        (void)close(client);
        (void)close(listener);
        (void)kill(pid, SIGTERM);
        (void)waitpid(pid, NULL, 0);
        return answered - *started;
}

static int compare(const void *a, const void *b) {
        const double *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

int main(int argc, char *argv[]) {
        double times[COUNT_MAX], processor[COUNT_MAX];
        char path[108];

        if (argc < 4) {
                (void)fprintf(stderr, "usage: time-start COUNT ROOT PROGRAM [ARGUMENT ...]\n");
                return 64;
        }
        int count = (int)strtol(argv[1], NULL, 10);
        if (count < 1 || count > COUNT_MAX)
                return 64;
        (void)snprintf(path, sizeof(path), "%s/run/snapd.socket", argv[2]);
        double *started = mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (started == MAP_FAILED)
                die("mmap");
        for (int i = 0; i < count; i++)
                times[i] = time_once(path, argv + 3, started, &processor[i]);
        qsort(times, (size_t)count, sizeof(times[0]), compare);
        qsort(processor, (size_t)count, sizeof(processor[0]), compare);
        (void)printf("median %.2f  fastest %.2f  90%% %.2f  slowest %.2f ms of %d starts; its own "
                     "processor time: median %.2f  least %.2f ms\n",
                     times[count / 2], times[0], times[count * 9 / 10], times[count - 1], count,
                     processor[count / 2], processor[0]);
        return 0;
}
