/* SPDX-License-Identifier: Apache-2.0
 *
 * By raw system calls: Debian 12's headers are of kernel 6.1 and know versions 1 and 2 only, its C
 * library knows none.
 */
#include "sandbox/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CREATE_RULESET_VERSION 1u

/* linux/landlock.h as of version 6; an older kernel takes the front part. */
typedef struct Ruleset {
        uint64_t file_accesses;
        uint64_t network_accesses;
        uint64_t scopes;
} Ruleset;

/* What each version of the interface added. */
typedef struct Version {
        size_t size;
        unsigned file_access_count; /* bits, from the lowest */
        unsigned network_access_count;
        unsigned scope_count;
} Version;

static const Version VERSIONS[] = {
        { 8, 13, 0, 0 },  /* 1: files */
        { 8, 14, 0, 0 },  /* 2: refer */
        { 8, 15, 0, 0 },  /* 3: truncate */
        { 16, 15, 2, 0 }, /* 4: TCP bind and connect */
        { 16, 16, 2, 0 }, /* 5: ioctl on devices */
        { 24, 16, 2, 2 }, /* 6: abstract sockets, signals to outside */
};

static uint64_t bits(unsigned count) {
        return (UINT64_C(1) << count) - 1;
}

/* linux/landlock.h */
typedef struct PathRule {
        uint64_t allowed;
        int32_t parent;
} __attribute__((packed)) PathRule;

#define RULE_PATH_BENEATH 1u
#define ACCESS_READ       (UINT64_C(3) << 2) /* files and directories */

static int allow_reading(int ruleset, int directory, Error *err) {
        PathRule rule = { .allowed = ACCESS_READ, .parent = directory };

        if (directory > 0 &&
            syscall(__NR_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
                return error_set_errno(err, errno, "cannot let Landlock allow a directory");
        return 0;
}

int landlock_deny_all_but(int directory, Error *err) {
        long known = syscall(__NR_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

        if (known < 1 && (errno == ENOSYS || errno == EOPNOTSUPP))
                return 0;
        if (known < 1)
                return error_set_errno(err, errno, "cannot ask for Landlock");
        if ((size_t)known > ARRAY_COUNT(VERSIONS))
                known = ARRAY_COUNT(VERSIONS);

        const Version *version = &VERSIONS[known - 1];
        Ruleset ruleset = {
                .file_accesses = bits(version->file_access_count),
                .network_accesses = bits(version->network_access_count),
                .scopes = bits(version->scope_count),
        };
        autofd int fd = (int)syscall(__NR_landlock_create_ruleset, &ruleset, version->size, 0);
        if (fd < 0)
                return error_set_errno(err, errno, "cannot make Landlock rules");
        if (allow_reading(fd, directory, err) < 0)
                return -1;
        if (syscall(__NR_landlock_restrict_self, fd, 0) < 0)
                return error_set_errno(err, errno, "cannot enter Landlock");
        return 1;
}
