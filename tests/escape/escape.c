/* SPDX-License-Identifier: Apache-2.0
 *
 * The program that tries to get out: placed in a package and started through the launcher, once as
 * a user and once as root.  One line an attempt, saying how it was refused; an attempt that is
 * refused in another way than the table says is a failure too, because then something else than
 * the wall that was meant stood in the way.
 *
 *   escape KEY=VALUE…   victim=PID secret=PATH abstract=NAME shm=KEY cwd=PATH absent=PATH,PATH…
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* How an attempt ended, where that is no errno. */
#define GOT_OUT   0
#define NO_GAIN   1000 /* it ran and had nothing more than before */
#define BY_SIGNAL 2000 /* + the signal */

static bool is_root;
static unsigned failure_count, attempt_count;
static char **parameters;

static const char *get_parameter(const char *key) {
        size_t length = strlen(key);

        for (char **p = parameters; *p; p++)
                if (strncmp(*p, key, length) == 0 && (*p)[length] == '=')
                        return *p + length + 1;
        fprintf(stderr, "escape: %s= is missing\n", key);
        exit(64);
}

static pid_t get_victim(void) {
        return (pid_t)strtol(get_parameter("victim"), NULL, 10);
}

/* Below ABI 6, which neither scopes signals nor abstract sockets, every launch has a PID namespace
 * and, without a network grant, a network namespace: what is of another one is not there at all. */
static bool has_scopes(void) {
        return strtol(get_parameter("landlock"), NULL, 10) >= 6;
}

static int choose_expected(int user, int root, bool is_of_processes) {
        return is_root && (has_scopes() || !is_of_processes) ? root : user;
}

static const char *describe(int how, char buffer[64]) {
        if (how == GOT_OUT)
                return "NOT REFUSED";
        if (how == NO_GAIN)
                return "no right gained";
        if (how >= BY_SIGNAL)
                snprintf(buffer, 64, "killed by SIG%s", sigabbrev_np(how - BY_SIGNAL));
        else
                snprintf(buffer, 64, "%s", strerrorname_np(how) ? strerrorname_np(how) : "?");
        return buffer;
}

static void report(const char *name, int how, int expected) {
        char got[64], wanted[64];
        bool is_right = how == expected && how != GOT_OUT;

        attempt_count++;
        failure_count += !is_right;
        printf("%s - %s: %s: %s", is_right ? "ok" : "not ok", is_root ? "root" : "user", name,
               describe(how, got));
        if (!is_right)
                printf(", expected %s", describe(expected, wanted));
        printf("\n");
        fflush(stdout);
}

/* ── opening what should not be there, or not be writable ── */

typedef struct OpenAttempt {
        const char *name;
        const char *path;
        int flags;
        int user, root; /* how it must be refused */
        bool is_of_processes;
} OpenAttempt;

