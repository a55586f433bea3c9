/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/grant.h"

#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

void grant_set_done(GrantSet *set) {
        for (size_t i = 0; i < set->place_count; i++)
                free(set->places[i].path);
        for (size_t i = 0; i < set->share_count; i++) {
                free(set->shares[i].source_below);
                free(set->shares[i].target_below);
        }
        for (size_t i = 0; i < set->provider_count; i++) {
                free(set->providers[i].instance);
                free(set->providers[i].name);
                free(set->providers[i].revision);
                free(set->providers[i].file);
        }
        *set = (GrantSet){ 0 };
}

/* --- whose plug it is --- */

static bool has_word(const json_t *list, const char *word) {
        json_t *entry;
        size_t i;

        json_array_foreach((json_t *)(uintptr_t)list, i,
                           entry) if (json_is_string(entry) &&
                                      string_equal(json_string_value(entry), word)) return true;
        return false;
}

static bool is_bound(const GrantRequest *request, const char *plug) {
        const json_t *all = json_object_get(request->manifest, "plugs");
        const json_t *bound =
                json_object_get(json_object_get(all, plug), request->is_hook ? "hooks" : "apps");

        return has_word(bound, request->program);
}

/* --- places --- */

static void add_place(GrantSet *set, const char *path, bool is_writable) {
        bool is_home = string_has_prefix(path, "$HOME/");

        if (set->place_count == GRANT_PLACE_COUNT_MAX)
                return;
        set->places[set->place_count++] = (GrantPlace){
                .path = string_copy(path + (is_home ? strlen("$HOME/") : 1)),
                .is_home = is_home,
                .is_writable = is_writable,
        };
}

static void add_listed(GrantSet *set, const json_t *paths, bool is_writable) {
        json_t *path;
        size_t i;

        json_array_foreach(paths, i, path) add_place(set, json_string_value(path), is_writable);
}

static void add_places(GrantSet *set, const InterfacePlace *place, const json_t *attributes) {
        for (; place->path || place->attribute; place++) {
                if (place->path)
                        add_place(set, place->path, place->is_writable);
                else
                        add_listed(set, json_object_get(attributes, place->attribute),
                                   place->is_writable);
        }
}

/* --- shares --- */

static char *copy_column(const Query *query, int column) {
        const char *text = query_get_text(query, column);

        return text ? string_copy(text) : NULL;
}

