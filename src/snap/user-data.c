/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/user-data.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/tree-copy.h"
#include "snap/account.h"

#define USER_LIMIT_MS (600 * 1000) /* for all that one user has */

/* What the child does in a home that is open. */
typedef int (*InHome)(int home, const UserDataOrder *order, Error *err);

typedef struct Round {
        Worker *worker;
        const UserDataOrder *order;
        InHome act;
        const char *failure; /* what the log says of a home where it failed */
} Round;

/* --- as the user --- */

/* -2: there is none. */
static int open_data(int home, const UserDataOrder *order, Error *err) {
        autofree char *path = string_format("snap/%s", order->instance);
        int fd = file_open_beneath(home, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);

        return fd < 0 && (err->number == ENOENT || err->number == ENOTDIR) ? -2 : fd;
}

/* By a rename first, so that nobody ever meets half of it. */
static int discard_aside(int directory, const char *name, Error *err) {
        autofree char *aside = string_format(".%s.old~", name);

        if (tree_remove(directory, aside, err) < 0)
                return -1;
        if (renameat(directory, name, directory, aside) < 0)
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot move %s", name);
        if (fd_sync(directory, name, err) < 0)
                return -1;
        return tree_remove(directory, aside, err);
}

static int copy_staged(int data, const UserDataOrder *order, const char *staged, Error *err) {
        if (tree_remove(data, staged, err) < 0 ||
            tree_copy(data, order->from, data, staged, err) < 0)
                return -1;
        /* A leftover of that name is nobody's: the revision is only being made. */
        if (discard_aside(data, order->revision, err) < 0)
                return -1;
        if (renameat(data, staged, data, order->revision) < 0)
                return error_set_errno(err, errno, "cannot put revision %s into place",
                                       order->revision);
        return fd_sync(data, order->revision, err);
}

static int copy_in_home(int home, const UserDataOrder *order, Error *err) {
        autofree char *staged = string_format(".%s.new~", order->revision);
        autofd int data = open_data(home, order, err);
        Error ignored;

        if (data < 0)
                return data == -2 ? 0 : -1;
        if (!file_exists_beneath(data, order->from))
                return discard_aside(data, order->revision, err);
        if (copy_staged(data, order, staged, err) == 0)
                return 0;
        (void)tree_remove(data, staged, &ignored);
        return -1;
}