static const OpenAttempt OPENS[] = {
        { "the passwords of the machine", "/etc/shadow", O_RDONLY, ENOENT, ENOENT },
        { "the raw disk", "/dev/vda", O_RDONLY, ENOENT, ENOENT },
        { "physical memory", "/dev/mem", O_RDONLY, ENOENT, ENOENT },
        { "kernel messages", "/dev/kmsg", O_WRONLY, ENOENT, ENOENT },
        { "loop devices", "/dev/loop-control", O_RDWR, ENOENT, ENOENT },
        { "fuse", "/dev/fuse", O_RDWR, ENOENT, ENOENT },
        { "the console", "/dev/console", O_RDWR, ENOENT, ENOENT },
        { "a device node in the image", "/snap/escape/1/disk", O_RDONLY, EACCES, EACCES },
        { "a device node in the base", "/usr/disk", O_RDONLY, EACCES, EACCES },
        { "writing to the image", "/snap/escape/1/bin/escape", O_WRONLY, EROFS, EROFS },
        { "writing to the base", "/usr/plain", O_WRONLY, EROFS, EROFS },
        { "writing the base's users", "/etc/passwd", O_WRONLY, EACCES, EROFS },
        { "a file in the root", "/new", O_WRONLY | O_CREAT, EROFS, EROFS },
        { "core_pattern", "/proc/sys/kernel/core_pattern", O_WRONLY, EACCES, EROFS },
        { "a kernel setting", "/proc/sys/vm/drop_caches", O_WRONLY, EACCES, EROFS },
        { "more user namespaces", "/proc/sys/user/max_user_namespaces", O_WRONLY, EACCES, EACCES },
        { "sysrq", "/proc/sysrq-trigger", O_WRONLY, EACCES, EACCES },
        { "a kernel object", "/sys/kernel/profiling", O_WRONLY, EACCES, EROFS },
        { "power", "/sys/power/state", O_WRONLY, EACCES, EROFS },
        { "the system bus", "/run/dbus/system_bus_socket", O_PATH, ENOENT, ENOENT },
        { "systemd", "/run/systemd/private", O_PATH, ENOENT, ENOENT },
        { "docker", "/run/docker.sock", O_PATH, ENOENT, ENOENT },
        { "the package API", "/run/snapd.socket", O_PATH, ENOENT, ENOENT },
        { "our own launch socket", "/run/pawl/launch.socket", O_PATH, ENOENT, ENOENT },
        { "our state", "/var/lib/pawl/state/pawl.db", O_RDONLY, ENOENT, ENOENT },
        { "the root of PID 1", "/proc/1/root/etc", O_RDONLY, EACCES, ENOENT, true },
        { "the memory of PID 1", "/proc/1/mem", O_RDWR, EACCES, ENOENT, true },
        { "the environment of PID 1", "/proc/1/environ", O_RDONLY, EACCES, ENOENT, true },
        { "the kernel's memory", "/proc/kcore", O_RDONLY, EACCES, EACCES },
        { "the kernel's addresses", "/proc/kallsyms", O_RDONLY, EACCES, EACCES },
        { "the kernel's messages in /proc", "/proc/kmsg", O_RDONLY, EACCES, EACCES },
        { "keys", "/proc/keys", O_RDONLY, EACCES, EACCES },
        { "who has keys", "/proc/key-users", O_RDONLY, EACCES, EACCES },
        { "the scheduler", "/proc/sched_debug", O_RDONLY, EACCES, EACCES },
        { "timers of everybody", "/proc/timer_list", O_RDONLY, EACCES, EACCES },
        { "pages of everybody", "/proc/kpageflags", O_RDONLY, EACCES, EACCES },
        { "the kernel's allocations", "/proc/vmallocinfo", O_RDONLY, EACCES, EACCES },
        { "the kernel's objects", "/proc/slabinfo", O_RDONLY, EACCES, EACCES },
        { "memory types", "/proc/mtrr", O_WRONLY, EACCES, EACCES },
        { "a trigger on pressure", "/proc/pressure/memory", O_RDWR, EROFS, EROFS },
        { "an interrupt's processors", "/proc/irq/default_smp_affinity", O_WRONLY, EACCES, EROFS },
        { "firmware tables", "/sys/firmware/acpi/tables", O_RDONLY, EACCES, EACCES },
        { "firmware's map of memory", "/sys/firmware/memmap/0/start", O_RDONLY, EACCES, EACCES },
        { "the kernel's debugging", "/sys/kernel/debug", O_RDONLY, EACCES, EACCES },
        { "the kernel's tracing", "/sys/kernel/tracing", O_RDONLY, EACCES, EACCES },
        { "security modules", "/sys/kernel/security", O_RDONLY, EACCES, EACCES },
        { "pinned BPF", "/sys/fs/bpf", O_RDONLY, EACCES, EACCES },
};

static bool is_listed(const char *list, const char *path) {
        const char *found = strstr(list, path);

        return found && (found[strlen(path)] == ',' || !found[strlen(path)]);
}

