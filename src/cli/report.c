/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/fill.h"

#define ERROR_INDENT 7 /* of what follows "error: " */
#define RIGHT_MARGIN 1

#define ANY_KIND ""

/* A kind of the API's errors.  In `text` %s is the subject, %r the revision, %k the setting,
 * %m the daemon's message. */
typedef struct ReportRow {
        const char *kind;
        const char *command; /* NULL: any */
        int code;
        bool is_note; /* printed as it is: nothing is wrong, there is just nothing to do */
        const char *text;
        const char *hint;    /* for pawl: the next step */
        bool needs_revision; /* only where one was asked for */
        const char *begins;  /* only where the daemon's message begins so */
        const char *has;     /* only where this is in it */
        const char *own;     /* for pawl: in the place of `text` */
} ReportRow;

static const char needs_classic_text[] =
        "This revision of snap \"%s\" was published using classic confinement and thus may perform arbitrary "
        "system changes outside of the security sandbox that snaps are usually confined to, which may put your "
        "system at risk.\n\n"
        "If you understand and want to proceed repeat the command including --classic.";
static const char needs_devmode_text[] =
        "The publisher of snap \"%s\" has indicated that they do not consider this revision to be of production "
        "quality and that it is only meant for development or testing at this point. As a consequence this snap "
        "will not refresh automatically and may perform arbitrary system changes outside of the security sandbox "
        "snaps are generally confined to, which may put your system at risk.\n\n"
        "If you understand and want to proceed repeat the command including --devmode; if instead you want to "
        "install the snap forcing it into strict confinement repeat the command including --jailmode.";

static const char plugs_hint[] =
        "See plugs and slots with 'pawl connections SNAP', and why one takes no part with 'pawl explain SNAP'.";
static const char fault_hint[] =
        "That is said in the snap's meta/snap.yaml; what its interface takes, with 'pawl interface NAME'.";

