/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/endpoint.h"

#include <string.h>

#include "base/text.h"

void endpoint_done(Endpoint *endpoint) {
        free(endpoint->snap);
        free(endpoint->name);
}

int endpoint_parse(const Cli *cli, const char *word, EndpointBare bare, Endpoint *ret) {
        const char *colon = strchr(word, ':');

        if ((!colon && bare == ENDPOINT_BARE_WRONG) ||
            (colon && (!colon[1] || strchr(colon + 1, ':'))) || !*word)
                return cli_refuse(cli, EXIT_FAILED, "invalid value: \"%s\" (want snap:name or %s)",
                                  word, bare == ENDPOINT_BARE_WRONG ? ":name" : "snap");
        if (colon) {
                ret->snap = string_copy_length(word, (size_t)(colon - word));
                ret->name = string_copy(colon + 1);
        } else {
                ret->snap = string_copy(bare == ENDPOINT_BARE_SNAP ? word : "");
                ret->name = string_copy(bare == ENDPOINT_BARE_NAME ? word : "");
        }
        return EXIT_DONE;
}

/* {"snap":…,KIND:…} */
static json_t *format_endpoint(const Endpoint *endpoint, const char *kind) {
        return json_pack("{s:s, s:s}", "snap", endpoint->snap ? endpoint->snap : "", kind,
                         endpoint->name ? endpoint->name : "");
}

json_t *endpoint_format_request(const char *action, const Endpoint *plug, const Endpoint *slot) {
        return json_pack("{s:s, s:[o], s:[o]}", "action", action, "plugs",
                         format_endpoint(plug, "plug"), "slots", format_endpoint(slot, "slot"));
}

bool endpoint_is_system(const char *snap) {
        static const char *const names[] = { "system", "core", "snapd", "ubuntu-core" };

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (string_equal(names[i], snap))
                        return true;
        return false;
}

char *endpoint_describe(const json_t *object, const char *kind) {
        const char *snap = json_get_string(object, "snap", "");

        return string_format("%s:%s", endpoint_is_system(snap) ? "" : snap,
                             json_get_string(object, kind, ""));
}
