/* SPDX-License-Identifier: Apache-2.0
 *
 * pawl-read MODE: locked in before the first foreign byte; image, or directory that a package is
 * tried from, at descriptor 3, answer to 4.
 * `pawl-read file PATH` writes one file of the image to 4 instead; `pawl-read interface NAME` reads
 * an interface's file of that name; `pawl-read interfaces` is sent such files at 3, one after
 * another, and answers each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "reader/reading.h"
#include "sandbox/helper.h"
#include "sandbox/sandbox.h"
#include "wire/frame.h"

#define IMAGE_FD  3
#define ANSWER_FD 4

#define MEMORY_MAX       (256u << 20)
#define CPU_SECONDS      5
#define BYTES_PER_SECOND (32u << 20) /* read and hashed at least this fast, anywhere */
#define DESCRIPTOR_MAX   8
#define EXIT_USAGE       64

#define USAGE                                                                                                    \
        "pawl-read is the part of pawld and pawl that reads a package's file, without any rights.  They start\n" \
        "it; to see what a file is, use 'pawl info FILE'.  usage: pawl-read manifest|image|interfaces|file PATH|interface NAME 3<IMAGE 4>ANSWER\n"

static const struct {
        const char *name;
        ReadingMode mode;
} MODES[] = {
        { "manifest", READING_MANIFEST },
        { "image", READING_IMAGE },
};

static int find_mode(const char *name, ReadingMode *ret) {
        for (size_t i = 0; i < ARRAY_COUNT(MODES); i++) {
                if (string_equal(name, MODES[i].name)) {
                        *ret = MODES[i].mode;
                        return 1;
                }
        }
        return 0;
}

/* Somebody's directory, that a package is tried from: files in it are opened by name. */
static void allow_directory(SandboxProfile *profile) {
        static const int CALLS[] = { __NR_openat2, __NR_getdents64, __NR_readlinkat, __NR_fcntl };

        profile->syscalls = CALLS;
        profile->syscall_count = ARRAY_COUNT(CALLS);
        profile->readable_directory = IMAGE_FD;
        profile->descriptor_max += IMAGE_DEPTH_MAX; /* the walk holds one a level */
        profile->cpu_seconds_max += CPU_SECONDS * 4;
}

static int lock_in(ReadingMode mode, uint64_t answer_max, Error *err) {
        SandboxProfile profile = {
                .uid = HELPER_UID_READ,
                .last_fd = ANSWER_FD,
                .memory_max = MEMORY_MAX,
                .cpu_seconds_max = CPU_SECONDS,
                /* The answer may go to a file, and so may the log. */
                .file_size_max = answer_max,
                .descriptor_max = DESCRIPTOR_MAX,
        };
        struct stat st;

        if (fstat(IMAGE_FD, &st) < 0)
                return error_set_errno(err, errno, "cannot look at the image");
        if (S_ISDIR(st.st_mode))
                allow_directory(&profile);
        else if (mode == READING_IMAGE)
                profile.cpu_seconds_max +=
                        (uint64_t)st.st_size / BYTES_PER_SECOND * 2 + CPU_SECONDS;
        return sandbox_enter(&profile, err);
}

/* Left alone, the first object would open /dev/urandom for this, and die of it. */
static int seed_objects(Error *err) {
        size_t seed = 0;

        if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
                return error_set_errno(err, errno, "cannot get random bytes");
        json_object_seed(seed | 1);
        return 0;
}

static const char TOO_LARGE[] = "{\"error\":{\"kind\":\"too-large\",\"message\":"
                                "\"the file says more than can be kept\"}}";

static int write_answer(const json_t *answer, Error *err) {
        autofree char *text = json_format_canonical(answer);
        size_t length = strlen(text);

        if (length <= CANONICAL_JSON_SIZE_MAX)
                return fd_write_all(ANSWER_FD, text, length, err);
        return fd_write_all(ANSWER_FD, TOO_LARGE, sizeof(TOO_LARGE) - 1, err);
}