static void try_opens(void) {
        for (size_t i = 0; i < sizeof(OPENS) / sizeof(OPENS[0]); i++) {
                int fd = open(OPENS[i].path, OPENS[i].flags | O_CLOEXEC, 0600);
                int how = fd < 0 ? errno : GOT_OUT;

                if (fd >= 0)
                        close(fd);
                /* What this kernel does not have cannot be refused in the way meant. */
                if (is_listed(get_parameter("absent"), OPENS[i].path))
                        report(OPENS[i].name, how, ENOENT);
                else
                        report(OPENS[i].name, how,
                               choose_expected(OPENS[i].user, OPENS[i].root,
                                               OPENS[i].is_of_processes));
        }
}

/* ── system calls ── */

typedef struct CallAttempt {
        const char *name;
        long number;
        long arguments[5];
        int expected;
} CallAttempt;

#define TEXT(string) ((long)(intptr_t)(string))
#define SYS_OF_KCMP  312

static const CallAttempt CALLS[] = {
        { "mounting a tmpfs", SYS_mount, { TEXT("x"), TEXT("/tmp"), TEXT("tmpfs") }, EPERM },
        { "remounting writable", SYS_mount, { 0, TEXT("/"), 0, 0x20 | 0x1000 }, EPERM },
        { "taking off a mount", SYS_umount2, { TEXT("/proc/sys"), 2 }, EPERM },
        { "taking off sysrq's mask", SYS_umount2, { TEXT("/proc/sysrq-trigger"), 2 }, EPERM },
        { "pivot_root", SYS_pivot_root, { TEXT("/tmp"), TEXT("/tmp") }, EPERM },
        { "chroot", SYS_chroot, { TEXT("/tmp") }, EPERM },
        { "open_tree", SYS_open_tree, { AT_FDCWD, TEXT("/"), 1 }, EPERM },
        { "move_mount", SYS_move_mount, { 0, TEXT("/"), AT_FDCWD, TEXT("/tmp") }, EPERM },
        { "fsopen", SYS_fsopen, { TEXT("tmpfs"), 0 }, EPERM },
        { "fsmount", SYS_fsmount, { 0, 0, 0 }, EPERM },
        { "mount_setattr", SYS_mount_setattr, { AT_FDCWD, TEXT("/"), 0, 0, 0 }, EPERM },
        { "a new user namespace by unshare", SYS_unshare, { CLONE_NEWUSER }, EPERM },
        { "a new mount namespace by unshare", SYS_unshare, { CLONE_NEWNS }, EPERM },
        { "a new user namespace by clone", SYS_clone, { CLONE_NEWUSER | SIGCHLD }, EPERM },
        { "a new network by clone", SYS_clone, { CLONE_NEWNET | SIGCHLD }, EPERM },
        { "clone3, which cannot be inspected", SYS_clone3, { 0, 88 }, ENOSYS },
        { "setns", SYS_setns, { 0, 0 }, EPERM },
        { "ptrace of a parent", SYS_ptrace, { PTRACE_ATTACH, 1 }, EPERM },
        { "being traced", SYS_ptrace, { PTRACE_TRACEME }, EPERM },
        { "a file of another process", SYS_pidfd_getfd, { 0, 0, 0 }, EPERM },
        { "kcmp", SYS_OF_KCMP, { 1, 1, 0 }, EPERM },
        { "bpf", SYS_bpf, { 0, 0, 0 }, EPERM },
        { "perf events", SYS_perf_event_open, { 0, 0, -1, -1 }, EPERM },
        { "userfaultfd", SYS_userfaultfd, { 0 }, EPERM },
        { "io_uring", SYS_io_uring_setup, { 1, 0 }, EPERM },
        { "io_uring, entering", SYS_io_uring_enter, { 0 }, EPERM },
        { "a kernel module", SYS_init_module, { 0, 0, TEXT("") }, EPERM },
        { "a kernel module from a file", SYS_finit_module, { 0, TEXT(""), 0 }, EPERM },
        { "removing a kernel module", SYS_delete_module, { TEXT("loop"), 0 }, EPERM },
        { "another kernel", SYS_kexec_load, { 0, 0, 0, 0 }, EPERM },
        { "adding a key", SYS_add_key, { TEXT("user"), TEXT("a"), TEXT("b"), 1, -3 }, EPERM },
        { "asking for a key", SYS_request_key, { TEXT("user"), TEXT("a"), 0, 0 }, EPERM },
        { "the session keyring", SYS_keyctl, { 0, -3, 0 }, EPERM },
        { "reboot", SYS_reboot, { 0, 0, 0 }, EPERM },
        { "swap", SYS_swapon, { TEXT("/dev/zero"), 0 }, EPERM },
        { "quota", SYS_quotactl, { 0, 0, 0, 0 }, EPERM },
        { "accounting", SYS_acct, { 0 }, EPERM },
        { "the host's name", SYS_sethostname, { TEXT("x"), 1 }, EPERM },
        { "the clock", SYS_settimeofday, { 0, 0 }, EPERM },
        { "the clock, adjusted", SYS_adjtimex, { 0 }, EPERM },
        { "I/O ports", SYS_iopl, { 3 }, EPERM },
        { "one I/O port", SYS_ioperm, { 0x80, 1, 1 }, EPERM },
        { "the kernel's log", SYS_syslog, { 3, 0, 0 }, EPERM },
        { "a file by its handle", SYS_open_by_handle_at, { 3, 0, 0 }, EPERM },
        { "file events of the whole mount", SYS_fanotify_init, { 0, 0 }, EPERM },
        { "pages of another process", SYS_move_pages, { 1, 0, 0, 0, 0 }, EPERM },
        { "madvise of another process", SYS_process_madvise, { 0, 0, 0, 0, 0 }, EPERM },
        { "internet socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 }, EPERM },
        { "IPv6 socket", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 }, EPERM },
        { "raw socket", SYS_socket, { AF_INET, SOCK_RAW, 1 }, EPERM },
        { "packet socket", SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EPERM },
        { "netlink socket", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, EPERM },
        { "vsock", SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EPERM },
        { "kernel crypto socket", SYS_socket, { AF_ALG, SOCK_SEQPACKET, 0 }, EPERM },
        { "bluetooth", SYS_socket, { AF_BLUETOOTH, SOCK_RAW, 0 }, EPERM },
        { "typing into the terminal", SYS_ioctl, { 0, TIOCSTI, TEXT("x") }, EPERM },
        { "typing, number with high bits",
          SYS_ioctl,
          { 0, 0x100000000 | TIOCSTI, TEXT("x") },
          EPERM },
        { "pasting into the console", SYS_ioctl, { 0, 0x541C, TEXT("\3") }, EPERM },
        { "a block device node", SYS_mknod, { TEXT("/tmp/disk"), S_IFBLK | 0600, 0xfe00 }, EPERM },
        { "a character device node",
          SYS_mknod,
          { TEXT("/tmp/mem"), S_IFCHR | 0600, 0x101 },
          EPERM },
        { "the parent's limits", SYS_prlimit64, { 1, RLIMIT_NOFILE, 0, 0 }, EPERM },
        { "everybody's priority", SYS_setpriority, { PRIO_USER, 0, 0 }, EPERM },
};

