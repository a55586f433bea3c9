/* SPDX-License-Identifier: Apache-2.0
 *
 * What a package may do to the machine, said by trying: one word a try, "yes" or the error's name.
 * Each try is a row of TRIES; whatever it changes it puts back, or leaves as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe-bus.h"

static int say(long result) {
        puts(result >= 0 ? "yes" : strerrorname_np(errno));
        return result >= 0 ? 0 : 1;
}

static int try_read(const char *path) {
        char bytes[8192]; /* the kernel's log is told in whole records */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

        /* A device with nothing to tell right now. */
        return say(got < 0 && fd >= 0 && errno == EAGAIN ? 0 : got);
}

/* Opened for writing; nothing is written. */
static int try_write(const char *path) {
        return say(open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static int try_create(const char *path) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        return say(fd < 0 ? -1 : unlink(path));
}

static int try_socket(const char *what) {
        static const struct {
                const char *name;
                int family, type, protocol;
        } kinds[] = {
                { "inet", AF_INET, SOCK_STREAM, 0 },
                { "inet6", AF_INET6, SOCK_DGRAM, 0 },
                { "alg", AF_ALG, SOCK_SEQPACKET, 0 },
                { "raw", AF_INET, SOCK_RAW, 255 },
                { "packet", AF_PACKET, SOCK_DGRAM, 0 },
                { "route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
                { "netfilter", AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER },
                { "diag", AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG },
                { "uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT },
        };

        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i].name, what) == 0)
                        return say(socket(kinds[i].family, kinds[i].type | SOCK_CLOEXEC,
                                          kinds[i].protocol));
        return 64;
}

/* At any port of 127.0.0.1, and accepted from itself. */
static int try_listen(const char *ignored) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)ignored;
        if (fd < 0 || other < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
            listen(fd, 1) < 0 || getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
            connect(other, (struct sockaddr *)&address, size) < 0)
                return say(-1);
        return say(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

/* A network device that is gone with its descriptor. */
static int try_tun(const char *path) {
        struct ifreq request = { .ifr_name = "pawltest%d" };
        int fd = open(path, O_RDWR | O_CLOEXEC);

        request.ifr_flags = IFF_TAP | IFF_NO_PI;
        return say(fd < 0 ? -1 : ioctl(fd, TUNSETIFF, &request));
}

static int try_kvm(const char *path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        int version = fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);

        if (version < 0)
                return say(-1);
        (void)printf("version %d\n", version);
        return 0;
}

/* The name that the machine has. */
static int try_rename(const char *ignored) {
        char name[65] = "";

        (void)ignored;
        if (gethostname(name, sizeof(name) - 1) < 0)
                return say(-1);
        return say(sethostname(name, strlen(name)));
}

static int try_dial(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return say(connect(fd, (struct sockaddr *)&address, sizeof(address)));
}

/* "GET /v2/snaps" at this socket; the status. */
static int try_snaps(const char *path) {
        static const char question[] = "GET /v2/snaps HTTP/1.0\r\nHost: x\r\n\r\n";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char answer[64] = "";

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            write(fd, question, strlen(question)) < 0 || read(fd, answer, sizeof(answer) - 1) < 0)
                return say(-1);
        (void)printf("%.3s\n", strlen(answer) > 12 ? answer + 9 : "?");
        return 0;
}

static struct sockaddr_un get_abstract(const char *name, socklen_t *ret_length) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void)snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name);
        *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
        return address;
}

static int try_dial_abstract(const char *name) {
        socklen_t length;
        struct sockaddr_un address = get_abstract(name, &length);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return say(connect(fd, (struct sockaddr *)&address, length));
}

/* Below $VARIABLE/…, or absolute; stays until it is killed. */
static int try_serve_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        char *slash = strrchr(address.sun_path, '/');
        *slash = '\0';
        (void)mkdir(address.sun_path, 0755);
        *slash = '/';
        (void)unlink(path);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
                return say(-1);
        puts("serving");
        (void)fflush(stdout);
        return pause();
}

static int try_environment(const char *name) {
        puts(getenv(name) ? getenv(name) : "unset");
        return 0;
}

static int try_user_namespace(const char *ignored) {
        (void)ignored;
        return say(unshare(CLONE_NEWUSER));
}

/* A service's word to its supervisor. */
static int try_notify(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return say(sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, sizeof(address)));
}

static int try_kernel_log(const char *ignored) {
        (void)ignored;
        return say(klogctl(10, NULL, 0));
}

static int try_signal(const char *pid) {
        return say(kill((pid_t)strtol(pid, NULL, 10), SIGCONT));
}

static int try_nice(const char *pid) {
        return say(setpriority(PRIO_PROCESS, (id_t)strtoul(pid, NULL, 10), 5));
}

static int try_quota(const char *ignored) {
        (void)ignored;
        /* Q_GETFMT of users of a device that is none: asked by the kernel once the filter let it
         * pass */
        long result = syscall(SYS_quotactl, (int)0x80000400u, "/dev/null", 0, NULL);
        return say(result < 0 && errno != EPERM ? 0 : result);
}

static int try_mount(const char *path) {
        long result = mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=4k");

        return say(result == 0 ? umount2(path, MNT_DETACH) : result);
}

