/* SPDX-License-Identifier: Apache-2.0
 *
 * replay DIRECTORY: every file of a corpus through a fuzzer's function, without a fuzzer; an empty
 * corpus is a failure.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

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

int main(int argc, char **argv) {
        Error err = ERROR_INIT;
        int count = 0;

        DIR *list = argc == 2 ? opendir(argv[1]) : NULL;
        if (!list) {
                (void)fprintf(stderr, "usage: replay DIRECTORY\n");
                return 2;
        }
        for (struct dirent *entry; (entry = readdir(list));) {
                if (entry->d_name[0] == '.')
                        continue;
                if (replay(dirfd(list), entry->d_name, &err) < 0) {
                        (void)fprintf(stderr, "%s: %s\n", entry->d_name, err.message);
                        return 1;
                }
                count++;
        }
        (void)closedir(list);
        (void)printf("%d inputs\n", count);
        return count > 0 ? 0 : 1;
}