static void try_calls(void) {
        for (size_t i = 0; i < sizeof(CALLS) / sizeof(CALLS[0]); i++) {
                const CallAttempt *call = &CALLS[i];
                const long *a = call->arguments;
                long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4]);

                if (result == 0 && call->number == SYS_clone)
                        _exit(0);
                report(call->name, result < 0 ? errno : GOT_OUT, call->expected);
        }
}

/* ── what needs a function ── */

static int try_secret(void) {
        int fd = open(get_parameter("secret"), O_RDONLY | O_CLOEXEC);

        return fd < 0 ? errno : GOT_OUT;
}

static int try_victim_memory(void) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/mem", get_victim());
        return open(path, O_RDWR | O_CLOEXEC) < 0 ? errno : GOT_OUT;
}

static int try_victim_cwd(void) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/cwd/etc", get_victim());
        return open(path, O_RDONLY | O_CLOEXEC) < 0 ? errno : GOT_OUT;
}

static int try_victim_read(void) {
        char byte;
        struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };

        return process_vm_readv(get_victim(), &here, 1, &there, 1, 0) < 0 ? errno : GOT_OUT;
}

static int try_victim_trace(void) {
        return ptrace(PTRACE_SEIZE, get_victim(), 0, 0) < 0 ? errno : GOT_OUT;
}

