/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-module-load: a module is loaded at boot, with options or without; never loaded; or left to
 * the package ("dynamic"), which may then have its options set.
 */
#include "base/text.h"
#include "interface/grant-internal.h"

static int add_module(GrantSet *set, const json_t *module, Error *err) {
        const char *name = json_get_string(module, "name", NULL);
        const char *load = json_get_string(module, "load", "dynamic");
        const char *options = json_get_string(module, "options", NULL);
        bool is_denied = string_equal(load, "denied");
        /* "*": any that the package says later; nothing to write down now. */
        bool has_options = options && !string_equal(options, "*") && !is_denied;

        if (!name)
                return 0;
        if (string_equal(load, "on-boot")) {
                GrantRow row = { .kind = GRANT_KERNEL_MODULE, .text = string_copy(name) };
                if (grant_add_row(set, row, err) < 0)
                        return -1;
        }
        if (!is_denied && !has_options)
                return 0;
        GrantRow row = { .kind = GRANT_MODULE_RULE,
                         .text = is_denied ? string_format("blacklist %s", name)
                                           : string_format("options %s %s", name, options) };
        return grant_add_row(set, row, err);
}

int grant_add_modules(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const json_t *module;
        size_t i;

        (void)database;
        json_array_foreach(json_object_get(context->plug_attributes, "modules"), i, module) {
                if (add_module(set, module, err) < 0)
                        return -1;
        }
        return 0;
}
