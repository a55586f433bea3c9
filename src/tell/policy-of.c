/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/policy-of.h"

#include <string.h>

#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/grant-polkit.h"
#include "interface/grant.h"
#include "interface/stored-manifest.h"
#include "launch/policies.h"
#include "launch/takeover.h"
#include "tell/describe-grants.h"

#define SQL_REVISION                                                                                \
        "SELECT s.name, r.revision, r.confinement, s.is_devmode, s.is_jailmode, r.manifest FROM "   \
        "snap s JOIN revision r ON r.instance = s.instance WHERE s.instance = ?1 AND r.revision = " \
        "coalesce(nullif(?2, ''), s.current)"
/* Of all that are connected to it the first stands for all: what differs is in attributes. */
#define SQL_SLOT_OF_PLUG                                                                             \
        "SELECT slot_snap, slot, slot_attributes FROM live_connection WHERE plug_snap = ? AND plug " \
        "= ? ORDER BY 1, 2 LIMIT 1"
#define SQL_PLUG_OF_SLOT                                                                        \
        "SELECT plug_snap, plug, plug_attributes FROM live_connection WHERE slot_snap = ? AND " \
        "slot = ? ORDER BY 1, 2 LIMIT 1"

void revision_row_done(RevisionRow *row) {
        free(row->instance);
        free(row->name);
        free(row->revision);
        free(row->confinement);
        json_decref(row->manifest);
        *row = (RevisionRow){ 0 };
}

int revision_row_load(Database *database, const char *instance, const char *revision,
                      RevisionRow *ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err, SQL_REVISION, "ss", instance, revision) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found < 0)
                return -1;
        if (found == 0)
                return *revision ? error_set(err, ERROR_NOT_FOUND,
                                             "snap \"%.80s\" has no revision %.20s here", instance,
                                             revision)
                                 : error_set(err, ERROR_SNAP_NOT_FOUND,
                                             "snap \"%.80s\" is not installed", instance);
        autorevision row = { .instance = string_copy(instance),
                             .name = string_copy(query_get_text(&query, 0)),
                             .revision = string_copy(query_get_text(&query, 1)),
                             .confinement = string_copy(query_get_text(&query, 2)),
                             .is_devmode = query_get_int(&query, 3) != 0,
                             .is_jailmode = query_get_int(&query, 4) != 0 };
        if (stored_manifest_parse(query_get_text(&query, 5), &row.manifest, err) < 0)
                return -1;
        *ret = row;
        row = (RevisionRow){ 0 };
        return 0;
}

bool endpoint_is_of(const json_t *endpoint, const char *program, bool is_hook) {
        const json_t *bound = json_object_get(endpoint, is_hook ? "hooks" : "apps");

        for (size_t i = 0; i < json_array_size(bound); i++) {
                const char *name = json_string_value(json_array_get(bound, i));
                if (name && string_equal(name, program))
                        return true;
        }
        return false;
}

/* ── one plug or slot ── */

typedef struct Peer {
        char *instance;     /* owned; "" for the system */
        json_t *attributes; /* owned */
        bool is_connected;
} Peer;

static void peer_free(Peer *peer) {
        free(peer->instance);
        json_decref(peer->attributes);
}

/* Who is connected; where nobody is, the candidate, or a peer that says nothing. */
static int find_peer(const EndpointQuestion *question, Peer *ret, Error *err) {
        autoquery query = QUERY_INIT;
        const char *sql = question->is_plug ? SQL_SLOT_OF_PLUG : SQL_PLUG_OF_SLOT;

        if (query_open(question->database, &query, err, sql, "ss", question->row->instance,
                       question->name) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found < 0)
                return -1;
        ret->is_connected = found > 0;
        if (found == 0) {
                ret->instance = string_copy(question->candidate ? question->candidate : "");
                ret->attributes = question->candidate_attributes
                                          ? json_deep_copy(question->candidate_attributes)
                                          : json_object();
                return 0;
        }
        ret->instance = string_copy(query_get_text(&query, 0));
        const char *text = query_get_text(&query, 2);
        return json_parse(text, strlen(text), &ret->attributes, err);
}

static int describe_example(const EndpointQuestion *question, const InterfaceKind *kind,
                            const Peer *peer, json_t **ret, Error *err) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        const json_t *own = json_object_get(question->endpoint, "attrs");
        const GrantExample example = {
                .kind = kind,
                .is_plug = question->is_plug,
                .instance = question->row->instance,
                .name = question->row->name,
                .peer = peer->instance,
                .plug_attributes = question->is_plug ? own : peer->attributes,
                .slot_attributes = question->is_plug ? peer->attributes : own,
        };

        if (grant_set_add_example(&set, &example, err) < 0 ||
            (question->is_plug && string_equal(kind->name, "polkit") &&
             grant_polkit_add(&set, json_object_get(question->row->manifest, "polkit"),
                              question->name, json_get_string(own, "action-prefix", ""), err) < 0))
                return -1;
        *ret = grants_describe(&set);
        /* An example calls its end by the interface's name. */
        for (size_t i = 0; i < json_array_size(*ret); i++)
                json_object_set_new(json_array_get(*ret, i), question->is_plug ? "plug" : "slot",
                                    json_string(question->name));
        return 0;
}

