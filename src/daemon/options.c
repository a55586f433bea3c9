/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
        struct option option;
        const char *argument, *help;
} OPTIONS[] = {
        { { "root", required_argument, NULL, 'r' }, " DIR", "everything beneath DIR instead of /" },
        { { "libexec", required_argument, NULL, 'l' },
          " DIR",
          "where pawl-http, pawl-read and pawl-run lie" },
        { { "check-state", no_argument, NULL, 'c' }, "", "say whether the state holds, and end" },
        { { "version", no_argument, NULL, 'v' }, "", "print the version" },
        { { "help", no_argument, NULL, 'h' }, "", "print this" },
};

static void print_help(void) {
        (void)puts("usage: pawld [OPTION...]\n\nThe daemon of pawl, for packages in the snap "
                   "format.\n");
        for (size_t i = 0; i < ARRAY_COUNT(OPTIONS); i++) {
                autofree char *left =
                        string_format("--%s%s", OPTIONS[i].option.name, OPTIONS[i].argument);
                (void)printf("  %-16s %s\n", left, OPTIONS[i].help);
        }
}

/* Where this very program lies: helpers of another version are never mixed in. */
static char *find_own_directory(void) {
        char path[PATH_MAX] = "";
        ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
        char *slash = length > 0 ? strrchr(path, '/') : NULL;

        return slash ? string_copy_length(path, (size_t)(slash - path)) : string_copy("/");
}

static int set_root(Options *options, const char *argument, Error *err) {
        char *resolved = realpath(argument, NULL);

        if (!resolved)
                return error_set_errno(err, errno, "cannot use --root %s", argument);
        free(options->root);
        options->root = resolved;
        if (string_equal(resolved, "/"))
                *resolved = '\0';
        return 0;
}

static int apply(int letter, const char *word, Options *options, Error *err) {
        switch (letter) {
        case 'r':
                return set_root(options, optarg, err);
        case 'l':
                free(options->libexec);
                options->libexec = string_copy(optarg);
                return 0;
        case 'c':
                options->is_check = true;
                return 0;
        case 'v':
                (void)puts("pawld " PAWL_VERSION);
                return 1;
        case 'h':
                print_help();
                return 1;
        default:
                return error_set(err, ERROR_BAD_REQUEST,
                                 "unknown option or missing argument: %s; see: pawld --help", word);
        }
}

int options_parse(int argc, char *argv[], Options *ret, Error *err) {
        struct option table[ARRAY_COUNT(OPTIONS) + 1] = { 0 };
        int letter, outcome = 0;

        for (size_t i = 0; i < ARRAY_COUNT(OPTIONS); i++)
                table[i] = OPTIONS[i].option;
        *ret = (Options){ .root = string_copy(""), .libexec = find_own_directory(), .argv = argv };
        opterr = 0;
        optind = 0;
        while (outcome == 0 && (letter = getopt_long(argc, argv, "", table, NULL)) != -1)
                outcome = apply(letter, argv[optind - 1], ret, err);
        if (outcome == 0 && optind < argc)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "unexpected argument %s; see: pawld --help", argv[optind]);
        return outcome;
}

void options_done(Options *options) {
        free(options->root);
        free(options->libexec);
        *options = (Options){ 0 };
}
