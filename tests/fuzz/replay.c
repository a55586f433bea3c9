/* SPDX-License-Identifier: Apache-2.0
 *
 * replay DIRECTORY: every file of a corpus through a fuzzer's function, without a fuzzer, each in a
 * process of its own, so that the one that kills it is named; an empty corpus is a failure.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"

#define INPUT_SIZE_MAX (4 * 1024 * 1024)

static int replay(int directory, const char *name, Error *err) {
        autofd int fd = file_open_beneath(directory, name, O_RDONLY, 0, err);
        autofree char *bytes = NULL;
        size_t length = 0;

        if (fd < 0 || file_read_all(fd, INPUT_SIZE_MAX, &bytes, &length, err) < 0)
                return -1;
        (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
        return 0;
}

/* No death is an outcome: what a library does to itself is to be caught before it is called. */
static int replay_apart(int directory, const char *name) {
        Error err = ERROR_INIT;
        int status = 0;

        pid_t pid = fork();
        if (pid == 0) {
                if (replay(directory, name, &err) < 0) {
                        (void)fprintf(stderr, "%s: %s\n", name, err.message);
                        exit(1);
                }
                exit(0); /* not _exit: leaks are looked for on the way out */
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                status = -1;
        if (status != 0)
                (void)fprintf(stderr, "%s: ended with status 0x%x\n", name, (unsigned)status);
        return status;
}

int main(int argc, char **argv) {
        int count = 0, bad = 0;

        DIR *list = argc == 2 ? opendir(argv[1]) : NULL;
        if (!list) {
                (void)fprintf(stderr, "usage: replay DIRECTORY\n");
                return 2;
        }
        for (struct dirent *entry; (entry = readdir(list));) {
                if (entry->d_name[0] == '.')
                        continue;
                bad += replay_apart(dirfd(list), entry->d_name) != 0;
                count++;
        }
        (void)closedir(list);
        (void)printf("%d inputs, %d failed\n", count, bad);
        return count > 0 && bad == 0 ? 0 : 1;
}
