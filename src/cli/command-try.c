/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/sideload.h"
#include "cli/wait.h"

static bool exists(const char *path) {
        return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
}

/* Where nothing was said: what a build leaves behind, or the directory itself. */
static const char *infer_directory(void) {
        if (exists("snapcraft.yaml") && exists("prime"))
                return "prime";
        return exists("meta/snap.yaml") ? "./" : NULL;
}

/* The daemon stands elsewhere. */
static char *make_absolute(const char *word) {
        autofree char *here = *word == '/' ? NULL : getcwd(NULL, 0);
        autofree char *path = string_format("%s/%s", here == NULL ? "" : here, word);
        return client_clean_path(path);
}

static int print_tried(Cli *cli, const Arguments *arguments, const json_t *change,
                       const char *path) {
        autojson names = operation_get_names(change);
        autofree char *done = string_format("mounted from %s", path);
        return operation_print_snaps(cli, arguments, names, done);
}

static int run_try(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        const char *word = arguments->word_count > 0 ? arguments->words[0] : infer_directory();
        int code = operation_check_modes(cli, arguments);
        if (code != EXIT_DONE)
                return code;
        if (word == NULL)
                return cli_refuse(cli, EXIT_FAILED,
                                  "%sthe `<snap-dir>` argument was not provided and couldn't be "
                                  "inferred",
                                  cli->is_snap ? "error: " : "");
        autofree char *path = make_absolute(word);
        autofree char *id = NULL;
        autojson change = NULL;
        const Subject subject = { .snap = word };
        if (sideload_try(cli, arguments, path, &id, &err) < 0)
                return report_failure(cli, &subject, &err);
        int outcome = wait_as_asked(cli, arguments, id, &change, &err);
        if (outcome < 0)
                return report_failure(cli, &subject, &err);
        return outcome > 0 ? EXIT_DONE : print_tried(cli, arguments, change, path);
}

static const Option options[] = {
        OPTIONS_CONFINEMENT, OPTION_NO_WAIT, OPTIONS_QUEUE, OPTION_JSON, OPTIONS_END,
};

const Command command_try = {
        .name = "try",
        .summary = "Try an unpacked snap from its directory",
        .text = "Installs the snap that lies unpacked in a directory (else in ./prime beside a snapcraft.yaml, or here) "
                "without packing it: its programs see the directory itself, read-only, and what changes in it "
                "shows at once.  Only what meta/snap.yaml says is taken when the command is given: try it again "
                "after a change there.  The directory stays where it is and is never written to; 'revert' goes "
                "back to the revision before, and 'remove' leaves it alone.",
        .words = "[DIRECTORY]",
        .word = "<snap-dir>",
        .word_max = 1,
        .options = options,
        .completes = "file",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_try,
};
