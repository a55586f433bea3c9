/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/seccomp.h"
#include "policy/store.h"
#include "scratch.h"
#include "unit.h"

#define RULES "allow read\nrefuse ioctl 1&0xffffffff=21522\n"

typedef struct Place {
        char path[SCRATCH_SIZE];
        int directory;
} Place;

static int begin(void **state) {
        Place *place = memory_new(sizeof(*place));

        scratch_make(place->path);
        place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        *state = place;
        return place->directory < 0;
}

static int end(void **state) {
        Place *place = *state;

        (void)close(place->directory);
        int removed = scratch_remove(place->path);
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

/* Another generator, library or kernel makes another object of equal rules. */
static void its_name_is_of_all_inputs(void **state) {
        autofree char *inputs = seccomp_describe_inputs(RULES);
        char digest[DIGEST_SHA256_HEX_SIZE], name[DIGEST_SHA256_HEX_SIZE];

        (void)state;
        assert_ptr_equal(strstr(inputs, "generator "), inputs);
        assert_non_null(strstr(inputs, RULES));
        digest_sha256(inputs, strlen(inputs), digest);
        policy_digest(RULES, name);
        assert_string_equal(name, digest);
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
        autofree char *path = string_copy(digest);
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

static void write_whole(const Place *place, const char *path, const void *bytes, size_t length) {
        autofd int file = openat(place->directory, path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        assert_true(file >= 0);
        assert_int_equal(write(file, bytes, length), length);
}

/* What a power cut may leave, as nothing is flushed: it is not there, and is made again. */
static void what_a_power_cut_leaves_is_made_again(void **state) {
        Place *place = *state;
        char digest[DIGEST_SHA256_HEX_SIZE], other[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        autofree char *right = NULL, *foreign = NULL;
        size_t length = 0, foreign_length = 0, made_again = 0;
        Error err = ERROR_INIT;

        policy_digest(RULES, digest);
        policy_digest(RULES "allow write\n", other);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        assert_int_equal(policy_compile(place->directory, RULES "allow write\n", &err), 0);
        autofree char *path = string_copy(digest);
        autofree char *beside = string_copy(other);
        autofd int one = openat(place->directory, path, O_RDONLY | O_CLOEXEC);
        autofd int two = openat(place->directory, beside, O_RDONLY | O_CLOEXEC);
        assert_int_equal(file_read_all(one, 1 << 20, &right, &length, &err), 0);
        assert_int_equal(file_read_all(two, 1 << 20, &foreign, &foreign_length, &err), 0);
        autofree char *zeros = memory_new(length);
        autofree char *half = memory_new(length);
        memcpy(half, right, length / 2);
        /* Nothing, zeros, half of it, twice, and the blocks of another policy that is whole. */
        autofree char *twice = string_format("%*s", (int)(2 * length), "");
        memcpy(twice, right, length);
        memcpy(twice + length, right, length);
        const struct {
                const char *bytes;
                size_t length;
        } left[] = { { "", 0 },
                     { zeros, length },
                     { half, length },
                     { right, length / 2 },
                     { twice, 2 * length },
                     { foreign, foreign_length } };
        for (size_t i = 0; i < ARRAY_COUNT(left); i++) {
                write_whole(place, path, left[i].bytes, left[i].length);
                assert_int_equal(policy_find(place->directory, digest, &object, &err), 0);
                assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
                assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
                policy_object_done(&object);
                made_again++;
        }
        /* The name alone; and a temporary file that was not renamed. */
        assert_int_equal(unlinkat(place->directory, path, 0), 0);
        autofree char *temporary = string_format(".%s.new~", digest);
        assert_int_equal(file_write_atomic(place->directory, temporary, right, length, 0600, &err),
                         1);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 0);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        assert_false(file_exists_beneath(place->directory, temporary));
        policy_object_done(&object);
        assert_int_equal(made_again, 6);
}

/* A compiler that was killed: its half file goes; objects stay. */
static void a_sweep_removes_what_a_killed_compiler_left(void **state) {
        Place *place = *state;
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        Error err = ERROR_INIT;

        policy_digest(RULES, digest);
        assert_int_equal(policy_compile(place->directory, RULES, &err), 0);
        autofree char *beside = string_format(".%s.new~", digest);
        assert_int_equal(file_write_atomic(place->directory, beside, "x", 1, 0600, &err), 1);
        assert_int_equal(policy_sweep(place->directory, &err), 0);
        assert_false(file_exists_beneath(place->directory, beside));
        assert_int_equal(policy_find(place->directory, digest, &object, &err), 1);
        policy_object_done(&object);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(an_object_is_found_by_its_inputs, begin, end),
                cmocka_unit_test(its_name_is_of_all_inputs),
                cmocka_unit_test_setup_teardown(a_damaged_object_is_not_there, begin, end),
                cmocka_unit_test_setup_teardown(what_a_power_cut_leaves_is_made_again, begin, end),
                cmocka_unit_test_setup_teardown(a_sweep_removes_what_a_killed_compiler_left, begin,
                                                end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
