/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/connection-row.h"

#include "base/text.h"

#define WHERE_NAME "plug_snap = ?1 AND plug = ?2 AND slot_snap = ?3 AND slot = ?4"
#define ROW                                                                                        \
        "json_object('plug_snap', plug_snap, 'plug', plug, 'slot_snap', slot_snap, 'slot', slot, " \
        "'interface', interface, 'is_auto', is_auto, 'is_undesired', is_undesired, "               \
        "'plug_attributes', plug_attributes, 'slot_attributes', slot_attributes)"

json_t *connection_name_format(const ConnectionName *name) {
        return json_pack("{s:s, s:s, s:s, s:s}", "plug_snap", name->plug_snap, "plug", name->plug,
                         "slot_snap", name->slot_snap, "slot", name->slot);
}

ConnectionName connection_name_parse(const json_t *object) {
        return (ConnectionName){
                .plug_snap = json_get_string(object, "plug_snap", ""),
                .plug = json_get_string(object, "plug", ""),
                .slot_snap = json_get_string(object, "slot_snap", ""),
                .slot = json_get_string(object, "slot", ""),
        };
}

int connection_find_interface(Database *database, const ConnectionName *name, char **ret,
                              Error *err) {
        return database_find_text(
                database, ret, err,
                "SELECT p.interface FROM live_endpoint p JOIN live_endpoint t ON t.interface = "
                "p.interface WHERE p.side = 'plug' AND p.instance = ? AND p.name = ? AND t.side = "
                "'slot' AND t.instance = ? AND t.name = ?",
                "ssss", name->plug_snap, name->plug, name->slot_snap, name->slot);
}

int connection_find(Database *database, const ConnectionName *name, bool *ret_is_wanted,
                    Error *err) {
        int64_t is_undesired = 0;
        int found =
                database_find_int(database, &is_undesired, err,
                                  "SELECT is_undesired FROM connection WHERE " WHERE_NAME, "ssss",
                                  name->plug_snap, name->plug, name->slot_snap, name->slot);

        *ret_is_wanted = found > 0 && !is_undesired;
        return found;
}

/* What is started from now on is planned anew. */
static int mark_changed(Database *database, const char *instance, const char *other, Error *err) {
        return database_run(database, err,
                            "UPDATE snap SET epoch = epoch + 1 WHERE instance IN (?, ?)", "ss",
                            instance, other) < 0
                       ? -1
                       : 0;
}

int connection_add(Database *database, const ConnectionName *name, const ConnectionDraft *draft,
                   Error *err) {
        if (database_run(
                    database, err,
                    "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, "
                    "is_auto, plug_attributes, slot_attributes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
                    "coalesce(?7, '{}'), coalesce(?8, '{}')) ON CONFLICT DO UPDATE SET interface "
                    "= excluded.interface, is_auto = excluded.is_auto, is_undesired = 0, "
                    "plug_attributes = excluded.plug_attributes, slot_attributes = "
                    "excluded.slot_attributes",
                    "sssssiss", name->plug_snap, name->plug, name->slot_snap, name->slot,
                    draft->interface, (int64_t)draft->is_auto, draft->plug_attributes,
                    draft->slot_attributes) < 0)
                return -1;
        return mark_changed(database, name->plug_snap, name->slot_snap, err);
}

int connection_delete(Database *database, const ConnectionName *name, Error *err) {
        if (database_run(database, err, "DELETE FROM connection WHERE " WHERE_NAME, "ssss",
                         name->plug_snap, name->plug, name->slot_snap, name->slot) < 0)
                return -1;
        return mark_changed(database, name->plug_snap, name->slot_snap, err);
}

