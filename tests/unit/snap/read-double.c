/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands in for pawl-read where these tests are built without it: same descriptors, same answer for
 * packages whose manifest is JSON.  Image on 3, answer on 4.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

static char *read_manifest(void) {
        int ends[2];
        char *text = NULL;
        Error err = ERROR_INIT;

        if (pipe2(ends, O_CLOEXEC) < 0)
                _exit(2);
        if (fork() == 0) {
                (void)dup2(ends[1], STDOUT_FILENO);
                (void)fcntl(3, F_SETFD, 0);
                execl("/usr/bin/unsquashfs", "unsquashfs", "-cat", "/proc/self/fd/3",
                      "meta/snap.yaml", NULL);
                _exit(127);
        }
        (void)close(ends[1]);
        if (file_read_all(ends[0], 1 << 20, &text, NULL, &err) < 0)
                _exit(3);
        return text;
}

int main(int argc, char **argv) {
        char digest[DIGEST_SHA3_384_HEX_SIZE];
        uint64_t size = 0;
        Error err = ERROR_INIT;
        autojson manifest = NULL;
        autofree char *raw = read_manifest();

        if (json_parse(raw, strlen(raw), &manifest, &err) < 0) {
                json_t *refusal = json_pack("{s:{s:s, s:s}}", "error", "kind", "bad-request",
                                            "message", "not a snap");
                autofree char *answer = json_format(refusal);
                json_decref(refusal);
                return fd_write_all(4, answer, strlen(answer), &err) < 0;
        }
        if (digest_sha3_384_fd(3, digest, &size, &err) < 0)
                return 4;
        autojson report = json_pack("{s:i, s:I, s:s, s:O}", "format", 1, "size", (json_int_t)size,
                                    "raw", raw, "manifest", manifest);
        json_put(report, "hooks", json_incref(json_object_get(manifest, "hooks-found")));
        if (argc > 1 && string_equal(argv[1], "image"))
                json_put_string(report, "sha3-384", digest);
        autofree char *answer = json_format(report);
        return fd_write_all(4, answer, strlen(answer), &err) < 0;
}
