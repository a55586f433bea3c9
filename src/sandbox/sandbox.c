/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "sandbox/landlock.h"
#include "sandbox/strict.h"

static int close_others(const SandboxProfile *profile, Error *err) {
        if (close_range((unsigned)profile->last_fd + 1, ~0u, 0) < 0)
                return error_set_errno(err, errno, "cannot close inherited descriptors");
        return 0;
}

static int set_limits(const SandboxProfile *profile, Error *err) {
        const struct {
                __rlimit_resource_t resource;
                uint64_t value;
                bool is_set;
        } limits[] = {
                { RLIMIT_CORE, 0, true },
                { RLIMIT_FSIZE, profile->file_size_max, true },
                { RLIMIT_NOFILE, profile->descriptor_max, true },
                { RLIMIT_CPU, profile->cpu_seconds_max, profile->cpu_seconds_max > 0 },
        };

        for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
                struct rlimit limit = { limits[i].value, limits[i].value };
                if (limits[i].is_set && setrlimit(limits[i].resource, &limit) < 0)
                        return error_set_errno(err, errno, "cannot set a resource limit");
        }
        /* A line of log into a file is then refused, not deadly. */
        if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return error_set_errno(err, errno, "cannot ignore a signal");
        return profile->memory_max > 0 ? strict_limit_memory(profile->memory_max, err) : 0;
}

/* Changing the uid makes the kernel forget the signal for a parent's death: it is armed again, and
 * a parent that died in between is noticed by its number. */
static int drop_identity(const SandboxProfile *profile, Error *err) {
        pid_t parent = getppid();
        int death_signal = 0;

        if (geteuid() != 0)
                return 0;
        if (profile->uid == 0)
                return error_set(err, ERROR_FAILED, "a sandbox for root is none");
        if (prctl(PR_GET_PDEATHSIG, &death_signal) < 0)
                return error_set_errno(err, errno, "cannot ask for the death signal");
        if (setgroups(0, NULL) < 0 || setresgid(profile->uid, profile->uid, profile->uid) < 0 ||
            setresuid(profile->uid, profile->uid, profile->uid) < 0)
                return error_set_errno(err, errno, "cannot become uid %u", profile->uid);
        if (prctl(PR_SET_PDEATHSIG, death_signal) < 0)
                return error_set_errno(err, errno, "cannot set the death signal");
        if (death_signal != 0 && getppid() != parent)
                return error_set(err, ERROR_LOST, "the parent is gone");
        return 0;
}

static int give_up_privileges(Error *err) {
        if (prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_set_errno(err, errno, "cannot refuse tracing");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_set_errno(err, errno, "cannot set no_new_privs");
        return 0;
}

int sandbox_enter(const SandboxProfile *profile, Error *err) {
        strict_prepare();
        if (close_others(profile, err) < 0 || set_limits(profile, err) < 0 ||
            drop_identity(profile, err) < 0 || give_up_privileges(err) < 0)
                return error_prefix(err, "cannot lock in");

        int has_landlock = landlock_deny_all_but(profile->readable_directory, err);
        if (has_landlock < 0)
                return error_prefix(err, "cannot lock in");
        if (has_landlock == 0)
                log_debug("this kernel has no Landlock");
        if (strict_install_filter(profile, err) < 0)
                return error_prefix(err, "cannot lock in");
        return 0;
}
