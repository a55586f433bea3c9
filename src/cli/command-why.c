/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/denial-search.h"
#include "cli/fill.h"
#include "cli/log-source.h"
#include "cli/moment.h"
#include "cli/report.h"
#include "denial/denial-match.h"
#include "denial/denial-words.h"

#define SINCE_DEFAULT      "24h"
#define SHOWN_MAX          6  /* interfaces for one denial */
#define NAMELESS_SHOWN_MAX 10 /* records that name no package */

typedef struct Known {
        json_t *interfaces, *connections;
        json_t *snaps; /* as in DenialSearch */
} Known;

static void known_done(Known *known) {
        json_decref(known->interfaces);
        json_decref(known->connections);
        json_decref(known->snaps);
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

static json_t *describe_steps(const Denial *denial, const char *snap, const json_t *interfaces,
                              const json_t *connections) {
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

/* ── printing ── */

static json_t *describe_found(const Found *found, const char *snap, const Known *known) {
        const Denial *denial = &found->denial;
        autofree char *wish = denial_format_wish(denial);
        autofree char *own = string_copy_length(denial->program, strcspn(denial->program, "."));
        json_t *object = json_object();

        json_put_string(object, "program", denial->program);
        json_put_string(object, "wanted", wish);
        json_put_string(object, "by", denial_source_get_name(denial->source));
        json_put(object, "allowed", json_boolean(denial->was_allowed));
        json_put(object, "count", json_integer((json_int_t)found->count));
        json_put(object, "time", json_integer(denial->time));
        if (!*denial->program) {
                json_put_string(object, "command", denial->command);
                json_put_string(object, "executable", denial->executable);
        }
        json_put(object, "would-allow",
                 describe_steps(denial, *own ? own : snap, known->interfaces, known->connections));
        return object;
}

static void print_steps(const Cli *cli, const json_t *object) {
        const json_t *steps = json_object_get(object, "would-allow");
        size_t count = json_array_size(steps);

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

static void print_found(const Cli *cli, const json_t *object) {
        const char *program = json_get_string(object, "program", "");
        long long times = (long long)json_get_int(object, "count", 1);

        if (*program)
                printf("%s", program);
        else
                printf("%s (%s)", json_get_string(object, "command", "?"),
                       json_get_string(object, "executable", ""));
        printf(" wanted %s; %s by %s", json_get_string(object, "wanted", ""),
               json_get_bool(object, "allowed", false) ? "logged" : "refused",
               json_get_string(object, "by", ""));
        printf(times > 1 ? ", %lld times\n" : "\n", times);
        print_steps(cli, object);
}

/* Whose they are cannot be known; but where somebody asks for one package, they may be its shell's.
 */
static void print_nameless(const Cli *cli, const DenialSearch *search, const json_t *list) {
        size_t count = json_array_size(list);

        if (count == 0)
                return;
        if (!*search->snap) {
                printf("%zu more name no package (of a base's shell or tools, or of the host's programs): "
                       "'pawl why SNAP' shows them.\n",
                       count);
                return;
        }
        printf("\nNo package is named in these; they may be of %s, by a shell or tools of its base:\n",
               search->snap);
        for (size_t i = 0; i < count && i < NAMELESS_SHOWN_MAX; i++)
                print_found(cli, json_array_get(list, i));
        if (count > NAMELESS_SHOWN_MAX)
                printf("and %zu more: --json lists them, --since=1m leaves older ones out\n",
                       count - NAMELESS_SHOWN_MAX);
}

static void print_notes(const Cli *cli, const DenialSearch *search) {
        if (search->found.is_full || search->nameless.is_full)
                printf("There is more: only %zu different ones are kept; name a snap.\n",
                       search->found.maximum);
        if (search->strange > 0)
                printf("%llu more records are of packages or revisions that are not installed here, or were not yet.\n",
                       (unsigned long long)search->strange);
        if (search->lost > 0)
                printf("The kernel left records out, as its log takes few in a second: run auditd, or "
                       "sysctl kernel.printk_ratelimit=0, and try again.\n");
        autofree char *note = fill_text(
                "The kernel logs refusals of the system call filter and of Landlock only for programs started with "
                "'pawl run --trace-denials', those of Landlock only while audit is on (auditctl -e 1).  What is not in a "
                "program's view is \"not found\" and logged nowhere, as are nodes of devices and names on message buses: "
                "ask for those with --wanted, as in 'pawl why SNAP --wanted /media/x'.",
                cli->width - 1, 0);
        (void)puts(note);
}

static int print_all(const Cli *cli, const DenialSearch *search, const Known *known,
                     const char *place) {
        const char *about = *search->program ? search->program : search->snap;
        const FoundList *lists[] = { &search->found, &search->nameless };
        autojson named = json_array();
        autojson nameless = json_array();
        json_t *const objects[] = { named, nameless };

        for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
                for (size_t j = 0; j < lists[i]->count; j++)
                        json_array_append_new(objects[i], describe_found(&lists[i]->items[j],
                                                                         search->snap, known));
        if (cli->is_json) {
                if (*search->snap)
                        (void)json_array_extend(named, nameless);
                return cli_print_json(named);
        }
        for (size_t i = 0; i < json_array_size(named); i++)
                print_found(cli, json_array_get(named, i));
        if (json_array_size(named) == 0)
                printf("nothing refused%s%s is in %s\n", *about ? " of " : "", about, place);
        print_nameless(cli, search, nameless);
        print_notes(cli, search);
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

static void add_revision(json_t *snaps, const json_t *row) {
        const char *name = json_get_string(row, "name", "");
        int64_t time = 0;
        Error unused = ERROR_INIT;

        (void)moment_parse(json_get_string(row, "install-date", ""), &time, &unused);
        if (!json_object_get(snaps, name))
                json_put(snaps, name, json_object());
        json_put(json_object_get(snaps, name), json_get_string(row, "revision", ""),
                 json_integer(time));
}

static int ask(Cli *cli, const char *snap, Known *ret) {
        const Subject subject = { .snap = snap };
        Error err = ERROR_INIT;
        autojson list = NULL;

        if (client_get(cli->client, "/v2/pawl/interfaces", &ret->interfaces, &err) < 0 ||
            client_get(cli->client, "/v2/connections?select=all", &ret->connections, &err) < 0 ||
            client_get(cli->client, "/v2/snaps?select=all", &list, &err) < 0)
                return report_failure(cli, &subject, &err);
        ret->snaps = json_object();
        for (size_t i = 0; i < json_array_size(list); i++)
                add_revision(ret->snaps, json_array_get(list, i));
        return EXIT_DONE;
}

static int refuse_absent(const Cli *cli, const char *snap) {
        (void)cli_refuse(cli, EXIT_FAILED, "snap \"%s\" is not installed", snap);
        if (!cli->is_json)
                (void)fprintf(stderr, "See what is installed with 'pawl list'.\n");
        return EXIT_FAILED;
}

static int search_and_print(const Cli *cli, DenialSearch *search, const Known *known,
                            const char *file) {
        const LogSource source = { file, search->since, denial_search_line, search };
        const char *place = "";
        Error err = ERROR_INIT;
        int read = log_source_read(&source, &place, &err);

        denial_search_end(search);
        if (read < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (read == 0)
                return cli_refuse(cli, EXIT_FAILED,
                                  "no log can be read: there is neither an audit log nor a journal "
                                  "nor /dev/kmsg for you; try as root");
        return print_all(cli, search, known, place);
}

/* What nobody logs can be asked for: a word may be a system call, a capability or a family. */
static int answer_wish(const Cli *cli, const char *snap, const char *wanted, const Known *known) {
        static const DenialKind others[] = { DENIAL_SYSTEM_CALL, DENIAL_CAPABILITY, DENIAL_SOCKET };
        DenialKind kind = denial_guess_kind(wanted);
        size_t count = kind == DENIAL_SYSTEM_CALL ? ARRAY_COUNT(others) : 1;
        autojson list = json_array();
        Found found = { .count = 1 };

        for (size_t i = 0; i < count; i++) {
                denial_suppose(wanted, kind == DENIAL_SYSTEM_CALL ? others[i] : kind,
                               &found.denial);
                autojson object = describe_found(&found, snap, known);
                if (json_array_size(json_object_get(object, "would-allow")) > 0 ||
                    (i + 1 == count && json_array_size(list) == 0))
                        json_array_append(list, object);
        }
        if (cli->is_json)
                return cli_print_json(list);
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *object = json_array_get(list, i);
                printf("%s\n", json_get_string(object, "wanted", ""));
                print_steps(cli, object);
        }
        return EXIT_DONE;
}

static int look(Cli *cli, DenialSearch *search, const Arguments *arguments) {
        __attribute__((cleanup(known_done))) Known known = { 0 };
        const char *file = arguments_get(arguments, "log");
        const char *wanted = arguments_get(arguments, "wanted");
        int code = ask(cli, search->snap, &known);

        if (code != EXIT_DONE)
                return code;
        /* A file may be of another machine. */
        if (!file && *search->snap && !json_object_get(known.snaps, search->snap))
                return refuse_absent(cli, search->snap);
        if (wanted)
                return answer_wish(cli, *search->snap ? search->snap : "SNAP", wanted, &known);
        search->snaps = file ? NULL : known.snaps;
        return search_and_print(cli, search, &known, file);
}

static int run_why(Cli *cli, const Arguments *arguments) {
        const char *word = arguments->word_count > 0 ? arguments->words[0] : "";
        const char *since = arguments_get(arguments, "since");
        autofree char *snap = string_copy_length(word, strcspn(word, "."));
        DenialSearch search = { .snap = snap, .program = strchr(word, '.') ? word : "" };

        if (parse_since(cli, since ? since : SINCE_DEFAULT, &search.since) != EXIT_DONE)
                return EXIT_USAGE;
        denial_search_init(&search);
        int code = look(cli, &search, arguments);
        denial_search_done(&search);
        return code;
}

static const Option options[] = {
        { .name = "since",
          .argument = "TIME",
          .help = "how far back, as in 10m, 2h or 3d; else 24h" },
        { .name = "log",
          .argument = "FILE",
          .help = "read this file instead of the machine's logs" },
        { .name = "wanted",
          .argument = "THING",
          .help = "look into no log, but say what would allow this: a path, a name on a message bus, a system call, "
                  "a capability or a family of sockets" },
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