/* Why a plug or slot takes no part though its interface is known: its attributes. */
static void put_fault(const EndpointQuestion *question, const InterfaceKind *kind, json_t *object) {
        const char *interface = json_get_string(question->endpoint, "interface", "");
        json_t *own = json_object_get(question->endpoint, "attrs");
        autojson none = json_object();
        Error fault = ERROR_INIT;

        if (kind &&
            endpoint_check_among(question->is_plug, interface, own ? own : none,
                                 endpoint_count(question->row->manifest, interface), &fault) < 0)
                json_put_string(object, "fault", fault.message);
}

int endpoint_describe_grants(const EndpointQuestion *question, json_t **ret, Error *err) {
        const char *interface = json_get_string(question->endpoint, "interface", "");
        const InterfaceKind *kind = interface_kind_find(interface);
        __attribute__((cleanup(peer_free))) Peer peer = { 0 };
        autojson object = json_object();
        json_t *grants = NULL;

        if (find_peer(question, &peer, err) < 0)
                return -1;
        json_put_string(object, "interface", interface);
        json_put(object, "is-known", json_boolean(kind != NULL));
        json_put(object, "is-connected", json_boolean(peer.is_connected));
        if (!peer.is_connected)
                put_fault(question, kind, object);
        if (kind && !json_object_get(object, "fault") &&
            describe_example(question, kind, &peer, &grants, err) < 0)
                return -1;
        json_put(object, "grants", grants ? grants : json_array());
        *ret = take(object);
        return 0;
}

/* ── a revision ── */

typedef struct Program {
        Database *database;
        const RevisionRow *row;
        const char *name;
        bool is_hook;
} Program;

static int describe_endpoints_of(const Program *program, bool is_plug, json_t *object, Error *err) {
        json_t *all = json_object_get(program->row->manifest, is_plug ? "plugs" : "slots");
        json_t *list = json_object(), *endpoint, *described = NULL;
        const char *name;

        json_put(object, is_plug ? "plugs" : "slots", list);
        json_object_foreach(all, name, endpoint) {
                const EndpointQuestion question = { program->database, program->row, is_plug, name,
                                                    endpoint };
                if (!endpoint_is_of(endpoint, program->name, program->is_hook))
                        continue;
                if (endpoint_describe_grants(&question, &described, err) < 0)
                        return -1;
                json_object_set_new(list, name, described);
        }
        return 0;
}

static int describe_programs(Database *database, const RevisionRow *row, bool is_hook,
                             json_t *programs, Error *err) {
        json_t *all = json_object_get(row->manifest, is_hook ? "hooks" : "apps"), *unused;
        const char *name;

        json_object_foreach(all, name, unused) {
                const Program program = { database, row, name, is_hook };
                autofree char *key = string_format("%s%s", is_hook ? "hook." : "", name);
                json_t *object = json_object();
                json_object_set_new(programs, key, object);
                if (describe_endpoints_of(&program, true, object, err) < 0 ||
                    describe_endpoints_of(&program, false, object, err) < 0)
                        return -1;
        }
        return 0;
}

static json_t *list_generation(void) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        autotext rules = TEXT_INIT;

        policies_write_template(&rules);
        takeover_get_generation(rules.bytes, digest);
        return json_pack("[s]", digest);
}

static json_t *list_template(void) {
        json_t *list = json_array();
        autotext rules = TEXT_INIT;
        char *rest = NULL;

        policies_write_template(&rules);
        for (char *line = strtok_r(rules.bytes, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest))
                json_array_append_new(list, json_string(line));
        return list;
}

int policy_of_revision(Database *database, const char *instance, const char *revision, json_t **ret,
                       Error *err) {
        autorevision row = { 0 };
        autojson object = json_object();
        json_t *programs = json_object();

        json_put(object, "programs", programs);
        if (revision_row_load(database, instance, revision, &row, err) < 0 ||
            describe_programs(database, &row, false, programs, err) < 0 ||
            describe_programs(database, &row, true, programs, err) < 0)
                return -1;
        json_put_string(object, "snap", instance);
        json_put_string(object, "revision", row.revision);
        json_put_string(object, "confinement", row.confinement);
        json_put(object, "generation", list_generation());
        json_put(object, "template", list_template());
        *ret = take(object);
        return 0;
}