static int try_network_namespace(const char *ignored) {
        (void)ignored;
        return say(unshare(CLONE_NEWNET));
}

static int try_mount_namespace(const char *ignored) {
        (void)ignored;
        return say(unshare(CLONE_NEWNS));
}

static int try_bpf(const char *ignored) {
        union bpf_attr map = {
                .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
        };
        (void)ignored;
        return say(syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)));
}

/* The clock is set to what it says anyway: nothing but the permission is asked. */
static int try_clock(const char *ignored) {
        struct timex change = { .modes = ADJ_OFFSET_SINGLESHOT };
        (void)ignored;
        return say(adjtimex(&change));
}

static int try_queue(const char *name) {
        mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);

        if (queue == (mqd_t)-1)
                return say(-1);
        return say(mq_send(queue, "x", 1, 0) < 0 ? -1 : mq_unlink(name));
}

/* "/TO:/BACK": what is sent to one comes back by the other; the slot's side makes both. */
static int open_queues(const char *names, int flags, mqd_t ret[2]) {
        struct mq_attr shape = { .mq_maxmsg = 4, .mq_msgsize = 16 };
        char copy[200];

        (void)snprintf(copy, sizeof(copy), "%s", names);
        char *second = strchr(copy, ':');
        if (!second)
                return -1;
        *second++ = '\0';
        (void)umask(0);
        ret[0] = mq_open(copy, flags, 0666, &shape);
        if (ret[0] == (mqd_t)-1)
                return -1;
        ret[1] = mq_open(second, flags, 0666, &shape);
        return ret[1] == (mqd_t)-1 ? -1 : 0;
}

static int try_serve_queue(const char *names) {
        mqd_t queues[2];
        char message[16];
        ssize_t length;

        if (open_queues(names, O_RDWR | O_CREAT, queues) < 0)
                return say(-1);
        (void)printf("serving\n");
        (void)fflush(stdout);
        while ((length = mq_receive(queues[0], message, sizeof(message), NULL)) >= 0)
                (void)mq_send(queues[1], message, (size_t)length, 0);
        return 1;
}

static int try_ask_queue(const char *names) {
        struct timespec limit;
        mqd_t queues[2];
        char message[16];

        if (open_queues(names, O_RDWR, queues) < 0)
                return say(-1);
        (void)clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += 5;
        if (mq_send(queues[0], "hello", 5, 0) < 0)
                return say(-1);
        return say(mq_timedreceive(queues[1], message, sizeof(message), NULL, &limit) == 5 ? 0
                                                                                           : -1);
}

static int try_unlink_queue(const char *name) {
        return say(mq_unlink(name));
}

static int try_system_v(const char *ignored) {
        int memory = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);

        (void)ignored;
        if (memory < 0)
                return say(-1);
        return say(shmctl(memory, IPC_RMID, NULL));
}

static const struct {
        const char *name;
        int (*run)(const char *argument);
} TRIES[] = {
        { "read", try_read },
        { "write", try_write },
        { "create", try_create },
        { "socket", try_socket },
        { "listen", try_listen },
        { "tun", try_tun },
        { "kvm", try_kvm },
        { "rename", try_rename },
        { "snaps", try_snaps },
        { "dial", try_dial },
        { "dial-abstract", try_dial_abstract },
        { "serve-socket", try_serve_socket },
        { "environment", try_environment },
        { "user-namespace", try_user_namespace },
        { "call", bus_try_call },
        { "own", bus_try_own },
        { "hear", bus_try_hear },
        { "serve", bus_try_serve },
        { "notify", try_notify },
        { "kernel-log", try_kernel_log },
        { "signal", try_signal },
        { "nice", try_nice },
        { "quota", try_quota },
        { "mount", try_mount },
        { "network-namespace", try_network_namespace },
        { "mount-namespace", try_mount_namespace },
        { "bpf", try_bpf },
        { "clock", try_clock },
        { "queue", try_queue },
        { "serve-queue", try_serve_queue },
        { "ask-queue", try_ask_queue },
        { "unlink-queue", try_unlink_queue },
        { "system-v", try_system_v },
};

static int run_try(const char *name, const char *argument) {
        for (size_t i = 0; i < sizeof(TRIES) / sizeof(TRIES[0]); i++)
                if (strcmp(TRIES[i].name, name) == 0)
                        return TRIES[i].run(argument);
        puts("no such try");
        return 64;
}

/* "TRY ARGUMENT", in a process of its own: what one does to itself is not the next one's. */
static void run_apart(char *words) {
        char *space = strchr(words, ' ');

        if (space)
                *space = '\0';
        (void)fflush(stdout);
        pid_t pid = fork();
        if (pid == 0) {
                (void)run_try(words, space ? space + 1 : "");
                (void)fflush(stdout);
                _exit(0);
        }
        (void)waitpid(pid, NULL, 0);
}

int main(int argc, char **argv) {
        if (argc < 2)
                return 64;
        if (strcmp(argv[1], "all") != 0)
                return run_try(argv[1], argc > 2 ? argv[2] : "");
        for (int i = 2; i < argc; i++)
                run_apart(argv[i]);
        return 0;
}