/* The first row that fits counts. */
static const ReportRow report_rows[] = {
        { "snap-change-conflict", NULL, EXIT_BUSY, false, "%m",
          "See it with 'pawl changes', wait for it with 'pawl watch ID', or stop it with 'pawl abort ID'." },
        { "snap-already-installed", NULL, EXIT_DONE, true,
          "snap \"%s\" is already installed, see 'snap help refresh'", NULL },
        { "snap-not-installed", "remove", EXIT_DONE, true, "snap \"%s\" is not installed", NULL,
          true, .own = "%m" },
        { "snap-not-installed", "remove", EXIT_DONE, true, "snap \"%s\" is not installed", NULL },
        { "snap-not-installed", NULL, EXIT_FAILED, false, "snap \"%s\" is not installed",
          "See what is installed with 'pawl list'.", .own = "%m" },
        { "snap-no-update-available", NULL, EXIT_DONE, true, "snap \"%s\" has no updates available",
          NULL },
        { "snap-needs-classic", NULL, EXIT_FAILED, false, needs_classic_text, NULL },
        { "snap-needs-devmode", NULL, EXIT_FAILED, false, needs_devmode_text, NULL },
        { "snap-not-classic", NULL, EXIT_FAILED, false,
          "snap \"%s\" is not compatible with --classic", "Repeat the command without --classic." },
        { "snap-local", NULL, EXIT_FAILED, false,
          "local snap \"%s\" is unknown to the store, use --amend to proceed anyway",
          "Give its next revision as a file: 'pawl refresh --dangerous FILE.snap'.",
          .own = "there is no store to refresh \"%s\" from" },
        { "snap-not-found", NULL, EXIT_FAILED, false, "snap \"%s\" not found",
          "See what is installed with 'pawl list'; a file is given with its path, as in ./x.snap." },
        { "snap-revision-not-available", "revert", EXIT_FAILED, false,
          "snap \"%s\" not available as specified (see 'snap info %s')",
          "See the revisions with 'pawl list --all'.", false },
        { "snap-revision-not-available", NULL, EXIT_FAILED, false,
          "snap \"%s\" revision %r not available (see 'snap info %s')",
          "See the revisions with 'pawl list --all'.", true },
        { "snap-revision-not-available", NULL, EXIT_FAILED, false,
          "snap \"%s\" not available as specified (see 'snap info %s')",
          "See the revisions with 'pawl list --all'.", false },
        { "insufficient-disk-space", NULL, EXIT_FAILED, false, "%d",
          "Make room on that disk.  'pawl remove' helps as long as 2 MiB are free.", .own = "%m" },
        { "snap-not-a-snap", "try", EXIT_FAILED, false,
          "\"%s\" does not contain an unpacked snap.\n\nTry 'snapcraft prime' in your project directory, then "
          "'snap try' again.",
          "A snap that is not packed has a file meta/snap.yaml.", .own = "%s: %m" },
        { "login-required", NULL, EXIT_FAILED, false, "%m (see 'snap help login')",
          "Repeat the command as root, for instance with sudo." },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m",
          "Install that base first, from a file of its own.",
          .begins = "cannot install snap file: cannot find required base" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", "See the revisions with 'pawl list --all'.",
          .begins = "cannot find revision" },
        { ANY_KIND, "revert", EXIT_FAILED, false, "%m", "See the revisions with 'pawl list --all'.",
          .begins = "no revision to revert to", .own = "snap \"%s\" has no revision to revert to" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", "See the changes with 'pawl changes'.",
          .begins = "cannot find change with id" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m",
          "End them, or have the update wait until they have ended: --running-apps=defer.",
          .begins = "snap \"", .has = " has running apps" },
        { ANY_KIND, "refresh", EXIT_FAILED, false, "%m",
          "Give its next revision as a file: 'pawl refresh --dangerous FILE.snap'.",
          .has = "this daemon has no store" },
        { ANY_KIND, "remove", EXIT_FAILED, false, "%m", "Remove first what uses it.",
          .has = "snap is being used by" },
        { ANY_KIND, "disable", EXIT_FAILED, false, "%m", "Remove first what uses it.",
          .has = "base in use by" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", plugs_hint, .begins = "snap \"",
          .has = "\" has no plug named" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", plugs_hint, .begins = "snap \"",
          .has = "\" has no slot named" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", plugs_hint, .begins = "snap \"",
          .has = "\" has no plug or slot named" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", fault_hint, .has = "\" takes no part: " },
        { ANY_KIND, "connect", EXIT_FAILED, false, "%m",
          "Both need the same interface: see who has a slot of one with 'pawl interface NAME'.",
          .begins = "cannot connect ", .has = "\" interface) to " },
        { ANY_KIND, "policy", EXIT_FAILED, false, "%m", "See the revisions with 'pawl list --all'.",
          .begins = "snap \"", .has = "\" has no revision " },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", "That is --queue-timeout=SECONDS.",
          .has = "conflict-timeout must be" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", plugs_hint,
          .begins = "a plug has to be named" },
        { ANY_KIND, "connect", EXIT_FAILED, false, "%m", "See what is installed with 'pawl list'.",
          .begins = "snap \"", .has = "\" is not installed" },
        { ANY_KIND, "disconnect", EXIT_FAILED, false, "%m",
          "See what is installed with 'pawl list'.", .begins = "snap \"",
          .has = "\" is not installed" },
        { ANY_KIND, "get", EXIT_FAILED, false, "%m",
          "What is not set is as the man page says: man pawl, SETTINGS.",
          .has = "configuration option", .own = "snap \"%s\" has no \"%k\" configuration option" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", NULL, .begins = "not a snap", .own = "%s: %m" },
        { ANY_KIND, NULL, EXIT_FAILED, false, "%m", NULL },
};

static bool is_fitting(const ReportRow *row, const Failure *failure, const char *command,
                       const Subject *subject) {
        return (*row->kind == '\0' || string_equal(row->kind, failure->kind)) &&
               (row->command == NULL || string_equal(row->command, command)) &&
               (row->begins == NULL || string_has_prefix(failure->message, row->begins)) &&
               (row->has == NULL || strstr(failure->message, row->has) != NULL) &&
               (!row->needs_revision || subject->revision != NULL);
}

/* The last row fits everything. */
static const ReportRow *find_row(const Failure *failure, const char *command,
                                 const Subject *subject) {
        const ReportRow *row = report_rows;
        while (!is_fitting(row, failure, command, subject))
                row++;
        return row;
}

/* `cannot install "a", "b" due to low disk space`, from the error's value. */
static void append_disk_space(Text *out, const Failure *failure) {
        json_t *names = json_object_get(failure->value, "snap-names"), *name;
        text_append_format(out, "cannot %s ",
                           json_get_string(failure->value, "change-kind", "proceed"));
        size_t i;
        json_array_foreach(names, i, name) {
                const char *text = json_string_value(name);
                text_append_format(out, "%s\"%s\"", i > 0 ? ", " : "", text == NULL ? "" : text);
        }
        text_append(out, " due to low disk space");
}

