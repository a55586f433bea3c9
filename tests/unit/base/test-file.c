/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../unit.h"
#include "base/file.h"
#include "base/text.h"

/* The order in which durability was asked for, as letters: f file synced, d directory synced, r
 * renamed.  The test program's own fsync and renameat stand in front of libc's. */
static char calls[64];
static size_t call_count;
static int failing_renames;

static void note(char what) {
        if (call_count < sizeof(calls) - 1)
                calls[call_count++] = what;
        calls[call_count] = '\0';
}

static void forget_calls(void) {
        call_count = 0;
        calls[0] = '\0';
}

int fsync(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        note(S_ISDIR(st.st_mode) ? 'd' : 'f');
        return (int)syscall(SYS_fsync, fd);
}

int renameat(int from, const char *old, /* NOLINT: libc's names of parameters are reserved */
             int to, const char *new) {
        note('r');
        if (failing_renames > 0) {
                failing_renames--;
                errno = EIO;
                return -1;
        }
        return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

typedef struct World {
        char path[64];
        int inside;  /* the directory that nothing may leave */
        int outside; /* its parent, with a file "secret" */
} World;

static void make_file(int directory, const char *name, const char *content) {
        autofd int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void assert_content(int directory, const char *name, const char *content) {
        autofd int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        autofree char *bytes = NULL;
        size_t length = 0;
        Error err = ERROR_INIT;

        assert_true(fd >= 0);
        assert_int_equal(file_read_all(fd, 1000, &bytes, &length, &err), 0);
        assert_string_equal(bytes, content);
        assert_int_equal(length, strlen(content));
}

static bool exists(int directory, const char *name) {
        struct stat st;

        return fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int begin_world(void **state) {
        const char *temporary = getenv("TMPDIR");
        World *world = memory_new(sizeof(*world));
        Error err = ERROR_INIT;

        (void)snprintf(world->path, sizeof(world->path), "%.40s/pawl-file-XXXXXX",
                       temporary ? temporary : "/tmp");
        assert_non_null(mkdtemp(world->path));
        world->outside = directory_open(world->path, &err);
        assert_true(world->outside >= 0);
        make_file(world->outside, "secret", "secret");
        assert_int_equal(mkdirat(world->outside, "inside", 0700), 0);
        world->inside =
                file_open_beneath(world->outside, "inside", O_RDONLY | O_DIRECTORY, 0, &err);
        assert_true(world->inside >= 0);
        assert_int_equal(symlinkat("../secret", world->inside, "to-secret"), 0);
        assert_int_equal(symlinkat("..", world->inside, "to-parent"), 0);
        assert_int_equal(symlinkat("/etc", world->inside, "to-etc"), 0);
        forget_calls();
        *state = world;
        return 0;
}

static int end_world(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        assert_int_equal(tree_remove(world->outside, "inside", &err), 0);
        assert_int_equal(unlinkat(world->outside, "secret", 0), 0);
        assert_int_equal(rmdir(world->path), 0);
        assert_int_equal(close(world->inside) | close(world->outside), 0);
        free(world);
        return 0;
}

/* Each names a way out of the directory. */
static const char *const WAYS_OUT[] = {
        "../secret",
        "to-parent/secret",
        "to-secret",
        "/etc/passwd",
        "to-etc/passwd",
        "./../secret",
        "to-parent/inside/../secret",
        "/proc/self/status",
        "..",
};

static void opening_never_leaves_the_directory(void **state) {
        World *world = *state;

        for (size_t i = 0; i < ARRAY_COUNT(WAYS_OUT); i++) {
                Error err = ERROR_INIT;
                int fd = file_open_beneath(world->inside, WAYS_OUT[i], O_RDONLY, 0, &err);
                if (fd >= 0)
                        fail_msg("%s was opened", WAYS_OUT[i]);
                assert_int_equal(err.number, EXDEV);
                assert_true(strstr(err.message, WAYS_OUT[i]) != NULL);
                assert_false(file_exists_beneath(world->inside, WAYS_OUT[i]) &&
                             strcmp(WAYS_OUT[i], "to-secret") != 0);
        }
}

static void writing_never_leaves_the_directory(void **state) {
        static const char *const OUT[] = { "../new", "to-parent/new", "/new", "to-etc/new",
                                           "../secret" };
        World *world = *state;

        for (size_t i = 0; i < ARRAY_COUNT(OUT); i++) {
                Error err = ERROR_INIT;
                assert_int_equal(file_write_atomic(world->inside, OUT[i], "x", 1, 0600, &err), -1);
                assert_int_equal(link_write_atomic(world->inside, OUT[i], "x", &err), -1);
                assert_int_equal(tree_remove(world->inside, OUT[i], &err), -1);
        }
        assert_false(exists(world->outside, "new"));
        assert_false(exists(AT_FDCWD, "/etc/new"));
        assert_content(world->outside, "secret", "secret");
}

static void a_path_without_a_last_name_is_refused(void **state) {
        static const char *const NAMELESS[] = { "", ".", "..", "a/", "a/..", "/" };
        World *world = *state;

        for (size_t i = 0; i < ARRAY_COUNT(NAMELESS); i++) {
                Error err = ERROR_INIT;
                assert_int_equal(file_write_atomic(world->inside, NAMELESS[i], "x", 1, 0600, &err),
                                 -1);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
                assert_int_equal(tree_remove(world->inside, NAMELESS[i], &err), -1);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        }
}

static void writing_over_a_link_replaces_the_link(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        assert_int_equal(file_write_atomic(world->inside, "to-secret", "new", 3, 0644, &err), 1);
        assert_content(world->inside, "to-secret", "new");
        assert_content(world->outside, "secret", "secret");
}

static void a_link_in_place_of_the_temporary_file_is_not_followed(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        assert_int_equal(symlinkat("../secret", world->inside, ".a.new~"), 0);
        assert_int_equal(file_write_atomic(world->inside, "a", "new", 3, 0644, &err), 1);
        assert_content(world->inside, "a", "new");
        assert_content(world->outside, "secret", "secret");
        assert_false(exists(world->inside, ".a.new~"));
}

static void writing_syncs_the_file_then_renames_then_syncs_the_directory(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        struct stat st;

        assert_int_equal(file_write_atomic(world->inside, "a", "one", 3, 0640, &err), 1);
        assert_string_equal(calls, "frd");
        assert_int_equal(fstatat(world->inside, "a", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
}

static void what_is_right_is_left_alone_but_made_durable(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        struct stat before, after;

        assert_int_equal(file_write_atomic(world->inside, "a", "one", 3, 0640, &err), 1);
        assert_int_equal(fstatat(world->inside, "a", &before, 0), 0);
        forget_calls();
        assert_int_equal(file_write_atomic(world->inside, "a", "one", 3, 0640, &err), 0);
        assert_string_equal(calls, "fd");
        assert_int_equal(fstatat(world->inside, "a", &after, 0), 0);
        assert_true(before.st_ino == after.st_ino);
        /* Each of content, length and mode counts. */
        assert_int_equal(file_write_atomic(world->inside, "a", "two", 3, 0640, &err), 1);
        assert_int_equal(file_write_atomic(world->inside, "a", "twoo", 4, 0640, &err), 1);
        assert_int_equal(file_write_atomic(world->inside, "a", "twoo", 4, 0600, &err), 1);
}

static void a_failed_rename_leaves_the_old_file_and_no_other(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        assert_int_equal(file_write_atomic(world->inside, "a", "old", 3, 0600, &err), 1);
        failing_renames = 1;
        assert_int_equal(file_write_atomic(world->inside, "a", "new", 3, 0600, &err), -1);
        assert_int_equal(failing_renames, 0);
        assert_int_equal(err.number, EIO);
        assert_content(world->inside, "a", "old");
        assert_false(exists(world->inside, ".a.new~"));
}

static void a_link_is_written_once_and_replaced_by_another(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        char target[32] = "";

        assert_int_equal(link_write_atomic(world->inside, "l", "1", &err), 1);
        assert_string_equal(calls, "rd");
        forget_calls();
        assert_int_equal(link_write_atomic(world->inside, "l", "1", &err), 0);
        assert_string_equal(calls, "d");
        assert_int_equal(link_write_atomic(world->inside, "l", "2", &err), 1);
        assert_int_equal(readlinkat(world->inside, "l", target, sizeof(target) - 1), 1);
        assert_string_equal(target, "2");
}

static void directories_are_made_and_each_parent_is_synced(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        struct stat st;

        autofd int made = directory_make_beneath(world->inside, "a/b/c", 0751, &err);
        assert_true(made >= 0);
        assert_string_equal(calls, "ddd");
        assert_int_equal(fstatat(world->inside, "a/b/c", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0751);
        forget_calls();
        autofd int again = directory_make_beneath(world->inside, "a/b/c", 0700, &err);
        assert_true(again >= 0);
        assert_string_equal(calls, "");
        autofd int escaped = directory_make_beneath(world->inside, "to-parent/x", 0700, &err);
        assert_int_equal(escaped, -1);
        autofd int dotted = directory_make_beneath(world->inside, "a/../../x", 0700, &err);
        assert_int_equal(dotted, -1);
        assert_false(exists(world->outside, "x"));
}

/* Far deeper than descriptors would last for. */
static void removing_a_tree_does_not_mind_its_depth(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        enum {
                DEPTH = 3000
        };

        autofd int at = directory_make_beneath(world->inside, "t", 0700, &err);
        assert_true(at >= 0);
        for (int i = 0; i < DEPTH; i++) {
                assert_int_equal(mkdirat(at, ".deep-0~", 0700), 0);
                make_file(at, "file", "x");
                int next = openat(at, ".deep-0~", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                assert_true(next >= 0);
                (void)close(at);
                at = next;
        }
        assert_int_equal(tree_remove(world->inside, "t", &err), 0);
        assert_false(exists(world->inside, "t"));
}

static void removing_a_tree_follows_no_link(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        autofd int deep = directory_make_beneath(world->inside, "t/a/b", 0700, &err);
        assert_true(deep >= 0);
        make_file(deep, "file", "x");
        assert_int_equal(symlinkat("../../../../secret", deep, "link"), 0);
        assert_int_equal(symlinkat("../../..", deep, "up"), 0);
        assert_int_equal(mkfifoat(deep, "fifo", 0600), 0);
        assert_int_equal(tree_remove(world->inside, "t", &err), 0);
        assert_false(exists(world->inside, "t"));
        assert_content(world->outside, "secret", "secret");
        /* A link to a directory is removed, not what it names. */
        assert_int_equal(tree_remove(world->inside, "to-parent", &err), 0);
        assert_content(world->outside, "secret", "secret");
        assert_int_equal(tree_remove(world->inside, "t", &err), 0);
        assert_int_equal(tree_remove(world->inside, "not/there", &err), 0);
}

static void reading_stops_at_the_limit(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;
        autofree char *bytes = NULL;

        make_file(world->inside, "ten", "0123456789");
        autofd int fd = file_open_beneath(world->inside, "ten", O_RDONLY, 0, &err);
        assert_int_equal(file_read_all(fd, 9, &bytes, NULL, &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_null(bytes);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(file_read_all(fd, 10, &bytes, NULL, &err), 0);
        assert_string_equal(bytes, "0123456789");
}

static void a_sealed_memory_file_cannot_change(void **state) {
        Error err = ERROR_INIT;
        autofree char *bytes = NULL;
        size_t length = 0;

        (void)state;
        autofd int fd = memfd_new_sealed("test", "a\0b", 3, &err);
        assert_true(fd >= 0);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(pwrite(fd, "x", 1, 0), -1);
        assert_int_equal(ftruncate(fd, 0), -1);
        assert_int_equal(ftruncate(fd, 100), -1);
        assert_int_equal(memfd_read_sealed(fd, 3, &bytes, &length, &err), 0);
        assert_int_equal(length, 3);
        assert_memory_equal(bytes, "a\0b", 4);
}

static void an_unsealed_memory_file_is_refused(void **state) {
        Error err = ERROR_INIT;
        autofree char *bytes = NULL;

        (void)state;
        autofd int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        assert_int_equal(memfd_read_sealed(fd, 10, &bytes, NULL, &err), -1);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
        assert_int_equal(memfd_read_sealed(fd, 10, &bytes, NULL, &err), -1);
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        autofd int ordinary = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(memfd_read_sealed(ordinary, 10, &bytes, NULL, &err), -1);
}

static void descriptors_are_close_on_exec(void **state) {
        World *world = *state;
        Error err = ERROR_INIT;

        autofd int fd = file_open_beneath(world->inside, "new", O_WRONLY | O_CREAT, 0600, &err);
        assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        autofd int made = directory_make_beneath(world->inside, "d", 0700, &err);
        assert_int_equal(fcntl(made, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

#define in_world(test) cmocka_unit_test_setup_teardown(test, begin_world, end_world)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                in_world(opening_never_leaves_the_directory),
                in_world(writing_never_leaves_the_directory),
                in_world(a_path_without_a_last_name_is_refused),
                in_world(writing_over_a_link_replaces_the_link),
                in_world(a_link_in_place_of_the_temporary_file_is_not_followed),
                in_world(writing_syncs_the_file_then_renames_then_syncs_the_directory),
                in_world(what_is_right_is_left_alone_but_made_durable),
                in_world(a_failed_rename_leaves_the_old_file_and_no_other),
                in_world(a_link_is_written_once_and_replaced_by_another),
                in_world(directories_are_made_and_each_parent_is_synced),
                in_world(removing_a_tree_does_not_mind_its_depth),
                in_world(removing_a_tree_follows_no_link),
                in_world(reading_stops_at_the_limit),
                cmocka_unit_test(a_sealed_memory_file_cannot_change),
                cmocka_unit_test(an_unsealed_memory_file_is_refused),
                in_world(descriptors_are_close_on_exec),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