/* The link of a home names what was last started there, maybe the revision that goes. */
static int turn_back(int data, const UserDataOrder *order, Error *err) {
        char target[64] = "";

        if (readlinkat(data, "current", target, sizeof(target) - 1) < 0 ||
            !string_equal(target, order->revision))
                return 0;
        if (order->back && file_exists_beneath(data, order->back)) {
                (void)unlinkat(data, ".current.new~", 0);
                if (symlinkat(order->back, data, ".current.new~") < 0 ||
                    renameat(data, ".current.new~", data, "current") < 0)
                        return error_set_errno(err, errno, "cannot turn the link \"current\" back");
                return 0;
        }
        if (unlinkat(data, "current", 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove the link \"current\"");
        return 0;
}

/* Of a first installation nothing stays but what the package itself has put into "common". */
static void remove_if_empty(int home, int data, const UserDataOrder *order) {
        autofree char *path = string_format("snap/%s", order->instance);

        if (!order->is_first)
                return;
        (void)unlinkat(data, "common", AT_REMOVEDIR);
        (void)unlinkat(home, path, AT_REMOVEDIR);
}

static int discard_revision(int home, const UserDataOrder *order, Error *err) {
        autofree char *staged = string_format(".%s.new~", order->revision);
        autofd int data = open_data(home, order, err);

        if (data < 0)
                return data == -2 ? 0 : -1;
        if (tree_remove(data, staged, err) < 0 || discard_aside(data, order->revision, err) < 0 ||
            turn_back(data, order, err) < 0)
                return -1;
        remove_if_empty(home, data, order);
        return 0;
}

static int discard_in_home(int home, const UserDataOrder *order, Error *err) {
        if (order->revision)
                return discard_revision(home, order, err);
        autofd int snaps =
                file_open_beneath(home, "snap", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (snaps < 0)
                return err->number == ENOENT ? 0 : -1;
        return discard_aside(snaps, order->instance, err);
}

/* The daemon's directories are closed before anything of the user's is touched; the child is not
 * dumpable, so its user may end it, but neither look into it nor use it. */
__attribute__((noreturn)) static void run_child(const Round *round, const Account *account,
                                                int report, pid_t parent) {
        Error err = ERROR_INIT;
        int result = -1;

        if (dup3(report, 3, O_CLOEXEC) < 0 && report != 3)
                _exit(1);
        (void)syscall(SYS_close_range, 4U, ~0U, 0U);
        if (account_become(account, round->order->places->root, &err) == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                        _exit(1);
                autofd int home = directory_open(account->home, &err);
                result = home < 0 ? -1 : round->act(home, round->order, &err);
        }
        if (result < 0)
                (void)!write(3, &err, sizeof(err));
        _exit(0);
}

/* --- as root --- */

/* What root cannot see (a remote home) may be there. */
static bool may_exist(const char *home, const char *before, const char *instance,
                      const char *after) {
        autofree char *path = string_format("%s/snap/%s%s%s", home, before, instance, after);
        struct stat st;

        return fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 ||
               (errno != ENOENT && errno != ENOTDIR);
}

/* Cheap, before a child is made; also where an earlier attempt was killed half way. */
static bool may_have_data(const Account *account, const char *instance) {
        return may_exist(account->home, "", instance, "") ||
               may_exist(account->home, ".", instance, ".old~");
}

/* What the child said; silence is success, but not that of one who was killed. */
static int wait_for_child(pid_t pid, int report, Error *err) {
        struct pollfd wait = { .fd = report, .events = POLLIN };
        int ready = poll(&wait, 1, USER_LIMIT_MS), status = 0;

        if (ready <= 0)
                (void)kill(pid, SIGKILL);
        ssize_t length = ready > 0 ? read(report, err, sizeof(*err)) : 0;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (ready <= 0)
                return error_set(err, ERROR_BUSY, "it takes longer than %d s",
                                 USER_LIMIT_MS / 1000);
        if (length == (ssize_t)sizeof(*err)) {
                err->message[sizeof(err->message) - 1] = '\0';
                return -1;
        }
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_set(err, ERROR_LOST, "the process that does it was ended");
        return 0;
}

static int run_as(const Round *round, const Account *account, Error *err) {
        pid_t parent = getpid();
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        autofd int reader = ends[0];
        /* Not fork(): libuv's handler in the child would close what it takes for its own pipe, by
         * numbers that are ours since this worker closed them. */
        pid_t pid = _Fork();
        if (pid == 0)
                run_child(round, account, ends[1], parent);
        (void)close(ends[1]);
        if (pid < 0)
                return error_set_errno(err, errno, "cannot make a process");
        return wait_for_child(pid, reader, err);
}

/* A child that somebody ended (its user may) gets another try, as a worker does. */
static int run_again(const Round *round, const Account *account, Error *err) {
        int result = -1;

        for (int i = 0; i < WORKER_ATTEMPT_MAX && result < 0; i++) {
                result = run_as(round, account, err);
                if (result < 0 && err->kind != ERROR_LOST)
                        return -1;
        }
        return result;
}

static int visit(void *context, const Account *account, Error *err) {
        const Round *round = context;
        Error failure = ERROR_INIT;

        (void)err;
        if (!may_have_data(account, round->order->instance) ||
            run_again(round, account, &failure) == 0)
                return 0;
        autofree char *line = string_format("data of user %s %s: %s", account->name, round->failure,
                                            failure.message);
        worker_log(round->worker, line);
        return 0;
}

int user_data_copy(Worker *worker, const UserDataOrder *order, Error *err) {
        Round round = { worker, order, copy_in_home,
                        "is copied when the new revision is first started" };

        return account_visit_all(order->places->root, visit, &round, err);
}

int user_data_discard(Worker *worker, const UserDataOrder *order, Error *err) {
        Round round = { worker, order, discard_in_home, "stays" };

        return account_visit_all(order->places->root, visit, &round, err);
}
