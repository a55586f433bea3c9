/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/stored-manifest.h"

#include <string.h>

int stored_manifest_parse(const char *text, json_t **ret, Error *err) {
        autojson all = NULL;

        if (json_parse(text, strlen(text), &all, err) < 0)
                return error_prefix(err, "the stored manifest is broken");
        json_t *inner = json_object_get(all, "manifest");
        *ret = json_incref(json_is_object(inner) ? inner : all);
        return 0;
}