static int try_victim_signal(void) {
        return kill(get_victim(), SIGTERM) < 0 ? errno : GOT_OUT;
}

static int try_victim_queue(void) {
        siginfo_t info = { .si_code = -1 };

        return syscall(SYS_rt_sigqueueinfo, get_victim(), SIGTERM, &info) < 0 ? errno : GOT_OUT;
}

static int try_victim_pidfd(void) {
        int fd = (int)syscall(SYS_pidfd_open, get_victim(), 0);

        if (fd < 0)
                return errno;
        return syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0) < 0 ? errno : GOT_OUT;
}

static int try_victim_limits(void) {
        struct rlimit limit = { 1, 1 };

        return syscall(SYS_prlimit64, get_victim(), RLIMIT_NOFILE, &limit, NULL) < 0 ? errno
                                                                                     : GOT_OUT;
}

static int try_abstract_socket(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *name = get_parameter("abstract");
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path + 1, name, strlen(name));
        socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
        return connect(fd, (struct sockaddr *)&address, length) < 0 ? errno : GOT_OUT;
}

static int try_shared_memory(void) {
        key_t key = (key_t)strtol(get_parameter("shm"), NULL, 10);

        return shmget(key, 0, 0) < 0 ? errno : GOT_OUT;
}

/* Whatever the caller had open but 0, 1 and 2. */
static int try_inherited(void) {
        for (int fd = 3; fd < 1024; fd++)
                if (fcntl(fd, F_GETFD) >= 0)
                        return GOT_OUT;
        return EBADF;
}

static int try_working_directory(void) {
        char path[4096];

        if (!getcwd(path, sizeof(path)) || strcmp(path, get_parameter("cwd")) == 0)
                return GOT_OUT;
        return open("outside", O_RDONLY | O_CLOEXEC) < 0 ? errno : GOT_OUT;
}

/* The host's listener stands in the host's /proc/net/unix. */
static int try_network_files(void) {
        static char text[1 << 20];
        int fd = open("/proc/net/unix", O_RDONLY | O_CLOEXEC);
        size_t length = 0;
        ssize_t count;

        if (fd < 0)
                return errno;
        while (length < sizeof(text) - 1 &&
               (count = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
                length += (size_t)count;
        close(fd);
        return strstr(text, get_parameter("abstract")) ? GOT_OUT : NO_GAIN;
}

/* A cgroup of the host, where a root program finds any. */
static int try_cgroup_making(void) {
        static const char *const places[] = { "/sys/fs/cgroup/escape",
                                              "/sys/fs/cgroup/unified/escape",
                                              "/sys/fs/cgroup/pids/escape" };

        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                if (mkdir(places[i], 0755) == 0)
                        return GOT_OUT;
        return NO_GAIN;
}

/* What every program may count on stays. */
static int try_ordinary_files(void) {
        static const char *const files[] = {
                "/proc/cpuinfo",     "/proc/meminfo",          "/proc/stat",
                "/proc/uptime",      "/proc/loadavg",          "/proc/filesystems",
                "/proc/self/status", "/proc/self/maps",        "/proc/sys/kernel/osrelease",
                "/proc/mounts",      "/proc/self/oom_score",   "/proc/sys/kernel/random/uuid",
                "/proc/net/dev",     "/proc/pressure/../stat", "/sys/devices/system/cpu/online",
        };

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                int fd = open(files[i], O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        return errno;
                close(fd);
        }
        return NO_GAIN;
}

/* Up from the root: there is nothing above it. */
static int try_above_root(void) {
        return open("/../../../../etc/shadow", O_RDONLY | O_CLOEXEC) < 0 ? errno : GOT_OUT;
}

static int try_identity(void) {
        int failed = is_root ? setresuid(12345, 12345, 12345) : setresuid(0, 0, 0);

        return failed < 0 ? errno : GOT_OUT;
}

static int try_capabilities(void) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct all[2] = { { ~0U, ~0U, 0 }, { ~0U, ~0U, 0 } };

        return syscall(SYS_capset, &head, all) < 0 ? errno : GOT_OUT;
}

static int try_securebits(void) {
        return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) < 0 ? errno : GOT_OUT;
}

