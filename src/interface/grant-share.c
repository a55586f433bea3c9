/* SPDX-License-Identifier: Apache-2.0
 *
 * Directories of other packages that a plug of content is shown.
 */
#include <string.h>

#include "interface/grant-internal.h"

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

        /* An interface of the machine's may have let a list through that is none of texts. */
        if (!source || set->share_count == GRANT_SHARE_COUNT_MAX ||
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

int grant_add_share_at(Database *database, GrantSet *set, const char *provider, const char *source,
                       const char *place, Error *err) {
        SharePlace from;
        const char *below;
        size_t index;

        if (!share_path_parse(source, &from, &below) || set->share_count == GRANT_SHARE_COUNT_MAX)
                return 0;
        int found = require_provider(database, set, provider, &index, err);
        if (found <= 0)
                return found;
        set->shares[set->share_count++] = (GrantShare){ .provider = index,
                                                        .source = from,
                                                        .source_below = string_copy(below),
                                                        .target = SHARE_PLACE_VIEW,
                                                        .target_below = string_copy(place) };
        set->providers[index].needs_image |= from == SHARE_PLACE_SNAP;
        return 0;
}

int grant_add_shares(Database *database, GrantSet *set, const char *provider,
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
