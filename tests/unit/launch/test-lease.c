/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "launch/caller.h"
#include "launch/lease.h"
#include "scratch.h"
#include "unit.h"

static void a_lease_is_held_as_long_as_a_copy_is_open(void **state) {
        char root[SCRATCH_SIZE];
        Error err = ERROR_INIT;
        (void)state;

        scratch_make(root);
        assert_false(lease_is_held(root, "tool", "1"));
        int one = lease_open(root, "tool", "1", 1000, &err);
        int other = lease_open(root, "tool", "1", 1001, &err);
        assert_true(one >= 0 && other >= 0);
        int copy = fcntl(one, F_DUPFD_CLOEXEC, 0);
        assert_true(lease_is_held(root, "tool", "1"));
        assert_false(lease_is_held(root, "tool", "2"));
        (void)close(one);
        (void)close(other);
        assert_true(lease_is_held(root, "tool", "1"));
        (void)close(copy);
        assert_false(lease_is_held(root, "tool", "1"));
        assert_int_equal(scratch_remove(root), 0);
}

static void a_user_who_locks_his_lease_hinders_no_other(void **state) {
        char root[SCRATCH_SIZE];
        Error err = ERROR_INIT;
        (void)state;

        scratch_make(root);
        int hostile = lease_open(root, "tool", "1", 1000, &err);
        assert_int_equal(flock(hostile, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(lease_open(root, "tool", "1", 1000, &err), -1);
        int other = lease_open(root, "tool", "1", 1001, &err);
        assert_true(other >= 0);
        (void)close(hostile);
        (void)close(other);
        assert_int_equal(scratch_remove(root), 0);
}

/* It is handed to any user, who could else fill R/run with it. */
static void nobody_can_write_to_his_lease(void **state) {
        char root[SCRATCH_SIZE];
        Error err = ERROR_INIT;
        (void)state;

        scratch_make(root);
        int lease = lease_open(root, "tool", "1", 1000, &err);
        assert_true(lease >= 0);
        assert_int_equal(fcntl(lease, F_GETFL) & O_ACCMODE, O_RDONLY);
        assert_int_equal(write(lease, "x", 1), -1);
        assert_int_equal(ftruncate(lease, 1 << 20), -1);
        /* Nor by opening it anew, without the daemon's power. */
        autofree char *magic = string_format("/proc/self/fd/%d", lease);
        pid_t pid = geteuid() == 0 ? fork() : -1;
        if (pid == 0) {
                if (setresgid(1000, 1000, 1000) < 0 || setresuid(1000, 1000, 1000) < 0)
                        _exit(2);
                _exit(open(magic, O_WRONLY | O_CLOEXEC) >= 0);
        }
        int status = 0;
        if (pid > 0)
                assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void)close(lease);
        assert_int_equal(scratch_remove(root), 0);
}

static void a_package_is_known_by_its_cgroup(void **state) {
        (void)state;
        assert_true(caller_cgroup_is_confined("0::/user.slice/snap.tool.run-1.scope\n"));
        assert_true(caller_cgroup_is_confined("1:name=systemd:/snap.tool.run\n0::/\n"));
        assert_false(caller_cgroup_is_confined("0::/user.slice/session-1.scope\n"));
        assert_false(caller_cgroup_is_confined("0::/system.slice/snapd.service\n"));
}

static void who_has_ended_is_seen_by_his_pidfd(void **state) {
        pid_t pid = fork();
        (void)state;

        if (pid == 0) {
                (void)pause();
                _exit(0);
        }
        autofd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        assert_true(pidfd >= 0);
        assert_false(caller_has_ended(pidfd));
        assert_false(caller_has_ended(-1));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(caller_has_ended(pidfd));
}

/* However many accounts take all they get, root has all his places and the next one the half. */
static void greedy_users_leave_places_for_root_and_for_the_next(void **state) {
        size_t taken = 0, last = 0;
        (void)state;

        for (uid_t uid = 1000; uid < 1012; uid++) {
                size_t own = 0;
                while (caller_may_begin(uid, own, taken))
                        own++, taken++;
                assert_true(own <= 32);
                assert_true(uid > 1007 || own > 0); /* the eighth account too */
                last = taken;
        }
        assert_true(last <= CALLER_SESSION_MAX);
        for (size_t own = 0; own < 32; own++)
                assert_true(caller_may_begin(0, own, taken));
        assert_false(caller_may_begin(0, 32, 0));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_lease_is_held_as_long_as_a_copy_is_open),
                cmocka_unit_test(a_user_who_locks_his_lease_hinders_no_other),
                cmocka_unit_test(nobody_can_write_to_his_lease),
                cmocka_unit_test(a_package_is_known_by_its_cgroup),
                cmocka_unit_test(who_has_ended_is_seen_by_his_pidfd),
                cmocka_unit_test(greedy_users_leave_places_for_root_and_for_the_next),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