static int try_bounding_set(void) {
        for (unsigned long i = 0; i < 41; i++)
                if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0)
                        return GOT_OUT;
        return NO_GAIN;
}

static int try_uid_map(void) {
        int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);

        return fd < 0 ? errno : write(fd, "0 0 1", 5) < 0 ? errno : GOT_OUT;
}

/* Runs a copy of this program that lies in the image with a setuid bit or with capabilities. */
static int try_privileged_file(const char *path) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                execl(path, path, "--what-am-i", is_root ? "0" : "12345", (char *)NULL);
                _exit(100);
        }
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return NO_GAIN;
        return WIFEXITED(status) && WEXITSTATUS(status) == 100 ? ENOEXEC : GOT_OUT;
}

static int try_setuid_file(void) {
        return try_privileged_file("/snap/escape/1/bin/setuid");
}

static int try_capable_file(void) {
        return try_privileged_file("/snap/escape/1/bin/capable");
}

static int what_am_i(const char *uid) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct have[2] = { 0 };

        if (geteuid() != (uid_t)strtoul(uid, NULL, 10) || syscall(SYS_capget, &head, have) < 0)
                return 1;
        return have[0].effective || have[0].permitted || have[1].effective || have[1].permitted;
}

/* In a child, because the answer is death. */
static int see_death(void (*attempt)(void)) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
                attempt();
                _exit(0);
        }
        waitpid(pid, &status, 0);
        return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : GOT_OUT;
}

#ifdef __x86_64__
static void call_i386(void) {
        long result;

        __asm__ volatile("int $0x80"
                         : "=a"(result)
                         : "a"(20L)
                         : "memory", "r8", "r9", "r10", "r11");
        (void)result;
}

static void call_x32(void) {
        (void)syscall(0x40000000L | SYS_getpid);
}
#else
static void call_i386(void) {
        (void)raise(SIGSYS);
}

static void call_x32(void) {
        (void)raise(SIGSYS);
}
#endif

static int try_i386(void) {
        return see_death(call_i386);
}

static int try_x32(void) {
        return see_death(call_x32);
}

/* A setuid file in data that lies on the host too, where no view's "nosuid" stops who starts it. */
static int try_setuid_by_chmod(void) {
        int fd = open("/tmp/armed", O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

        return fd < 0 ? ENOEXEC : fchmod(fd, 04755) < 0 ? errno : GOT_OUT;
}

static int try_setgid_by_name(void) {
        return chmod("/tmp/armed", 02755) < 0 ? errno : GOT_OUT;
}

static int try_setuid_by_fchmodat2(void) {
        return syscall(452, AT_FDCWD, "/tmp/armed", 06755, 0) < 0 ? errno : GOT_OUT;
}

static int try_setuid_by_open(void) {
        return open("/tmp/armed-2", O_WRONLY | O_CREAT | O_CLOEXEC, 04755) < 0 ? errno : GOT_OUT;
}

static int try_setuid_by_tmpfile(void) {
        return open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 04755) < 0 ? errno : GOT_OUT;
}

static int try_setuid_by_mknod(void) {
        return mknod("/tmp/armed-3", S_IFREG | 04755, 0) < 0 ? errno : GOT_OUT;
}

