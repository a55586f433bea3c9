/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/explain.h"

#include <string.h>

#include "base/text.h"
#include "interface/grant.h"
#include "tell/describe-grants.h"
#include "tell/policy-of.h"

/* A slot that it could be connected to: of the system first. */
#define SQL_SLOT                                                                         \
        "SELECT instance, instance || ':' || name, attributes FROM live_endpoint WHERE " \
        "side = 'slot' AND interface = ? ORDER BY instance <> '', 2 LIMIT 1"
#define SQL_CONNECTED                                                                             \
        "SELECT group_concat(CASE WHEN slot_snap = '' THEN ':' || slot ELSE slot_snap || ':' || " \
        "slot END, ', ') FROM live_connection WHERE plug_snap = ? AND plug = ?"

typedef struct Explaining {
        Database *database;
        const RevisionRow *row;
        const char *program;
        bool is_hook;
} Explaining;

/* ── plugs that are not connected ── */

static int put_possible(const Explaining *explaining, const char *name, const json_t *endpoint,
                        json_t *list, Error *err) {
        const char *interface = json_get_string(endpoint, "interface", "");
        EndpointQuestion question = { explaining->database, explaining->row, true, name, endpoint };
        autoquery query = QUERY_INIT;
        autojson attributes = NULL;
        json_t *object = NULL;

        if (query_open(explaining->database, &query, err, SQL_SLOT, "s", interface) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found < 0)
                return -1;
        if (found > 0) {
                const char *text = query_get_text(&query, 2);
                question.candidate = query_get_text(&query, 0);
                if (json_parse(text, strlen(text), &attributes, err) < 0)
                        return -1;
                question.candidate_attributes = attributes;
        }
        if (endpoint_describe_grants(&question, &object, err) < 0)
                return -1;
        json_put_string(object, "plug", name);
        json_put_string(object, "slot", found > 0 ? query_get_text(&query, 1) : NULL);
        json_array_append_new(list, object);
        return 0;
}

static int describe_plugs(const Explaining *explaining, json_t *object, Error *err) {
        json_t *connected = json_object(), *possible = json_array();
        json_t *all = json_object_get(explaining->row->manifest, "plugs"), *endpoint;
        const char *name;

        json_put(object, "connected", connected);
        json_put(object, "possible", possible);
        json_object_foreach(all, name, endpoint) {
                autofree char *slots = NULL;
                if (!endpoint_is_of(endpoint, explaining->program, explaining->is_hook))
                        continue;
                int found = database_find_text(explaining->database, &slots, err, SQL_CONNECTED,
                                               "ss", explaining->row->instance, name);
                if (found < 0)
                        return -1;
                if (found > 0)
                        json_put_string(connected, name, slots);
                else if (put_possible(explaining, name, endpoint, possible, err) < 0)
                        return -1;
        }
        return 0;
}

/* ── programs ── */

static int explain_program(const Explaining *explaining, json_t *list, Error *err) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        const RevisionRow *row = explaining->row;
        const GrantRequest request = { .instance = row->instance,
                                       .name = row->name,
                                       .manifest = row->manifest,
                                       .program = explaining->program,
                                       .is_hook = explaining->is_hook };
        autofree char *name = string_format(
                "%s.%s%s", row->instance, explaining->is_hook ? "hook." : "", explaining->program);
        const json_t *app =
                json_object_get(json_object_get(row->manifest, "apps"), explaining->program);
        bool is_service = !explaining->is_hook && *json_get_string(app, "daemon", "");
        json_t *object = json_object();

        json_array_append_new(list, object);
        json_put_string(object, "program", name);
        json_put_string(object, "kind",
                        explaining->is_hook ? "hook"
                        : is_service        ? "service"
                                            : "app");
        if (grant_set_load(explaining->database, &request, &set, err) < 0)
                return -1;
        json_put(object, "grants", grants_describe(&set));
        return describe_plugs(explaining, object, err);
}

static int explain_programs(Explaining *explaining, const char *wanted, json_t *list, Error *err) {
        json_t *all =
                json_object_get(explaining->row->manifest, explaining->is_hook ? "hooks" : "apps");
        json_t *unused;
        const char *name;

        json_object_foreach(all, name, unused) {
                if (*wanted && !string_equal(wanted, name))
                        continue;
                explaining->program = name;
                if (explain_program(explaining, list, err) < 0)
                        return -1;
        }
        return 0;
}

/* In the words of SECURITY.md; the rules themselves are in `--seccomp` and `--plan`. */
static json_t *describe_always(void) {
        static const char *const sentences[] = {
                "read and run what its own package and its base hold; write neither",
                ("read and write its own data: $SNAP_DATA, $SNAP_COMMON, $SNAP_USER_DATA, "
                 "$SNAP_USER_COMMON"),
                "read and write /tmp, /run and /dev/shm of this one start, seen by nobody else",
                "read what the kernel tells in /sys and in its own /proc, but what is hidden",
                "use null, zero, full, random, urandom, its terminal and unix sockets of its own",
                "make the system calls of the template (docs/seccomp-template.md)",
                "keep no capability, gain no privilege, and see and signal no process but its own",
        };
        json_t *list = json_array();

        for (size_t i = 0; i < ARRAY_COUNT(sentences); i++)
                json_array_append_new(list, json_string(sentences[i]));
        return list;
}

static const char *get_mode(const RevisionRow *row) {
        if (row->is_jailmode)
                return "strict";
        return row->is_devmode ? "devmode" : row->confinement;
}

int explain_snap(Database *database, const char *instance, const char *program, json_t **ret,
                 Error *err) {
        autorevision row = { 0 };
        autojson object = json_object();
        json_t *programs = json_array();
        Explaining explaining = { .database = database, .row = &row };
        bool is_hook = string_has_prefix(program, "hook.");
        const char *wanted = is_hook ? program + strlen("hook.") : program;

        json_put(object, "programs", programs);
        if (revision_row_load(database, instance, "", &row, err) < 0)
                return -1;
        if (!is_hook && explain_programs(&explaining, wanted, programs, err) < 0)
                return -1;
        explaining.is_hook = true;
        if ((is_hook || !*wanted) && explain_programs(&explaining, wanted, programs, err) < 0)
                return -1;
        if (*wanted && json_array_size(programs) == 0)
                return error_set(err, ERROR_APP_NOT_FOUND, "cannot find %s \"%.80s\" in \"%.80s\"",
                                 is_hook ? "hook" : "app", wanted, instance);
        json_put_string(object, "snap", instance);
        json_put_string(object, "revision", row.revision);
        json_put_string(object, "mode", get_mode(&row));
        json_put(object, "always", describe_always());
        *ret = take(object);
        return 0;
}
