/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/store.h"
#include "unit.h"

#define RULES "allow read\nrefuse ioctl 1&0xffffffff=21522\n"

typedef struct Place {
        char path[32];
        int directory;
} Place;

static int begin(void **state) {
        Place *place = memory_new(sizeof(*place));

        (void)snprintf(place->path, sizeof(place->path), "/tmp/policy-XXXXXX");
        assert_non_null(mkdtemp(place->path));
        place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *state = place;
        return place->directory < 0;
}

static int end(void **state) {
        Place *place = *state;
        autofd int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Error err = ERROR_INIT;

        (void)close(place->directory);
        int removed = tree_remove(parent, place->path + strlen("/tmp/"), &err);
        free(place);
        return removed;
}

static void an_object_is_found_by_its_inputs(void **state) {
        Place *place = *state;
        char digest[DIGEST_SHA256_HEX_SIZE], other[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        Error err = ERROR_INIT;

        policy_digest(RULES, digest);
        policy_digest(RULES "allow write\n", other);
        assert_string_not_equal(digest, other);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 0);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        assert_int_equal(policy_find(place->directory, other, &object, &err), 0);
        off_t size = lseek(object.file, 0, SEEK_END);
        assert_int_equal(size, object.count * sizeof(struct sock_filter));
        assert_true(fcntl(object.file, F_GET_SEALS) & F_SEAL_WRITE);
        policy_object_done(&object);
}

/* Whatever byte is wrong, the object is not there; then it is made again. */
static void a_damaged_object_is_not_there(void **state) {
        Place *place = *state;
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        Error err = ERROR_INIT;
        struct stat status;

        policy_digest(RULES, digest);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        autofree char *path = string_format("%s/seccomp", digest);
        autofd int file = openat(place->directory, path, O_RDWR | O_CLOEXEC);
        assert_int_equal(fstat(file, &status), 0);
        for (off_t at = 0; at < status.st_size; at++) {
                char byte;

                assert_int_equal(pread(file, &byte, 1, at), 1);
                byte ^= 1;
                assert_int_equal(pwrite(file, &byte, 1, at), 1);
                assert_int_equal(policy_find(place->directory, digest, &object, &err), 0);
                byte ^= 1;
                assert_int_equal(pwrite(file, &byte, 1, at), 1);
        }
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        policy_object_done(&object);
        assert_int_equal(ftruncate(file, status.st_size - 1), 0);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 0);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        policy_object_done(&object);
}

/* A compiler that was killed: its half file goes, and a directory with nothing in it; objects stay.
 */
static void a_sweep_removes_what_a_killed_compiler_left(void **state) {
        Place *place = *state;
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        Error err = ERROR_INIT;

        policy_digest(RULES, digest);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        autofree char *beside = string_format("%s/.seccomp.new~", digest);
        assert_int_equal(mkdirat(place->directory, "other", 0700), 0);
        assert_int_equal(
                file_write_atomic(place->directory, "other/.seccomp.new~", "x", 1, 0600, &err), 1);
        assert_int_equal(file_write_atomic(place->directory, beside, "x", 1, 0600, &err), 1);
        assert_int_equal(policy_sweep(place->directory, &err), 0);
        assert_false(file_exists_beneath(place->directory, beside));
        assert_false(file_exists_beneath(place->directory, "other"));
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        policy_object_done(&object);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_object_is_found_by_its_inputs, begin, end),
                cmocka_unit_test_setup_teardown(a_damaged_object_is_not_there, begin, end),
                cmocka_unit_test_setup_teardown(a_sweep_removes_what_a_killed_compiler_left, begin,
                                                end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