/* 1 with its index, 0 when there is no room or no such snap. */
static int require_provider(Database *database, GrantSet *set, const char *instance, size_t *ret,
                            Error *err) {
        autoquery query = QUERY_INIT;

        for (size_t i = 0; i < set->provider_count; i++)
                if (string_equal(set->providers[i].instance, instance)) {
                        *ret = i;
                        return 1;
                }
        if (set->provider_count == GRANT_PROVIDER_COUNT_MAX)
                return 0;
        if (query_open(
                    database, &query, err,
                    "SELECT s.name, s.current, r.file, s.epoch, s.paused_by IS NOT NULL FROM snap s "
                    "JOIN revision r ON r.instance = s.instance AND r.revision = s.current WHERE "
                    "s.instance = ? AND r.file IS NOT NULL",
                    "s", instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found <= 0)
                return found;
        *ret = set->provider_count++;
        set->providers[*ret] = (GrantProvider){
                .instance = string_copy(instance),
                .name = copy_column(&query, 0),
                .revision = copy_column(&query, 1),
                .file = copy_column(&query, 2),
                .epoch = query_get_int(&query, 3),
                .is_paused = query_get_int(&query, 4) != 0,
        };
        return 1;
}

typedef struct ShareInput {
        size_t provider;
        const char *target;
        bool has_source; /* the target is a directory of directories, named as their sources */
        bool is_writable;
} ShareInput;

static bool has_target(const GrantSet *set, SharePlace place, const char *below) {
        for (size_t i = 0; i < set->share_count; i++)
                if (set->shares[i].target == place &&
                    string_equal(set->shares[i].target_below, below))
                        return true;
        return false;
}

/* "a", then "a-2", "a-3": two sources never hide each other. */
static char *find_free_target(const GrantSet *set, SharePlace place, const char *below) {
        char *target = string_copy(below);

        for (unsigned number = 2; has_target(set, place, target); number++) {
                free(target);
                target = string_format("%s-%u", below, number);
        }
        return target;
}

static void add_share(GrantSet *set, const ShareInput *input, const char *source) {
        SharePlace from = SHARE_PLACE_SNAP, to = SHARE_PLACE_SNAP;
        const char *from_below = "", *to_below = "";

        if (set->share_count == GRANT_SHARE_COUNT_MAX ||
            !share_path_parse(source, &from, &from_below) ||
            !share_path_parse(input->target, &to, &to_below))
                return;
        const char *slash = strrchr(from_below, '/');
        autofree char *wanted = input->has_source
                                        ? string_format("%s%s%s", to_below, *to_below ? "/" : "",
                                                        slash ? slash + 1 : from_below)
                                        : string_copy(to_below);
        set->shares[set->share_count] = (GrantShare){
                .provider = input->provider,
                .source = from,
                .source_below = string_copy(from_below),
                .target = to,
                .target_below = find_free_target(set, to, wanted),
                /* An image is read-only, whatever its manifest says. */
                .is_writable = input->is_writable && from != SHARE_PLACE_SNAP,
        };
        set->share_count++;
        if (from == SHARE_PLACE_SNAP)
                set->providers[input->provider].needs_image = true;
}

static void add_shares_of(GrantSet *set, ShareInput input, const json_t *lists) {
        json_t *path;
        size_t i;

        json_array_foreach(json_object_get(lists, "read"), i, path)
                add_share(set, &input, json_string_value(path));
        input.is_writable = true;
        json_array_foreach(json_object_get(lists, "write"), i, path)
                add_share(set, &input, json_string_value(path));
}

static int add_shares(Database *database, GrantSet *set, const char *provider,
                      const json_t *plug_attributes, const json_t *slot_attributes, Error *err) {
        const json_t *source = json_object_get(slot_attributes, "source");
        ShareInput input = {
                .target = json_get_string(plug_attributes, "target", ""),
                .has_source = source != NULL,
        };
        int found = require_provider(database, set, provider, &input.provider, err);

        if (found <= 0)
                return found;
        add_shares_of(set, input, source ? source : slot_attributes);
        return 0;
}

/* --- the set --- */

static int add_connection(Database *database, const Query *row, GrantSet *set, Error *err) {
        const InterfaceKind *kind = interface_kind_find(query_get_text(row, 2));
        const char *plug_text = query_get_text(row, 3), *slot_text = query_get_text(row, 4);
        autojson plug_attributes = NULL;
        autojson slot_attributes = NULL;

        if (!kind)
                return 0;
        if (json_parse(plug_text, strlen(plug_text), &plug_attributes, err) < 0 ||
            json_parse(slot_text, strlen(slot_text), &slot_attributes, err) < 0)
                return -1;
        set->sockets |= kind->plug.sockets;
        set->lifts_tcp |= kind->plug.lifts_tcp;
        set->listens |= kind->plug.listens;
        set->shows_home |= kind->plug.shows_home;
        add_places(set, kind->plug.places, plug_attributes);
        if (!kind->plug_sees_slot)
                return 0;
        return add_shares(database, set, query_get_text(row, 1), plug_attributes, slot_attributes,
                          err);
}

int grant_set_load(Database *database, const GrantRequest *request, GrantSet *ret, Error *err) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT plug, slot_snap, interface, plug_attributes, slot_attributes FROM "
                       "live_connection WHERE plug_snap = ? ORDER BY plug, slot_snap, slot",
                       "s", request->instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (is_bound(request, query_get_text(&query, 0)) &&
                    add_connection(database, &query, &set, err) < 0)
                        return -1;
        if (more < 0)
                return -1;
        *ret = set;
        set = (GrantSet){ 0 };
        return 0;
}

/* The template lets every program bind, listen and accept, because the only sockets that it can
 * make are unix ones.  One that may make internet sockets and may not serve the network loses that:
 * the filter cannot see of what family the socket is. */
void grant_set_append_seccomp(const GrantSet *set, Text *rules) {
        static const struct {
                InterfaceSocket flag;
                unsigned family;
        } families[] = {
                { INTERFACE_SOCKET_INET, AF_INET },
                { INTERFACE_SOCKET_INET6, AF_INET6 },
        };
        static const char *const serving[] = { "listen", "accept", "accept4" };

        for (size_t i = 0; i < ARRAY_COUNT(families); i++)
                if (set->sockets & families[i].flag)
                        text_append_format(rules, "allow socket 0&0xffffffff=%u\n",
                                           families[i].family);
        if (set->sockets & INTERFACE_SOCKET_NETLINK_ROUTE)
                text_append_format(rules, "allow socket 0&0xffffffff=%d 2&0xffffffff=%d\n",
                                   AF_NETLINK, NETLINK_ROUTE);
        if (set->sockets && !set->listens)
                for (size_t i = 0; i < ARRAY_COUNT(serving); i++)
                        text_append_format(rules, "refuse %s\n", serving[i]);
}