int connection_remove(Database *database, const ConnectionName *name, bool is_forgotten,
                      Error *err) {
        if (!is_forgotten &&
            database_run(database, err,
                         "UPDATE connection SET is_undesired = 1, plug_attributes = '{}', "
                         "slot_attributes = '{}' WHERE is_auto = 1 AND " WHERE_NAME,
                         "ssss", name->plug_snap, name->plug, name->slot_snap, name->slot) < 0)
                return -1;
        if (database_run(database, err,
                         "DELETE FROM connection WHERE (is_undesired = 0 OR ?5) AND " WHERE_NAME,
                         "ssssi", name->plug_snap, name->plug, name->slot_snap, name->slot,
                         (int64_t)is_forgotten) < 0)
                return -1;
        return mark_changed(database, name->plug_snap, name->slot_snap, err);
}

int connection_save(Database *database, const ConnectionName *name, char **ret, Error *err) {
        return database_find_text(database, ret, err,
                                  "SELECT json_group_array(" ROW
                                  ") FROM connection WHERE " WHERE_NAME,
                                  "ssss", name->plug_snap, name->plug, name->slot_snap, name->slot);
}

int connection_save_all(Database *database, const char *instance, char **ret, Error *err) {
        return database_find_text(database, ret, err,
                                  "SELECT json_group_array(" ROW
                                  ") FROM connection WHERE plug_snap = ?1 OR slot_snap = ?1",
                                  "s", instance);
}

int connection_restore(Database *database, const char *saved, Error *err) {
        if (database_run(
                    database, err,
                    "INSERT OR REPLACE INTO connection (plug_snap, plug, slot_snap, slot, interface, "
                    "is_auto, is_undesired, plug_attributes, slot_attributes) SELECT "
                    "value->>'plug_snap', value->>'plug', value->>'slot_snap', value->>'slot', "
                    "value->>'interface', value->>'is_auto', value->>'is_undesired', "
                    "value->>'plug_attributes', value->>'slot_attributes' FROM json_each(?) WHERE "
                    "value->>'plug_snap' IN (SELECT instance FROM snap) AND (value->>'slot_snap' = "
                    "'' OR value->>'slot_snap' IN (SELECT instance FROM snap))",
                    "s", saved) < 0)
                return -1;
        return database_run(database, err,
                            "UPDATE snap SET epoch = epoch + 1 WHERE instance IN (SELECT "
                            "value->>'plug_snap' FROM json_each(?1) UNION SELECT "
                            "value->>'slot_snap' FROM json_each(?1))",
                            "s", saved) < 0
                       ? -1
                       : 0;
}

int connection_delete_all(Database *database, const char *instance, Error *err) {
        if (database_run(
                    database, err,
                    "UPDATE snap SET epoch = epoch + 1 WHERE instance IN (SELECT plug_snap FROM "
                    "connection WHERE slot_snap = ?1 UNION SELECT slot_snap FROM connection "
                    "WHERE plug_snap = ?1)",
                    "s", instance) < 0)
                return -1;
        return database_run(database, err,
                            "DELETE FROM connection WHERE plug_snap = ?1 OR slot_snap = ?1", "s",
                            instance) < 0
                       ? -1
                       : 0;
}

/* A snap that is disabled keeps its connections: looked at are revisions, not what is live. */
int connection_delete_vanished(Database *database, const char *instance, Error *err) {
        return database_run(
                       database, err,
                       "DELETE FROM connection AS c WHERE is_auto = 1 AND is_undesired = 0 AND "
                       "(plug_snap = ?1 OR slot_snap = ?1) AND (NOT EXISTS (SELECT 1 FROM snap s "
                       "JOIN endpoint e ON e.instance = s.instance AND e.revision = s.current WHERE "
                       "s.instance = c.plug_snap AND e.side = 'plug' AND e.name = c.plug AND "
                       "e.interface = c.interface) OR (slot_snap <> '' AND NOT EXISTS (SELECT 1 "
                       "FROM snap s JOIN endpoint e ON e.instance = s.instance AND e.revision = "
                       "s.current WHERE s.instance = c.slot_snap AND e.side = 'slot' AND e.name = "
                       "c.slot AND e.interface = c.interface)))",
                       "s", instance) < 0
                       ? -1
                       : 0;
}
