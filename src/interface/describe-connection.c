/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/describe-connection.h"

#include <string.h>

#include "base/text.h"
#include "interface/repository.h"

static const char *to_shown(Database *database, const char *instance) {
        return *instance ? instance : repository_get_system_name(database);
}

/* What SQL gets: NULL for any snap. */
static const char *get_snap(const ConnectionFilter *filter) {
        if (!*filter->snap)
                return NULL;
        return repository_is_system_name(filter->snap) ? "" : filter->snap;
}

static const char *get_interface(const ConnectionFilter *filter) {
        return *filter->interface ? filter->interface : NULL;
}

static json_t *format_reference(Database *database, const char *kind, const char *instance,
                                const char *name) {
        json_t *reference = json_object();

        json_put_string(reference, "snap", to_shown(database, instance));
        json_put_string(reference, kind, name);
        return reference;
}

/* An object or list in a column; left out when it is empty. */
static int put_parsed(json_t *object, const char *key, const char *text, Error *err) {
        json_t *value = NULL;

        if (!text || json_parse(text, strlen(text), &value, err) < 0)
                return text ? -1 : 0;
        if (json_object_size(value) + json_array_size(value) == 0)
                json_decref(value);
        else
                json_put(object, key, value);
        return 0;
}

/* --- connections --- */

/* What of a side's attributes is there because hooks said it. */
static json_t *select_said(const json_t *dynamic, const json_t *all) {
        json_t *said = json_object();
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)dynamic, name, value) {
                if (json_equal(json_object_get(all, name), value))
                        json_object_set(said, name, value);
        }
        return said;
}

/* "hook-attrs": {"plug": {...}, "slot": {...}}, of pawl alone; left out where hooks said nothing.
 */
static int put_said(json_t *connection, const Query *query, Error *err) {
        static const struct {
                const char *side, *all;
                int column;
        } sides[] = { { "plug", "plug-attrs", 8 }, { "slot", "slot-attrs", 9 } };
        autojson both = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
                const char *text = query_get_text(query, sides[i].column);
                autojson dynamic = NULL;
                if (text && json_parse(text, strlen(text), &dynamic, err) < 0)
                        return -1;
                autojson said = select_said(dynamic, json_object_get(connection, sides[i].all));
                if (json_object_size(said) > 0)
                        json_object_set(both, sides[i].side, said);
        }
        if (json_object_size(both) > 0)
                json_object_set(connection, "hook-attrs", both);
        return 0;
}

static int add_connection(Database *database, const Query *query, json_t *list, Error *err) {
        autojson connection = json_object();

        json_put(connection, "slot",
                 format_reference(database, "slot", query_get_text(query, 2),
                                  query_get_text(query, 3)));
        json_put(connection, "plug",
                 format_reference(database, "plug", query_get_text(query, 0),
                                  query_get_text(query, 1)));
        json_put_string(connection, "interface", query_get_text(query, 4));
        if (query_get_int(query, 5) == 0)
                json_put(connection, "manual", json_true());
        if (put_parsed(connection, "slot-attrs", query_get_text(query, 7), err) < 0 ||
            put_parsed(connection, "plug-attrs", query_get_text(query, 6), err) < 0 ||
            put_said(connection, query, err) < 0)
                return -1;
        json_array_append(list, connection);
        return 0;
}

#define OWN_ROW                                                                               \
        "connection c WHERE c.plug_snap = l.plug_snap AND c.plug = l.plug AND c.slot_snap = " \
        "l.slot_snap AND c.slot = l.slot"

static const char *const ESTABLISHED =
        "SELECT plug_snap, plug, slot_snap, slot, interface, is_auto, plug_attributes, "
        "slot_attributes, (SELECT c.plug_attributes FROM " OWN_ROW
        "), (SELECT c.slot_attributes FROM " OWN_ROW
        ") FROM live_connection l WHERE (?1 IS NULL OR plug_snap = ?1 OR slot_snap = ?1) "
        "AND (?2 IS NULL OR interface = ?2) ORDER BY plug_snap, plug, slot_snap, slot";
static const char *const UNDESIRED =
        "SELECT plug_snap, plug, slot_snap, slot, interface, is_auto, NULL, NULL, NULL, NULL FROM connection "
        "WHERE is_undesired = 1 AND (?1 IS NULL OR plug_snap = ?1 OR slot_snap = ?1) AND (?2 IS NULL "
        "OR interface = ?2) ORDER BY plug_snap, plug, slot_snap, slot";

static int list_connections(Database *database, const char *sql, const ConnectionFilter *filter,
                            json_t **ret, Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err, sql, "ss", get_snap(filter), get_interface(filter)) <
            0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (add_connection(database, &query, list, err) < 0)
                        return -1;
        *ret = take(list);
        return more;
}