static int answer_json(ReadingMode mode, Error *err) {
        if (lock_in(mode, CANONICAL_JSON_SIZE_MAX * 2, err) < 0)
                return -1;
        autojson answer = reading_new(IMAGE_FD, mode);
        return write_answer(answer, err);
}

/* "NUMBER LENGTH\n" before it, as another one follows. */
static int write_framed(size_t number, const json_t *answer, Error *err) {
        autofree char *text = json_format_canonical(answer);
        autotext framed = TEXT_INIT;

        if (strlen(text) > CANONICAL_JSON_SIZE_MAX) {
                free(text);
                text = string_copy(TOO_LARGE);
        }
        text_append_format(&framed, "%zu %zu\n%s", number, strlen(text), text);
        return fd_write_all(ANSWER_FD, framed.bytes, framed.length, err);
}

/* 1 answered, 0 there are no more. */
static int answer_next(size_t number, Error *err) {
        autoframe request = FRAME_INIT;
        Error end = ERROR_INIT;

        if (frame_receive(IMAGE_FD, &request, &end) <= 0)
                return 0;
        autofd int file = frame_take_fd(&request, 0);
        autojson answer = reading_new_definition(file, request.bytes);
        return write_framed(number, answer, err) < 0 ? -1 : 1;
}

/* Who asks has a limit for each. */
static int answer_definitions(Error *err) {
        static const int CALLS[] = { __NR_recvmsg };
        const SandboxProfile profile = { .uid = HELPER_UID_READ,
                                         .syscalls = CALLS,
                                         .syscall_count = ARRAY_COUNT(CALLS),
                                         .last_fd = ANSWER_FD,
                                         .memory_max = MEMORY_MAX,
                                         .cpu_seconds_max = INTERFACE_READ_ALL_LIMIT_MS / 1000,
                                         .descriptor_max = DESCRIPTOR_MAX };
        int answered = 1;

        if (sandbox_enter(&profile, err) < 0)
                return -1;
        for (size_t number = 0; answered > 0; number++)
                answered = answer_next(number, err);
        return answered;
}

static int answer_definition(const char *name, Error *err) {
        if (lock_in(READING_MANIFEST, CANONICAL_JSON_SIZE_MAX * 2, err) < 0)
                return -1;
        autojson answer = reading_new_definition(IMAGE_FD, name);
        return write_answer(answer, err);
}

static int answer_file(const char *path, Error *err) {
        if (lock_in(READING_MANIFEST, IMAGE_PROGRAM_SIZE_MAX, err) < 0)
                return -1;
        return reading_copy_file(IMAGE_FD, path, ANSWER_FD, err);
}

static int answer(char **argv, ReadingMode mode, Error *err) {
        if (string_equal(argv[1], "file"))
                return answer_file(argv[2], err);
        if (string_equal(argv[1], "interface"))
                return answer_definition(argv[2], err);
        return string_equal(argv[1], "interfaces") ? answer_definitions(err)
                                                   : answer_json(mode, err);
}

int main(int argc, char **argv) {
        Error err = ERROR_INIT;
        ReadingMode mode = READING_MANIFEST;
        bool is_other = (argc == 3 &&
                         (string_equal(argv[1], "file") || string_equal(argv[1], "interface"))) ||
                        (argc == 2 && string_equal(argv[1], "interfaces"));

        if (argc == 2 && string_equal(argv[1], "--help"))
                return fputs(USAGE, stdout) < 0;
        log_init("pawl-read");
        if (!is_other && (argc != 2 || !find_mode(argv[1], &mode))) {
                log_error(
                        "usage: pawl-read manifest|image|interfaces|file PATH|interface NAME 3<IMAGE 4>ANSWER");
                return EXIT_USAGE;
        }
        if (seed_objects(&err) < 0 || answer(argv, mode, &err) < 0) {
                log_error("%s", err.message);
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
