/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fill.h"
#include "cli/log-source.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "denial/denial-match.h"

#define FOUND_COUNT_MAX 200
#define SINCE_DEFAULT   "24h"
#define SHOWN_MAX       6 /* interfaces for one denial */

typedef struct Found {
        Denial denial;
        uint64_t count;
} Found;

typedef struct Search {
        const char *snap, *program; /* "" = any; program is "x.app" */
        int64_t since;
        Found *found; /* FOUND_COUNT_MAX */
        size_t count;
        uint64_t nameless; /* of programs that no record names */
        uint64_t strange;  /* of packages that this daemon does not know */
        bool is_full;
        const json_t
                *snaps; /* {INSTANCE: true} of those that are installed here; NULL: any count */
} Search;

/* ── gathering ── */

static bool is_asked(const Search *search, const Denial *denial) {
        size_t length = strlen(search->snap);

        if (denial->time != 0 && denial->time < search->since)
                return false;
        if (!*search->snap)
                return true;
        if (strncmp(denial->program, search->snap, length) != 0 ||
            (denial->program[length] && denial->program[length] != '.'))
                return false;
        /* A record that names the package alone may be of any of its programs. */
        return !*search->program || !denial->program[length] ||
               string_equal(denial->program, search->program);
}

/* The machine's logs tell of every daemon's packages, and of those that were removed. */
static bool is_installed(const Search *search, const Denial *denial) {
        autofree char *snap = string_copy_length(denial->program, strcspn(denial->program, "."));

        return !search->snaps || json_object_get(search->snaps, snap);
}

static bool is_same(const Denial *a, const Denial *b) {
        return a->source == b->source && a->kind == b->kind &&
               string_equal(a->program, b->program) && string_equal(a->text, b->text) &&
               string_equal(a->access, b->access) && string_equal(a->path, b->path) &&
               string_equal(a->member, b->member);
}

static void add_found(Search *search, const Denial *denial) {
        for (size_t i = 0; i < search->count; i++) {
                Found *known = &search->found[i];
                if (!is_same(&known->denial, denial))
                        continue;
                /* The same event in two logs. */
                if (denial->serial == 0 || denial->serial > known->denial.serial)
                        known->count++;
                if (denial->serial > known->denial.serial)
                        known->denial = *denial;
                return;
        }
        if (search->count == FOUND_COUNT_MAX)
                search->is_full = true;
        else
                search->found[search->count++] = (Found){ *denial, 1 };
}

static void on_line(void *context, char *line) {
        Search *search = context;
        Denial denial;

        if (denial_parse(line, &denial) == 0 || (denial.time != 0 && denial.time < search->since))
                return;
        if (!*denial.program) {
                search->nameless++;
                return;
        }
        if (!is_asked(search, &denial))
                return;
        if (!is_installed(search, &denial)) {
                search->strange++;
                return;
        }
        char *const texts[] = { denial.program, denial.text,      denial.path,
                                denial.member,  denial.interface, denial.operation };
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                terminal_neutralise_text(texts[i]);
        add_found(search, &denial);
}

/* ── what would allow it ── */

static const json_t *find_plug(const json_t *connections, const char *snap, const char *interface) {
        const json_t *plugs = json_object_get(connections, "plugs");

        for (size_t i = 0; i < json_array_size(plugs); i++) {
                const json_t *plug = json_array_get(plugs, i);
                if (string_equal(json_get_string(plug, "interface", ""), interface) &&
                    string_equal(json_get_string(plug, "snap", ""), snap))
                        return plug;
        }
        return NULL;
}

/* What to do, as one line. */
static char *format_step(const json_t *match, const json_t *connections, const char *snap) {
        const char *interface = json_get_string(match, "interface", "");
        const char *attribute = json_get_string(match, "attribute", "");
        const json_t *plug = find_plug(connections, snap, interface);

        if (string_equal(json_get_string(match, "side", ""), "slot"))
                return string_format("a slot of it in snap.yaml");
        const char *name = json_get_string(plug, "plug", "");
        if (*attribute)
                return string_format("name the path in \"%s\" of %s%s in snap.yaml", attribute,
                                     plug ? "its plug " : "a plug", name);
        if (!plug)
                return string_format("add the plug to snap.yaml, then pawl connect %s:%s", snap,
                                     interface);
        if (json_array_size(json_object_get(plug, "connections")) == 0)
                return string_format("pawl connect %s:%s", snap, name);
        return string_format("plug %s is connected: start the program anew, or bind the plug to it "
                             "in snap.yaml",
                             name);
}

/* What is nearest comes first: a plug that only waits to be connected, one that is, a plug that the
 * package would have to say, and last what a slot would allow. */
