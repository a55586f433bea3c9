/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/takeover.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "interface/interface-kind.h"
#include "launch/going.h"
#include "launch/plan-digest.h"
#include "policy/seccomp.h"

#define GENERATION_FILE "generation"
/* From "go" to exec a launcher takes under a millisecond; one that takes longer than this was
 * stopped. */
#define GOING_MS_MAX 2000

void takeover_get_generation(const char *rules, char ret_digest[DIGEST_SHA256_HEX_SIZE]) {
        autofree char *policy = seccomp_describe_inputs(rules);
        autofree char *all = string_format("plan %s\ninterfaces %s\n%s", PLAN_DIGEST,
                                           interface_kind_get_added_digest(), policy);

        digest_sha256(all, strlen(all), ret_digest);
}

/* NULL when none ran since the boot. */
static char *read_generation(int directory) {
        Error unused = ERROR_INIT;
        size_t length = 0;
        char *text = NULL;
        autofd int file =
                file_open_beneath(directory, GENERATION_FILE, O_RDONLY | O_NOFOLLOW, 0, &unused);

        if (file < 0 || file_read_all(file, DIGEST_SHA256_HEX_SIZE, &text, &length, &unused) < 0)
                return NULL;
        text[strcspn(text, "\n")] = '\0';
        return text;
}

int takeover_begin(const char *root, const char digest[DIGEST_SHA256_HEX_SIZE], Error *err) {
        autofree char *top = string_format("%s/", root);
        autofree char *line = string_format("%s\n", digest);
        autofd int root_directory = directory_open(top, err);

        if (root_directory < 0)
                return -1;
        autofd int directory = directory_make_beneath(root_directory, "run/pawl", 0755, err);
        if (directory < 0)
                return -1;
        autofree char *before = read_generation(directory);
        if (before && string_equal(before, digest))
                return 0;
        if (going_wait(root, GOING_MS_MAX, err) < 0 ||
            file_write_atomic(directory, GENERATION_FILE, line, strlen(line), 0644, err) < 0)
                return error_prefix(err, "cannot take launches over");
        if (before)
                log_info("policy of generation %.12s from here on, before it was %.12s", digest,
                         before);
        return 1;
}
