/* SPDX-License-Identifier: Apache-2.0
 *
 * A program of the package that still runs swaps parts of the copy while it is made.  It may spoil
 * its own data; no file of the host may be linked into the copy or changed.  Here it strikes at the
 * very call after which it would succeed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../unit.h"
#include "base/file.h"
#include "base/tree-copy.h"

/* What happens in place of the attacked call's return; NULL = nothing. */
static void (*strike)(int directory, const char *name);
static int strike_count;

int __real_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode) {
        int made = __real_mkdirat(directory, name, mode);

        if (strike)
                strike(directory, name);
        return made;
}

int __real_fchownat(int directory, const char *name, uid_t uid, gid_t gid, int flags);
int __wrap_fchownat(int directory, const char *name, uid_t uid, gid_t gid, int flags);
int __wrap_fchownat(int directory, const char *name, uid_t uid, gid_t gid, int flags) {
        int done = __real_fchownat(directory, name, uid, gid, flags);

        if (strike)
                strike(directory, name);
        return done;
}

static int open_place(char *place) {
        Error err = ERROR_INIT;

        assert_non_null(mkdtemp(place));
        int directory = directory_open(place, &err);
        assert_true(directory >= 0);
        assert_int_equal(__real_mkdirat(directory, "from", 0755), 0);
        assert_int_equal(__real_mkdirat(directory, "host", 0755), 0);
        int secret = openat(directory, "host/name", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(secret, "secret", 6), 6);
        (void)close(secret);
        strike_count = 0;
        return directory;
}

static void close_place(int directory, const char *place) {
        autofd int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Error err = ERROR_INIT;

        strike = NULL;
        (void)close(directory);
        assert_int_equal(tree_remove(tmp, place + strlen("/tmp/"), &err), 0);
}

/* When the second directory is made, the first becomes a link to one of the host. */
static void swap_first_directory(int directory, const char *name) {
        const char *other = strcmp(name, "a") == 0 ? "b" : "a";

        if ((strcmp(name, "a") != 0 && strcmp(name, "b") != 0) ||
            renameat(directory, other, directory, "aside") < 0)
                return;
        assert_int_equal(symlinkat("../host", directory, other), 0);
        strike_count++;
}

static void a_second_name_is_never_that_of_a_file_of_the_host(void **state) {
        char place[] = "/tmp/tree-copy-XXXXXX";
        int directory = open_place(place);
        struct stat host = { 0 };
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(__real_mkdirat(directory, "from/a", 0755), 0);
        assert_int_equal(__real_mkdirat(directory, "from/b", 0755), 0);
        autofd int file = openat(directory, "from/a/name", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_int_equal(linkat(directory, "from/a/name", directory, "from/b/name", 0), 0);
        strike = swap_first_directory;
        assert_int_equal(tree_copy(directory, "from", directory, "to", &err), -1);
        assert_int_equal(strike_count, 1);
        assert_int_equal(fstatat(directory, "host/name", &host, 0), 0);
        assert_int_equal(host.st_nlink, 1);
        close_place(directory, place);
}

/* Between the making of a node and what is then done to it. */
static void swap_node(int directory, const char *name) {
        if (strcmp(name, "name") != 0)
                return;
        assert_int_equal(unlinkat(directory, name, 0), 0);
        assert_int_equal(symlinkat("../host/name", directory, name), 0);
        strike_count++;
}

static void the_mode_of_a_node_never_goes_to_a_file_of_the_host(void **state) {
        char place[] = "/tmp/tree-copy-XXXXXX";
        int directory = open_place(place);
        struct stat host = { 0 };
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(mknodat(directory, "from/name", S_IFIFO | 0666, 0), 0);
        assert_int_equal(fchmodat(directory, "from/name", 0666, 0), 0);
        strike = swap_node;
        assert_int_equal(tree_copy(directory, "from", directory, "to", &err), 0);
        assert_int_equal(strike_count, 1);
        assert_int_equal(fstatat(directory, "host/name", &host, 0), 0);
        assert_int_equal(host.st_mode & 07777, 0600);
        close_place(directory, place);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_second_name_is_never_that_of_a_file_of_the_host),
                cmocka_unit_test(the_mode_of_a_node_never_goes_to_a_file_of_the_host),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