static int try_setuid_by_openat2(void) {
        uint64_t how[3] = { O_WRONLY | O_CREAT, 04755, 0 };

        return syscall(SYS_openat2, AT_FDCWD, "/tmp/armed-4", how, sizeof(how)) < 0 ? errno
                                                                                    : GOT_OUT;
}

static const struct {
        const char *name;
        int (*attempt)(void);
        int user, root;
        bool is_of_processes;
} FUNCTIONS[] = {
        { "descriptors of the caller", try_inherited, EBADF, EBADF },
        { "another user's home", try_secret, ENOENT, ENOENT },
        { "the host's sockets in /proc/net", try_network_files, NO_GAIN, NO_GAIN },
        { "a cgroup of the host", try_cgroup_making, NO_GAIN, NO_GAIN },
        { "ordinary files of the kernel are there", try_ordinary_files, NO_GAIN, NO_GAIN },
        { "above the root", try_above_root, ENOENT, ENOENT },
        { "memory of a host process", try_victim_memory, ENOENT, ENOENT },
        { "directory of a host process", try_victim_cwd, ENOENT, ENOENT },
        { "reading a host process", try_victim_read, EPERM, EPERM },
        { "tracing a host process", try_victim_trace, EPERM, EPERM },
        { "a signal to a host process", try_victim_signal, ESRCH, EPERM, true },
        { "a queued signal to a host process", try_victim_queue, ESRCH, EPERM, true },
        { "a signal by pidfd", try_victim_pidfd, ESRCH, EPERM, true },
        { "limits of a host process", try_victim_limits, EPERM, EPERM },
        { "shared memory of the host", try_shared_memory, ENOENT, ENOENT },
        { "the caller's working directory", try_working_directory, ENOENT, ENOENT },
        { "becoming somebody else", try_identity, EINVAL, EPERM },
        { "capabilities", try_capabilities, EPERM, EPERM },
        { "securebits", try_securebits, EPERM, EPERM },
        { "the bounding set", try_bounding_set, NO_GAIN, NO_GAIN },
        { "a new uid map", try_uid_map, EPERM, EPERM },
        { "a setuid file in the image", try_setuid_file, NO_GAIN, NO_GAIN },
        { "a file with capabilities in the image", try_capable_file, NO_GAIN, NO_GAIN },
        { "a setuid bit by fchmod", try_setuid_by_chmod, EPERM, EPERM },
        { "a setgid bit by chmod", try_setgid_by_name, EPERM, EPERM },
        { "both bits by fchmodat2", try_setuid_by_fchmodat2, EPERM, EPERM },
        { "a setuid bit by open", try_setuid_by_open, EPERM, EPERM },
        { "a setuid bit by O_TMPFILE", try_setuid_by_tmpfile, EPERM, EPERM },
        { "a setuid bit by mknod", try_setuid_by_mknod, EPERM, EPERM },
        { "openat2, which hides its mode", try_setuid_by_openat2, ENOSYS, ENOSYS },
        { "i386 system calls", try_i386, BY_SIGNAL + SIGSYS, BY_SIGNAL + SIGSYS },
        { "x32 system calls", try_x32, BY_SIGNAL + SIGSYS, BY_SIGNAL + SIGSYS },
};

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "--what-am-i") == 0)
                return what_am_i(argv[2]);
        parameters = argv + 1;
        is_root = geteuid() == 0;
        for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++)
                report(FUNCTIONS[i].name, FUNCTIONS[i].attempt(),
                       choose_expected(FUNCTIONS[i].user, FUNCTIONS[i].root,
                                       FUNCTIONS[i].is_of_processes));
        /* Not even asked of Landlock: in a network of its own there is none. */
        report("an abstract socket of the host", try_abstract_socket(), ECONNREFUSED);
        try_opens();
        try_calls();
        printf("%s - %s: %u ways out tried, %u not refused as they should be\n",
               failure_count ? "not ok" : "ok", is_root ? "root" : "user", attempt_count,
               failure_count);
        return failure_count != 0;
}
