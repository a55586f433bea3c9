/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/describe-interface.h"

#include <string.h>

#include "base/text.h"
#include "interface/describe-connection.h"
#include "interface/interface-kind.h"

static bool is_named(const char *names, const char *name) {
        size_t length = strlen(name);

        if (!*names)
                return true;
        for (const char *word = names; *word; word += *word == ',') {
                size_t part = strcspn(word, ",");
                if (part == length && strncmp(word, name, part) == 0)
                        return true;
                word += part;
        }
        return false;
}

/* Here an endpoint says less of itself than in a list of connections. */
static int put_endpoints(Database *database, bool is_plug, const char *name, json_t *interface,
                         Error *err) {
        ConnectionFilter filter = { .snap = "", .interface = name, .is_all = true };
        json_t *list = NULL, *endpoint;
        size_t i;

        if (describe_endpoints(database, is_plug, &filter, &list, err) < 0)
                return -1;
        json_array_foreach(list, i, endpoint) {
                (void)json_object_del(endpoint, "connections");
                (void)json_object_del(endpoint, "apps");
                (void)json_object_del(endpoint, "interface");
        }
        if (json_array_size(list) > 0)
                json_put(interface, is_plug ? "plugs" : "slots", list);
        else
                json_decref(list);
        return 0;
}

static int is_connected(Database *database, const char *name, Error *err) {
        int64_t one = 0;

        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM live_connection WHERE interface = ?", "s", name);
}

int describe_interfaces(Database *database, const InterfaceFilter *filter, json_t **ret,
                        Error *err) {
        autojson list = json_array();
        size_t count;
        const InterfaceKind *const *kinds = interface_kind_list(&count);

        for (size_t i = 0; i < count; i++) {
                const InterfaceKind *kind = kinds[i];
                if (!is_named(filter->names, kind->name))
                        continue;
                int wanted = filter->is_connected ? is_connected(database, kind->name, err) : 1;
                if (wanted < 0)
                        return -1;
                if (wanted == 0)
                        continue;
                autojson interface = json_object();
                json_put_string(interface, "name", kind->name);
                json_put_string(interface, "summary", kind->summary);
                if ((filter->has_plugs &&
                     put_endpoints(database, true, kind->name, interface, err) < 0) ||
                    (filter->has_slots &&
                     put_endpoints(database, false, kind->name, interface, err) < 0))
                        return -1;
                json_array_append(list, interface);
        }
        *ret = take(list);
        return 0;
}
