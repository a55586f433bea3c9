/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "front/peer.h"
#include "unit.h"
#include "wire/frame.h"

static void cgroups_of_snaps_are_known(void **state) {
        static const struct {
                const char *text;
                bool is_snap;
        } CASES[] = {
                { "0::/\n", false },
                { "0::/user.slice/user-1000.slice/session-1.scope\n", false },
                { "0::/system.slice/snapd.service\n", false },
                { "0::/system.slice/snap.service\n", true },
                { "0::/system.slice/snap.a.b.service\n", true },
                { "1:name=systemd:/x\n0::/user.slice/snap.a.b-1.scope\n", true },
                { "1:name=systemd:/snap.a.b-1.scope/below\n0::/x\n", true },
                { "0::/my-snap.x\n", false },
                { "0::/snap.\n", false },
                { "", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
                if (peer_is_snap_cgroup(CASES[i].text) != CASES[i].is_snap)
                        fail_msg("%s", CASES[i].text);
}

static void we_are_who_we_are(void **state) {
        int pair[2];
        Peer peer;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(peer_get(pair[0], &peer, &err), 0);
        assert_int_equal(peer.pid, getpid());
        assert_int_equal(peer.uid, getuid());
        assert_int_equal(peer.gid, getgid());
        peer_done(&peer);
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static void who_comes_from_a_package_is_known_by_his_view(void **state) {
        Peer peer = { .pid = getpid(), .uid = getuid(), .pidfd = -1 };
        Peer nobody = { .pid = -1, .pidfd = -1 };
        Error err = ERROR_INIT;
        struct stat mounts;

        (void)state;
        assert_int_equal(stat("/proc/self/ns/mnt", &mounts), 0);
        assert_int_equal(peer_confine(&peer, &err), 0);
        assert_true(peer.is_confined);
        assert_int_equal(peer.view, mounts.st_ino);
        assert_int_equal(peer_confine(&nobody, &err), -1);
        assert_int_equal(err.kind, ERROR_FORBIDDEN);
}

/* The credentials of a pair are those of its maker: so a child makes one and passes an end. */
static _Noreturn void connect_and_wait(int channel, bool unshares) {
        int pair[2];
        Error err = ERROR_INIT;

        if ((unshares && unshare(CLONE_NEWUSER) < 0) || frame_open_pair(pair, &err) < 0 ||
            frame_send(channel, "x", 1, pair, 1, &err) < 0)
                _exit(1);
        for (;;)
                (void)pause();
}

/* Whether another process counts as confined, while it lives or after its end. */
static bool is_seen_confined(bool unshares, bool ends) {
        autoframe frame = FRAME_INIT;
        int channel[2];
        Peer peer;
        Error err = ERROR_INIT;

        assert_int_equal(frame_open_pair(channel, &err), 0);
        pid_t pid = fork();
        if (pid == 0)
                connect_and_wait(channel[1], unshares);
        (void)close(channel[1]);
        assert_int_equal(frame_receive(channel[0], &frame, &err), 1);
        assert_true(!ends || (kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid));
        assert_int_equal(peer_get(frame.fds[0], &peer, &err), 0);
        assert_int_equal(peer.pid, pid);
        bool is_confined = peer.is_confined;
        peer_done(&peer);
        assert_true(ends || (kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid));
        (void)close(channel[0]);
        return is_confined;
}

static void a_foreign_user_namespace_is_confined(void **state) {
        (void)state;
        assert_false(is_seen_confined(false, false));
        assert_true(is_seen_confined(true, false));
}

/* Its number may be another's by now. */
static void who_has_ended_is_confined(void **state) {
        (void)state;
        assert_true(is_seen_confined(false, true));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cgroups_of_snaps_are_known),
                cmocka_unit_test(we_are_who_we_are),
                cmocka_unit_test(who_comes_from_a_package_is_known_by_his_view),
                cmocka_unit_test(a_foreign_user_namespace_is_confined),
                cmocka_unit_test(who_has_ended_is_confined),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
