/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/describe-kind.h"

#include "base/text.h"
#include "tell/describe-grants.h"

static const char *const TYPES[ATTRIBUTE_TYPE_COUNT] = {
        [ATTRIBUTE_TEXT] = "text",
        [ATTRIBUTE_TEXTS] = "texts",
        [ATTRIBUTE_CHOICE] = "choice",
        [ATTRIBUTE_CHOICES] = "choices",
        [ATTRIBUTE_BOOL] = "bool",
        [ATTRIBUTE_INT] = "int",
        [ATTRIBUTE_PATH] = "path",
        [ATTRIBUTE_PATHS] = "paths",
        [ATTRIBUTE_DEVICE] = "device",
        [ATTRIBUTE_DEVICES] = "devices",
        [ATTRIBUTE_DBUS_NAME] = "dbus-name",
        [ATTRIBUTE_HOME_PATHS] = "home-paths",
        [ATTRIBUTE_SYSTEM_PATHS] = "system-paths",
        [ATTRIBUTE_SHARE_PATH] = "share-path",
        [ATTRIBUTE_SHARE_PATHS] = "share-paths",
        [ATTRIBUTE_SHARE_SOURCE] = "share-source",
        [ATTRIBUTE_ENTRIES] = "entries",
        [ATTRIBUTE_ANY] = "any",
};

static const char *const AUTOS[] = {
        [INTERFACE_AUTO_NEVER] = "never",
        [INTERFACE_AUTO_ALWAYS] = "always",
        [INTERFACE_AUTO_CLASSIC] = "classic",
        [INTERFACE_AUTO_SAME_PUBLISHER] = "same-publisher",
};

static json_t *describe_texts(const char *const *texts) {
        json_t *list = json_array();

        for (; texts && *texts; texts++)
                json_array_append_new(list, json_string(*texts));
        return list;
}

static json_t *describe_attributes(const InterfaceAttribute *attribute) {
        json_t *list = json_array();

        for (; attribute && attribute->name; attribute++) {
                json_t *object = json_object();
                json_put_string(object, "name", attribute->name);
                json_put_string(object, "type", TYPES[attribute->type]);
                if (attribute->is_required)
                        json_put(object, "required", json_true());
                if (attribute->choices)
                        json_put(object, "choices", describe_texts(attribute->choices));
                json_put_string(object, "default", attribute->fallback);
                json_array_append_new(list, object);
        }
        return list;
}

static json_t *describe_side(const InterfaceSide *side) {
        json_t *object = json_object(), *blocks = json_array();

        json_put(object, "attributes", describe_attributes(side->attributes));
        for (const InterfaceBlock *block = side->blocks; block && block->grants; block++) {
                json_t *one = json_object(), *grants = json_array();
                if (block->is_always)
                        json_put(one, "always", json_true());
                if (block->is_unless)
                        json_put(one, "unless", json_true());
                if (block->condition)
                        json_put(one, "if", json_loads(block->condition, 0, NULL));
                grants_describe_block(block->grants, grants);
                json_put(one, "grants", grants);
                json_array_append_new(blocks, one);
        }
        json_put(object, "blocks", blocks);
        return object;
}

json_t *interface_kind_describe(const InterfaceKind *kind) {
        json_t *object = json_object(), *implicit = json_array();

        json_put_string(object, "name", kind->name);
        json_put_string(object, "summary", kind->summary);
        if (kind->is_implicit_on_classic)
                json_array_append_new(implicit, json_string("classic"));
        if (kind->is_implicit_on_core)
                json_array_append_new(implicit, json_string("core"));
        json_put(object, "implicit", implicit);
        json_put(object, "slot-types", describe_texts(kind->slot_types));
        json_put_string(object, "auto-connect", AUTOS[kind->auto_connect]);
        if (kind->never_auto_if)
                json_put(object, "never-auto-connect-if", json_loads(kind->never_auto_if, 0, NULL));
        json_put_string(object, "must-match", kind->must_match);
        if (kind->plug_sees_slot)
                json_put(object, "plug-sees-slot", json_true());
        json_put(object, "plug", describe_side(&kind->plug));
        json_put(object, "slot", describe_side(&kind->slot));
        return object;
}
