/* SPDX-License-Identifier: Apache-2.0
 *
 * Command: a row of the table that is the command line.  From it come the parser, the help texts,
 * shell completion and the command section of the man page.  Under the name `snap` a command says
 * and returns what scripts for that program expect; under its own it may say more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cli/client.h"

#define ARGUMENT_OPTION_MAX 32

/* Stable: scripts rely on them. */
enum {
        EXIT_DONE = 0,
        EXIT_FAILED = 1,
        EXIT_BUSY = 10, /* another change is in the way: try again later */
        EXIT_NO_APP = 46,
        EXIT_USAGE = 64,
        EXIT_INTERRUPTED = 130, /* by ^C, before the daemon had answered, or twice */
};

typedef enum OptionFlags {
        OPTION_PAWL_ONLY = 1 << 0, /* unknown under the name snap */
} OptionFlags;

typedef struct Option {
        const char *name;
        const char *argument; /* NULL: takes none */
        const char *help;
        const char *const *choices; /* NULL: any; else NULL-terminated */
        OptionFlags flags;
} Option;

typedef enum CommandFlags {
        COMMAND_EXTRA_IGNORED = 1 << 0, /* snap ignores words too many instead of refusing them */
        COMMAND_WORDS_RAW =
                1 << 1, /* options end at the first word: the rest is another program's */
        COMMAND_HIDDEN = 1 << 2,
        COMMAND_PAWL_ONLY = 1 << 3,
} CommandFlags;

typedef struct Arguments {
        const Option *options;
        const char *values[ARGUMENT_OPTION_MAX]; /* by index in `options`; NULL: not given; "" for a
                                                    flag */
        char **words;
        size_t word_count;
} Arguments;

typedef struct Cli Cli;

typedef struct Command {
        const char *name;
        const char *alias; /* NULL or a second name */
        const char *summary;
        const char *text;  /* paragraphs for help and man page */
        const char *words; /* as in a usage line, "" for none */
        const char *word;  /* "<snap>": what the error about a missing one calls it */
        const char *next;  /* the same of those after the first; NULL: as `word` */
        size_t word_min;
        size_t word_max;       /* SIZE_MAX: any number */
        const Option *options; /* ends at a NULL name */
        const char *completes; /* what words are: "snap", "change", "file", "app" or NULL */
        CommandFlags flags;
        int (*run)(Cli *cli, const Arguments *arguments); /* exit code */
} Command;

struct Cli {
        const char *program;
        bool is_snap;
        bool is_json;
        bool is_answered;  /* with is_json: the one document of standard output is written */
        bool has_terminal; /* stdout */
        bool has_colour;
        bool has_unicode;
        size_t width;
        const char *root;
        Client *client;
        const Command *command;
};

extern const Command *const command_table[]; /* ends at NULL */

extern const Command command_get, command_set, command_unset;
extern const Command command_connect, command_connections, command_disconnect;
extern const Command command_doctor, command_explain, command_interface, command_interfaces,
        command_policy, command_why;
extern const Command command_abort, command_change, command_changes, command_disable,
        command_enable, command_help, command_info, command_install, command_list, command_refresh,
        command_remove, command_revert, command_run, command_tasks, command_version, command_watch,
        command_warnings, command_okay, command_verify, command_repair, command_try;

const Command *command_find(const char *name, bool is_snap);

#define OPTIONS_TERMINAL                                                       \
        { .name = "color",                                                     \
          .argument = "WHEN",                                                  \
          .choices = option_when,                                              \
          .help = "use colours: auto, never or always" },                      \
        {                                                                      \
                .name = "unicode", .argument = "WHEN", .choices = option_when, \
                .help = "use signs outside ASCII: auto, never or always"       \
        }
#define OPTION_ABS_TIME \
        { .name = "abs-time", .help = "print times in full (RFC 3339)" }
#define OPTION_JSON \
        { .name = "json", .flags = OPTION_PAWL_ONLY, .help = "print the daemon's result as JSON" }
#define OPTION_NO_WAIT \
        { .name = "no-wait", .help = "print the change's id and do not wait for its end" }
#define OPTIONS_QUEUE                                                                          \
        { .name = "queue",                                                                     \
          .flags = OPTION_PAWL_ONLY,                                                           \
          .help = "wait for its turn when another change has the snap, rather than fail" },    \
        {                                                                                      \
                .name = "queue-timeout", .argument = "SECONDS", .flags = OPTION_PAWL_ONLY,     \
                .help = "like --queue, but give up when its turn has not come after this time" \
        }
#define OPTIONS_CONFINEMENT                                                          \
        { .name = "devmode",                                                         \
          .help = "development mode: what confinement forbids is only logged" },     \
                { .name = "jailmode",                                                \
                  .help = "enforce confinement even on a snap that asks for less" }, \
        {                                                                            \
                .name = "classic", .help = "classic mode: no confinement"            \
        }
#define OPTIONS_CHANNEL                                                         \
        { .name = "channel",                                                    \
          .argument = "CHANNEL",                                                \
          .help = "use this channel instead of stable" },                       \
                { .name = "edge", .help = "use the channel edge" },             \
                { .name = "beta", .help = "use the channel beta" },             \
                { .name = "candidate", .help = "use the channel candidate" }, { \
                .name = "stable", .help = "use the channel stable"              \
        }
#define OPTION_LAST                                                                                                     \
        {                                                                                                               \
                .name = "last", .argument = "KIND",                                                                     \
                .help = "the newest change of this kind (install, refresh, remove, revert, …); with a ? at its end, " \
                        "having none is no error"                                                                       \
        }
#define OPTION_RUNNING_APPS                                                                              \
        {                                                                                                \
                .name = "running-apps", .argument = "CHOICE", .choices = option_running_apps,            \
                .flags = OPTION_PAWL_ONLY,                                                               \
                .help = "while programs of an installed snap run: refuse to refresh it, defer that "     \
                        "until they have ended, or ignore them; without this option the settings decide" \
        }
#define OPTIONS_END \
        { .name = NULL }

extern const char *const option_when[];         /* auto, never, always */
extern const char *const option_transaction[];  /* all-snaps, per-snap */
extern const char *const option_running_apps[]; /* refuse, defer, ignore */

/* Fills `ret` from the words after the command's name; EXIT_DONE, or what to exit with (explained).
 */
int arguments_parse(Cli *cli, const Command *command, int count, char **words, Arguments *ret);
void arguments_done(Arguments *arguments);
bool arguments_has(const Arguments *arguments, const char *option);
/* NULL when not given, or when the command has no such option. */
const char *arguments_get(const Arguments *arguments, const char *option);

/* "error: …" on stderr and `code`; with --json the same as an object on stdout. */
int cli_refuse(const Cli *cli, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* cli_refuse with a kind of the API's errors for --json. */
int cli_refuse_kind(const Cli *cli, int code, const char *kind, const char *message);
/* Prints JSON and a line end. */
int cli_print_json(const json_t *value);
