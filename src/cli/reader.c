/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reader.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/limits.h"
#include "cli/libexec.h"

#define IMAGE_FD  3
#define ANSWER_FD 4

/* In the child: nothing of ours but the image and the pipe goes over. */
static _Noreturn void exec_reader(const char *program, const char *const argv[], int image,
                                  int answer) {
        /* Both out of the way of 3 and 4 first, as either may be one of them. */
        int image_high = fcntl(image, F_DUPFD, ANSWER_FD + 1),
            answer_high = fcntl(answer, F_DUPFD, ANSWER_FD + 1);
        bool is_set = image_high >= 0 && answer_high >= 0 && dup2(image_high, IMAGE_FD) >= 0 &&
                      dup2(answer_high, ANSWER_FD) >= 0 &&
                      close_range(ANSWER_FD + 1, UINT_MAX, 0) == 0;
        if (is_set)
                (void)execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
}

int reader_ask(int image, const char *const argv[], char **ret, size_t *ret_length, Error *err) {
        int ends[2];
        autofree char *program = NULL;
        if (libexec_find("pawl-read", &program, err) < 0)
                return -1;
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "pipe");
        autofd int reading = ends[0], writing = ends[1];
        pid_t child = fork();
        if (child < 0)
                return error_set_errno(err, errno, "fork");
        if (child == 0)
                exec_reader(program, argv, image, writing);
        (void)close(take_fd(writing));
        int outcome = file_read_all(reading, CANONICAL_JSON_SIZE_MAX, ret, ret_length, err), status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        return outcome;
}