/* --- plugs and slots --- */

static const char *const PLUG_PEERS =
        "SELECT slot_snap, slot FROM live_connection WHERE plug_snap = ? AND plug = ? ORDER BY 1, 2";
static const char *const SLOT_PEERS =
        "SELECT plug_snap, plug FROM live_connection WHERE slot_snap = ? AND slot = ? ORDER BY 1, 2";

static int list_peers(Database *database, bool is_plug, const Query *endpoint, json_t **ret,
                      Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err, is_plug ? PLUG_PEERS : SLOT_PEERS, "ss",
                       query_get_text(endpoint, 0), query_get_text(endpoint, 1)) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_array_append_new(list, format_reference(database, is_plug ? "slot" : "plug",
                                                             query_get_text(&query, 0),
                                                             query_get_text(&query, 1)));
        *ret = take(list);
        return more;
}

static int add_endpoint(Database *database, bool is_plug, const Query *query, bool is_all,
                        json_t *list, Error *err) {
        autojson endpoint = format_reference(database, is_plug ? "plug" : "slot",
                                             query_get_text(query, 0), query_get_text(query, 1));
        autojson peers = NULL;

        if (list_peers(database, is_plug, query, &peers, err) < 0)
                return -1;
        if (json_array_size(peers) == 0 && !is_all)
                return 0;
        json_put_string(endpoint, "interface", query_get_text(query, 2));
        if (put_parsed(endpoint, "attrs", query_get_text(query, 4), err) < 0 ||
            put_parsed(endpoint, "apps", query_get_text(query, 5), err) < 0)
                return -1;
        json_put_string(endpoint, "label", query_get_text(query, 3));
        if (json_array_size(peers) > 0)
                json_put(endpoint, "connections", take(peers));
        json_array_append(list, endpoint);
        return 0;
}

/* With a snap, what is connected to it counts as well. */
static const char *const ENDPOINTS =
        "SELECT e.instance, e.name, e.interface, e.label, e.attributes, json_extract(r.manifest, '$.' "
        "|| e.side || 's.\"' || e.name || '\".apps') FROM live_endpoint e LEFT JOIN revision r ON "
        "r.instance = e.instance AND r.revision = e.revision WHERE e.side = ?1 AND (?3 IS NULL OR "
        "e.interface = ?3) AND (?2 IS NULL OR e.instance = ?2 OR EXISTS (SELECT 1 FROM "
        "live_connection c WHERE (e.side = 'plug' AND c.plug_snap = e.instance AND c.plug = e.name AND "
        "c.slot_snap = ?2) OR (e.side = 'slot' AND c.slot_snap = e.instance AND c.slot = e.name AND "
        "c.plug_snap = ?2))) ORDER BY e.instance, e.name";

int describe_endpoints(Database *database, bool is_plug, const ConnectionFilter *filter,
                       json_t **ret, Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err, ENDPOINTS, "sss", is_plug ? "plug" : "slot",
                       get_snap(filter), get_interface(filter)) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (add_endpoint(database, is_plug, &query, filter->is_all, list, err) < 0)
                        return -1;
        *ret = take(list);
        return more;
}

/* --- the whole --- */

static int require_snap(Database *database, const ConnectionFilter *filter, Error *err) {
        const char *instance = get_snap(filter);
        int64_t one = 0;

        if (!instance || !*instance)
                return 0;
        int found = database_find_int(
                database, &one, err,
                "SELECT 1 FROM snap WHERE instance = ? AND current IS NOT NULL", "s", instance);
        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_FOUND, "no snap named \"%.60s\" is installed",
                                 instance);
        return found < 0 ? -1 : 0;
}

int describe_connections(Database *database, const ConnectionFilter *filter, json_t **ret,
                         Error *err) {
        autojson result = json_object();
        json_t *part = NULL;

        if (require_snap(database, filter, err) < 0)
                return -1;
        if (list_connections(database, ESTABLISHED, filter, &part, err) < 0)
                return -1;
        json_put(result, "established", part);
        if (filter->is_all && list_connections(database, UNDESIRED, filter, &part, err) < 0)
                return -1;
        if (filter->is_all && json_array_size(part) > 0)
                json_put(result, "undesired", part);
        else if (filter->is_all)
                json_decref(part);
        if (describe_endpoints(database, true, filter, &part, err) < 0)
                return -1;
        json_put(result, "plugs", part);
        if (describe_endpoints(database, false, filter, &part, err) < 0)
                return -1;
        json_put(result, "slots", part);
        *ret = take(result);
        return 0;
}
