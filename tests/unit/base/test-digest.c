/* SPDX-License-Identifier: Apache-2.0
 *
 * Known answers: the examples of FIPS 180 and FIPS 202, and coreutils and python's hashlib for the
 * others.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "../unit.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

static void sha256_known_answers(void **state) {
        char hex[DIGEST_SHA256_HEX_SIZE];

        (void)state;
        digest_sha256("", 0, hex);
        assert_string_equal(hex,
                            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        digest_sha256("abc", 3, hex);
        assert_string_equal(hex,
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void sha3_384_known_answers(void **state) {
        static const struct {
                size_t length; /* of "abc" for 3, else of letters a */
                const char *hex;
        } CASES[] = {
                { 0, "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2a"
                     "c3713831264adb47fb6bd1e058d5f004" },
                { 3, "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
                     "98d88cea927ac7f539f1edf228376d25" },
                { 1000000, "eee9e24d78c1855337983451df97c8ad9eedf256c6334f8e948d252d5e0e7684"
                           "7aa0774ddb90a842190d2c558b4b8340" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                size_t length = CASES[i].length;
                autofree char *bytes = memory_new(length + 1);
                char hex[DIGEST_SHA3_384_HEX_SIZE];
                uint64_t size = 42;
                Error err = ERROR_INIT;

                memset(bytes, 'a', length);
                if (length == 3)
                        memcpy(bytes, "abc", 3);
                autofd int fd = memfd_new_sealed("test", bytes, length, &err);
                assert_int_equal(digest_sha3_384_fd(fd, hex, &size, &err), 0);
                assert_string_equal(hex, CASES[i].hex);
                assert_int_equal(size, length);
        }
}

static void hashing_starts_where_the_descriptor_stands(void **state) {
        char hex[DIGEST_SHA3_384_HEX_SIZE], whole[DIGEST_SHA3_384_HEX_SIZE];
        uint64_t size = 0;
        Error err = ERROR_INIT;

        (void)state;
        autofd int fd = memfd_new_sealed("test", "xxabc", 5, &err);
        autofd int other = memfd_new_sealed("test", "abc", 3, &err);
        assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
        assert_int_equal(digest_sha3_384_fd(fd, hex, &size, &err), 0);
        assert_int_equal(digest_sha3_384_fd(other, whole, NULL, &err), 0);
        assert_string_equal(hex, whole);
        assert_int_equal(size, 3);
}

static void what_cannot_be_read_is_an_error(void **state) {
        char hex[DIGEST_SHA3_384_HEX_SIZE];
        Error err = ERROR_INIT;

        (void)state;
        autofd int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(digest_sha3_384_fd(fd, hex, NULL, &err), -1);
        assert_int_equal(err.number, EISDIR);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(sha256_known_answers),
                cmocka_unit_test(sha3_384_known_answers),
                cmocka_unit_test(hashing_starts_where_the_descriptor_stands),
                cmocka_unit_test(what_cannot_be_read_is_an_error),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
