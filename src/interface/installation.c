/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/installation.h"

#include <string.h>

#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/policy-rule.h"

/* --- refused --- */

typedef struct Checking {
        PolicyEnd end; /* what all plugs and slots have alike */
        PolicyMachine machine;
} Checking;

static int check_endpoint(const Checking *checking, bool is_plug, const char *name,
                          const json_t *endpoint, Error *err) {
        const char *interface = json_get_string(endpoint, "interface", name);
        const json_t *attributes = json_object_get(endpoint, "attrs");
        PolicyEnd end = checking->end;
        PolicyQuestion question = { .act = POLICY_INSTALLATION,
                                    .kind = interface_kind_find(interface),
                                    .plug = is_plug ? &end : NULL,
                                    .slot = is_plug ? NULL : &end,
                                    .machine = &checking->machine };
        Error ignored = ERROR_INIT;

        if (!question.kind || endpoint_check(is_plug, interface, attributes, &ignored) < 0)
                return 0;
        end.name = name;
        end.attributes = attributes;
        int is_allowed = *end.snap_id ? policy_ask(&question, NULL, err)
                                      : policy_ask_minimal(&question, err);
        return is_allowed > 0 ? 0 : -1;
}

static int check_side(const Checking *checking, bool is_plug, const json_t *manifest, Error *err) {
        const char *name;
        json_t *endpoint;

        json_object_foreach(json_object_get(manifest, is_plug ? "plugs" : "slots"), name,
                            endpoint) {
                if (check_endpoint(checking, is_plug, name, endpoint, err) < 0)
                        return -1;
        }
        return 0;
}

/* The snap's own name is what a declaration is about; an instance of it has the same. */
int installation_check(Database *database, const char *instance, const json_t *manifest,
                       Error *err) {
        autofree char *told = NULL;
        autofree char *known = NULL;

        if (database_find_text(database, &told, err, "SELECT told FROM machine", "") < 0 ||
            database_find_text(
                    database, &known, err,
                    "SELECT json_object('snap_id', snap_id, 'publisher_id', publisher_id, "
                    "'declaration', json(rules)) FROM declaration WHERE instance = ?",
                    "s", instance) < 0)
                return -1;
        autojson machine = told ? json_loads(told, 0, NULL) : NULL;
        autojson declared = known ? json_loads(known, 0, NULL) : NULL;
        const Checking checking = {
                .end = { .snap = instance,
                         .snap_type = json_get_string(manifest, "type", "app"),
                         .snap_id = json_get_string(declared, "snap_id", ""),
                         .publisher_id = json_get_string(declared, "publisher_id", ""),
                         .declaration = json_object_get(declared, "declaration") },
                .machine = { json_get_bool(machine, "is_classic", false),
                             json_get_string(machine, "distribution", ""), "", "", "" },
        };

        if (check_side(&checking, true, manifest, err) < 0)
                return -1;
        return check_side(&checking, false, manifest, err);
}

/* --- left out --- */

static void add_bad(Text *list, const char *name, const char *reason) {
        text_append_format(list, "%s%s (%s)", list->length > 0 ? "; " : "", name, reason);
}

static void list_side(Text *list, bool is_plug, const json_t *manifest) {
        const char *name;
        json_t *endpoint;

        json_object_foreach(json_object_get(manifest, is_plug ? "plugs" : "slots"), name,
                            endpoint) {
                Error err = ERROR_INIT;
                const char *interface = json_get_string(endpoint, "interface", name);
                if (endpoint_check_among(is_plug, interface, json_object_get(endpoint, "attrs"),
                                         endpoint_count(manifest, interface), &err) < 0)
                        add_bad(list, name, err.message);
        }
}

char *installation_format_bad(const char *instance, const json_t *manifest) {
        autotext list = TEXT_INIT;
        const char *name;
        json_t *reason;

        json_object_foreach(json_object_get(manifest, "bad-interfaces"), name, reason) {
                add_bad(&list, name, json_is_string(reason) ? json_string_value(reason) : "");
        }
        list_side(&list, true, manifest);
        list_side(&list, false, manifest);
        if (list.length == 0)
                return NULL;
        return string_format("snap \"%s\" has bad plugs or slots: %s", instance, list.bytes);
}