static int rank_step(const json_t *match, const json_t *connections, const char *snap) {
        const json_t *plug = find_plug(connections, snap, json_get_string(match, "interface", ""));

        if (string_equal(json_get_string(match, "side", ""), "slot"))
                return 3;
        if (!plug)
                return 2;
        return json_array_size(json_object_get(plug, "connections")) > 0;
}

static json_t *describe_steps(const Denial *denial, const json_t *interfaces,
                              const json_t *connections) {
        autofree char *snap = string_copy_length(denial->program, strcspn(denial->program, "."));
        autojson found = denial_match(denial, interfaces);
        json_t *list = json_array();

        for (int rank = 0; rank <= 3; rank++)
                for (size_t i = 0; i < json_array_size(found); i++) {
                        json_t *match = json_array_get(found, i);
                        if (rank_step(match, connections, snap) != rank)
                                continue;
                        autofree char *step = format_step(match, connections, snap);
                        json_put_string(match, "step", step);
                        json_array_append(list, match);
                }
        return list;
}

static char *format_wish(const Denial *denial) {
        switch (denial->kind) {
        case DENIAL_SYSTEM_CALL:
                return string_format("to make the system call %s", denial->text);
        case DENIAL_FILE:
                return string_format("to %s%s%s%s", strchr(denial->access, 'r') ? "read " : "",
                                     strchr(denial->access, 'w') ? "write " : "",
                                     strchr(denial->access, 'x') ? "run " : "", denial->text);
        case DENIAL_SOCKET:
                return string_format("to use a socket of the family %s", denial->text);
        case DENIAL_CAPABILITY:
                return string_format("the capability %s", denial->text);
        case DENIAL_BUS:
                return string_format("on the %s bus: %s %s %s of %s", denial->bus, denial->text,
                                     denial->path, denial->member, denial->interface);
        default:
                return string_format("what is called %s", denial->text);
        }
}

/* ── printing ── */

static json_t *describe_found(const Found *found, const json_t *interfaces,
                              const json_t *connections) {
        const Denial *denial = &found->denial;
        autofree char *wish = format_wish(denial);
        json_t *object = json_object();

        json_put_string(object, "program", denial->program);
        json_put_string(object, "wanted", wish);
        json_put_string(object, "by", denial_source_get_name(denial->source));
        json_put(object, "allowed", json_boolean(denial->was_allowed));
        json_put(object, "count", json_integer((json_int_t)found->count));
        json_put(object, "time", json_integer(denial->time));
        json_put(object, "would-allow", describe_steps(denial, interfaces, connections));
        return object;
}

static void print_found(const Cli *cli, const json_t *object) {
        const json_t *steps = json_object_get(object, "would-allow");
        size_t count = json_array_size(steps);
        long long times = (long long)json_get_int(object, "count", 1);

        printf("%s wanted %s; %s by %s", json_get_string(object, "program", ""),
               json_get_string(object, "wanted", ""),
               json_get_bool(object, "allowed", false) ? "logged" : "refused",
               json_get_string(object, "by", ""));
        printf(times > 1 ? ", %lld times\n" : "\n", times);
        for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
                const json_t *step = json_array_get(steps, i);
                autofree char *line = string_format(
                        "%s (%s): %s", json_get_string(step, "interface", ""),
                        json_get_string(step, "sentence", "paths that its plug names"),
                        json_get_string(step, "step", ""));
                autofree char *filled = fill_text(line, cli->width, 6);
                printf("    %s\n", filled);
        }
        if (count > SHOWN_MAX)
                printf("    and %zu more: --json lists them\n", count - SHOWN_MAX);
        if (count == 0)
                printf("    no interface of this daemon allows that\n");
}

static int print_all(const Cli *cli, const Search *search, const json_t *list, const char *place) {
        const char *about = *search->program ? search->program : search->snap;

        if (cli->is_json)
                return cli_print_json(list);
        for (size_t i = 0; i < json_array_size(list); i++)
                print_found(cli, json_array_get(list, i));
        if (json_array_size(list) == 0)
                printf("nothing refused%s%s is in %s\n", *about ? " of " : "", about, place);
        if (search->is_full)
                printf("There is more: only %d different ones are kept; name a snap.\n",
                       FOUND_COUNT_MAX);
        if (search->nameless > 0)
                printf("%llu more records name no package: of programs that are not a snap's, or of a base's shell.\n",
                       (unsigned long long)search->nameless);
        if (search->strange > 0)
                printf("%llu more records are of packages that are not installed here.\n",
                       (unsigned long long)search->strange);
        autofree char *note = fill_text(
                "The kernel logs refusals of the system call filter and of Landlock only for programs started with "
                "'pawl run --trace-denials', those of Landlock only while audit is on (auditctl -e 1); what is not in a "
                "program's view is \"not found\" and logged nowhere.",
                cli->width - 1, 0);
        (void)puts(note);
        return EXIT_DONE;
}

