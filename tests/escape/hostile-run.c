/* SPDX-License-Identifier: Apache-2.0
 *
 * A launcher that does not obey: it asks pawld as pawl-run does, takes the descriptors, and makes
 * itself root of a user and mount namespace of its own, where it may do with them what the kernel
 * lets it.  One line an attempt.
 *
 *   hostile-run SOCKET COMMAND            the attempts on the plan's descriptors
 *   hostile-run SOCKET COMMAND inside     asks from inside a user namespace: must be refused
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/text.h"
#include "wire/frame.h"
#include "wire/launch.h"

enum {
        FD_LEASE,
        FD_BASE_LEASE,
        FD_BASE,
        FD_IMAGE,
        FD_SECCOMP
};

static unsigned failure_count;

static void report(const char *name, int number, int expected) {
        if (number == expected) {
                printf("ok - hostile: %s: %s\n", name, strerrorname_np(number));
                return;
        }
        failure_count++;
        printf("not ok - hostile: %s: %s, expected %s\n", name,
               number ? strerrorname_np(number) : "NOT REFUSED", strerrorname_np(expected));
}

static _Noreturn void give_up(const char *what) {
        printf("not ok - hostile: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void write_file(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                give_up(path);
        close(fd);
}

static void become_root_of_own_namespace(void) {
        char map[64];
        uid_t uid = geteuid();
        gid_t gid = getegid();

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                give_up("unshare");
        snprintf(map, sizeof(map), "0 %u 1", uid);
        write_file("/proc/self/uid_map", map);
        write_file("/proc/self/setgroups", "deny");
        snprintf(map, sizeof(map), "0 %u 1", gid);
        write_file("/proc/self/gid_map", map);
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                give_up("connect");
        return fd;
}

static void ask(int socket, const char *command, Frame *frame, LaunchAnswer *answer) {
        LaunchRequest request = { .version = LAUNCH_PROTOCOL,
                                  .oldest = LAUNCH_PROTOCOL,
                                  .command = command,
                                  .landlock_abi = 6 };
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;

        launch_request_format(&request, &text);
        if (frame_send(socket, text.bytes, text.length, NULL, 0, &err) < 0 &&
            err.kind != ERROR_LOST)
                give_up("request");
        if (frame_receive(socket, frame, &err) <= 0 && frame_receive(socket, frame, &err) <= 0)
                give_up("answer");
        if (launch_answer_parse(frame->bytes, frame->length, answer, &err) < 0) {
                printf("not ok - hostile: %s\n", err.message);
                exit(1);
        }
}

/* ── what can be done with a mount ── */

static int clear_flag(int mount, unsigned flags, __u64 flag) {
        struct mount_attr attributes = { .attr_clr = flag };

        return syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes,
                       sizeof(attributes)) < 0
                       ? errno
                       : 0;
}

static int remount(const char *place, unsigned long flags) {
        return mount(NULL, place, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0 ? errno : 0;
}

static const struct {
        const char *name;
        __u64 flag;
        unsigned long remount; /* all flags but this one */
} FLAGS[] = {
        { "ro", MOUNT_ATTR_RDONLY, MS_NOSUID | MS_NODEV },
        { "nosuid", MOUNT_ATTR_NOSUID, MS_RDONLY | MS_NODEV },
        { "nodev", MOUNT_ATTR_NODEV, MS_RDONLY | MS_NOSUID },
};

static void try_flags(int mount, const char *what, const char *place) {
        char name[128];

        for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
                snprintf(name, sizeof(name), "clear %s of the %s, detached", FLAGS[i].name, what);
                report(name, clear_flag(mount, 0, FLAGS[i].flag), EPERM);
                snprintf(name, sizeof(name), "clear %s of the %s, recursively", FLAGS[i].name,
                         what);
                report(name, clear_flag(mount, AT_RECURSIVE, FLAGS[i].flag), EPERM);
        }
        if (syscall(SYS_move_mount, mount, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                give_up("move_mount");
        for (size_t i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
                snprintf(name, sizeof(name), "clear %s of the %s, attached", FLAGS[i].name, what);
                report(name, clear_flag(mount, 0, FLAGS[i].flag), EPERM);
                snprintf(name, sizeof(name), "remount the %s without %s", what, FLAGS[i].name);
                report(name, remount(place, FLAGS[i].remount), EPERM);
                int clone = (int)syscall(SYS_open_tree, AT_FDCWD, place, OPEN_TREE_CLONE);
                snprintf(name, sizeof(name), "clear %s of a clone of the %s", FLAGS[i].name, what);
                report(name, clone < 0 ? errno : clear_flag(clone, 0, FLAGS[i].flag), EPERM);
                close(clone);
        }
}

static void try_nodes(const char *place) {
        char path[256];

        snprintf(path, sizeof(path), "%s/disk", place);
        report("open the device node in what pawld sent", open(path, O_RDONLY) < 0 ? errno : 0,
               EACCES);
        snprintf(path, sizeof(path), "%s/new", place);
        report("write into what pawld sent", open(path, O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0,
               EROFS);
}

/* ── the other descriptors ── */

static void try_seccomp_file(int file) {
        report("write the seccomp program", pwrite(file, "x", 1, 0) < 0 ? errno : 0, EPERM);
        report("shorten the seccomp program", ftruncate(file, 0) < 0 ? errno : 0, EPERM);
        report("seal the seccomp program anew",
               fcntl(file, F_ADD_SEALS, F_SEAL_GROW) < 0 ? errno : 0, EPERM);
}

static void try_lease(int file) {
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
        report("open the lease's file anew", open(path, O_RDWR) < 0 ? errno : 0, EACCES);
        /* His own lease he may spoil; the driver checks that other uids still launch. */
        if (flock(file, LOCK_EX | LOCK_NB) < 0)
                printf("ok - hostile: own lease not even locked: %s\n", strerrorname_np(errno));
        else
                printf("ok - hostile: own lease locked, which hurts himself alone\n");
}

int main(int argc, char **argv) {
        autoframe frame = FRAME_INIT;
        LaunchAnswer answer;

        if (argc < 3)
                return 64;
        setvbuf(stdout, NULL, _IOLBF, 0);
        if (argc > 3)
                become_root_of_own_namespace();
        int socket = connect_to(argv[1]);
        ask(socket, argv[2], &frame, &answer);
        if (argc > 3) {
                printf("%s - hostile: a launch from inside a user namespace: %s\n",
                       answer.kind == LAUNCH_ANSWER_NO ? "ok" : "not ok",
                       answer.kind == LAUNCH_ANSWER_NO ? answer.message : "NOT REFUSED");
                return answer.kind != LAUNCH_ANSWER_NO;
        }
        if (answer.kind != LAUNCH_ANSWER_PLAN || frame.fd_count != 5) {
                printf("not ok - hostile: got no plan: %s\n", answer.message ? answer.message : "");
                return 1;
        }
        become_root_of_own_namespace();
        if (mount("x", "/mnt", "tmpfs", 0, NULL) < 0 || mkdir("/mnt/base", 0755) < 0 ||
            mkdir("/mnt/image", 0755) < 0)
                give_up("tmpfs");
        try_flags(frame.fds[FD_BASE], "base", "/mnt/base");
        try_flags(frame.fds[FD_IMAGE], "image", "/mnt/image");
        try_nodes("/mnt/image");
        try_seccomp_file(frame.fds[FD_SECCOMP]);
        try_lease(frame.fds[FD_LEASE]);
        return failure_count != 0;
}