static char *expand_text(const char *text, const Failure *failure, const Subject *subject) {
        autotext out = TEXT_INIT;
        for (const char *at = text; *at != '\0'; at++) {
                if (*at != '%') {
                        text_append_bytes(&out, at, 1);
                        continue;
                }
                at++;
                if (*at == 's')
                        text_append(&out, subject->snap);
                else if (*at == 'r')
                        text_append(&out, subject->revision == NULL ? "" : subject->revision);
                else if (*at == 'k')
                        text_append(&out, json_get_string(failure->value, "Key", ""));
                else if (*at == 'd')
                        append_disk_space(&out, failure);
                else
                        text_append(&out, failure->message);
        }
        return text_take(&out);
}

/* Nothing was done and nothing is wrong: with --json that is said where a change would have been.
 */
static void print_note(const Cli *cli, const char *kind, const char *text) {
        autojson note = json_pack("{s:{s:s, s:s}}", "note", "kind", kind, "message", text);
        if (cli->is_json && note != NULL)
                (void)cli_print_json(note);
}

static int report_api(const Cli *cli, const Failure *failure, const Subject *subject) {
        const ReportRow *row = find_row(failure, cli->command->name, subject);
        /* What to do next is said in words for the program that was called; pawl's rows have theirs
         * in `hint`. */
        bool has_hint = !cli->is_snap && row->hint != NULL;
        const char *words = row->text;
        if (!cli->is_snap && row->own != NULL)
                words = row->own;
        else if (!cli->is_snap && strstr(row->text, "'snap ") != NULL)
                words = "%m";
        autofree char *text = expand_text(words, failure, subject);
        if (row->is_note) {
                (void)fprintf(stderr, "%s\n", text);
                print_note(cli, failure->kind, text);
                return row->code;
        }
        autofree char *filled =
                cli->is_json
                        ? string_copy(text)
                        : fill_text(text, cli->width - ERROR_INDENT - RIGHT_MARGIN, ERROR_INDENT);
        (void)cli_refuse_kind(cli, row->code, *failure->kind == '\0' ? "failed" : failure->kind,
                              filled);
        if (has_hint)
                (void)fprintf(stderr, "%s\n", row->hint);
        return row->code;
}

/* The words of `snap`, which scripts look for, come from its runtime's. */
static char *explain_transport(const Cli *cli, const Failure *failure) {
        if (!cli->is_snap)
                return string_format("cannot reach the daemon: %s", failure->message);
        const char *method = string_equal(failure->method, "GET") ? "Get" : "Post";
        autofree char *reason =
                failure->number == 0 ? string_copy("EOF") : string_copy(strerror(failure->number));
        if (*reason >= 'A' && *reason <= 'Z' && failure->number != 0)
                *reason = (char)(*reason - 'A' + 'a');
        autofree char *where = failure->is_connect ? string_format("dial unix %s: connect: ",
                                                                   cli->client->socket_path)
                                                   : string_copy("");
        return string_format("cannot communicate with server: %s \"http://localhost%s\": %s%s",
                             method, failure->path, where, reason);
}

int report_failure(const Cli *cli, const Subject *subject, const Error *err) {
        const Failure *failure = &cli->client->failure;
        if (failure->way == FAILURE_API)
                return report_api(cli, failure, subject);
        autofree char *text = failure->way == FAILURE_TRANSPORT ? explain_transport(cli, failure)
                                                                : string_copy(err->message);
        autofree char *message =
                string_format("%s%s%s", subject->doing == NULL ? "" : subject->doing,
                              subject->doing == NULL ? "" : ": ", text);
        (void)cli_refuse_kind(cli, EXIT_FAILED,
                              failure->way == FAILURE_TRANSPORT ? "unreachable" : "failed",
                              message);
        if (!cli->is_snap && failure->way == FAILURE_TRANSPORT && failure->is_connect)
                (void)fprintf(stderr, "Is pawld running%s%s? It serves %s.\n",
                              *cli->root == '\0' ? "" : " for ", cli->root,
                              cli->client->socket_path);
        return EXIT_FAILED;
}