/* ── words ── */

/* "90s", "10m", "2h", "3d" ago. */
static int parse_since(const Cli *cli, const char *text, int64_t *ret) {
        static const struct {
                char unit;
                int64_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        size_t length = strspn(text, "0123456789");

        for (size_t i = 0; i < ARRAY_COUNT(units) && length > 0 && length < 7; i++)
                if (text[length] == units[i].unit && !text[length + 1]) {
                        *ret = (int64_t)time(NULL) - strtoll(text, NULL, 10) * units[i].seconds;
                        return EXIT_DONE;
                }
        return cli_refuse(cli, EXIT_USAGE,
                          "invalid time \"%s\": a number and one of s, m, h, d, as in 10m", text);
}

typedef struct Known {
        json_t *interfaces, *connections;
        json_t *snaps; /* as in Search */
} Known;

static void known_done(Known *known) {
        json_decref(known->interfaces);
        json_decref(known->connections);
        json_decref(known->snaps);
}

static int ask(Cli *cli, const Search *search, Known *ret) {
        const Subject subject = { .snap = search->snap };
        Error err = ERROR_INIT;
        autojson list = NULL;

        if (client_get(cli->client, "/v2/pawl/interfaces", &ret->interfaces, &err) < 0 ||
            client_get(cli->client, "/v2/connections?select=all", &ret->connections, &err) < 0 ||
            client_get(cli->client, "/v2/snaps", &list, &err) < 0)
                return report_failure(cli, &subject, &err);
        ret->snaps = json_object();
        for (size_t i = 0; i < json_array_size(list); i++)
                json_put(ret->snaps, json_get_string(json_array_get(list, i), "name", ""),
                         json_true());
        return EXIT_DONE;
}

static int refuse_absent(const Cli *cli, const char *snap) {
        (void)cli_refuse(cli, EXIT_FAILED, "snap \"%s\" is not installed", snap);
        if (!cli->is_json)
                (void)fprintf(stderr, "See what is installed with 'pawl list'.\n");
        return EXIT_FAILED;
}

static int search_and_print(Cli *cli, Search *search, const char *file) {
        const LogSource source = { file, search->since, on_line, search };
        const char *place = "";
        Error err = ERROR_INIT;
        __attribute__((cleanup(known_done))) Known known = { 0 };
        autojson list = json_array();
        int code = ask(cli, search, &known);

        if (code != EXIT_DONE)
                return code;
        /* A file may be of another machine. */
        search->snaps = file ? NULL : known.snaps;
        if (*search->snap && search->snaps && !json_object_get(search->snaps, search->snap))
                return refuse_absent(cli, search->snap);
        int read = log_source_read(&source, &place, &err);
        if (read < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (read == 0)
                return cli_refuse(cli, EXIT_FAILED,
                                  "no log can be read: there is neither an audit log nor a journal "
                                  "nor /dev/kmsg for you; try as root");
        for (size_t i = 0; i < search->count; i++)
                json_array_append_new(list, describe_found(&search->found[i], known.interfaces,
                                                           known.connections));
        return print_all(cli, search, list, place);
}

static int run_why(Cli *cli, const Arguments *arguments) {
        const char *word = arguments->word_count > 0 ? arguments->words[0] : "";
        const char *since = arguments_get(arguments, "since");
        autofree char *snap = string_copy_length(word, strcspn(word, "."));
        Search search = { .snap = snap, .program = strchr(word, '.') ? word : "" };

        if (parse_since(cli, since ? since : SINCE_DEFAULT, &search.since) != EXIT_DONE)
                return EXIT_USAGE;
        search.found = memory_new(FOUND_COUNT_MAX * sizeof(*search.found));
        int code = search_and_print(cli, &search, arguments_get(arguments, "log"));
        free(search.found);
        return code;
}

static const Option options[] = {
        { .name = "since",
          .argument = "TIME",
          .help = "how far back, as in 10m, 2h or 3d; else 24h" },
        { .name = "log",
          .argument = "FILE",
          .help = "read this file instead of the machine's logs" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_why = {
        .name = "why",
        .summary = "Say what was refused, and what would allow it",
        .text = "Reads the audit log, the journal and the kernel's log and names, for each thing that confinement refused "
                "to a program, the interfaces that allow it and what to do.  What the kernel logs nothing of, it "
                "cannot tell: start the program with 'pawl run --trace-denials' first.  Of the "
                "machine's logs only what is of packages that are installed here counts, of a FILE all.",
        .words = "[SNAP[.APP]]",
        .word = "<snap>",
        .word_max = 1,
        .options = options,
        .completes = "app",
        .flags = COMMAND_PAWL_ONLY,
        .run = run_why,
};
