/* SPDX-License-Identifier: Apache-2.0
 *
 * What starts a service by itself: sockets it is activated by, and names on the bus.
 */
#include <string.h>

#include "base/json.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/snap-yaml.h"

#define SOCKET_MODE_MAX 0777
#define PORT_MAX        65535

static int read_mode(const Node *value, const Field *field, json_t **ret, Error *err) {
        Scalar scalar = { .type = SCALAR_TEXT };

        if (value->type == NODE_SCALAR)
                scalar = node_read_scalar(value);
        if (scalar.type != SCALAR_INT || scalar.integer < 0)
                return error_set(err, ERROR_BAD_REQUEST, "line %u: \"%s\" must be a mode like 0660",
                                 value->line, field->name);
        *ret = json_integer(scalar.integer);
        return 0;
}

static const Field FIELDS[] = {
        { "listen-stream", field_read_text },
        { "socket-mode", read_mode },
};

int manifest_read_sockets(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson sockets = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *body = value->items[i + 1];
                autojson socket = json_object();
                if (!node_is_null(body) &&
                    (field_require(body, NODE_MAP, field, err) < 0 ||
                     field_read_all(FIELDS, ARRAY_COUNT(FIELDS), body, socket, err) < 0))
                        return -1;
                json_put(sockets, value->items[i]->text, take(socket));
        }
        *ret = take(sockets);
        return 0;
}

/* ---- where a socket may be ---- */

typedef struct Scope {
        const char *name;
        const char *prefixes[3];
        const char *listed; /* the same in a sentence */
} Scope;

static const Scope SCOPES[] = {
        { "system",
          { "$SNAP_DATA", "$SNAP_COMMON", "$XDG_RUNTIME_DIR" },
          "$SNAP_DATA, $SNAP_COMMON or $XDG_RUNTIME_DIR" },
        { "user",
          { "$SNAP_USER_DATA", "$SNAP_USER_COMMON", "$XDG_RUNTIME_DIR" },
          "$SNAP_USER_DATA, $SNAP_USER_COMMON, or $XDG_RUNTIME_DIR" },
};

/* No empty, "." or ".." component, no slash at the end. */
static bool is_clean_path(const char *path) {
        while (*path != '\0') {
                size_t length;
                if (*path == '/')
                        path++;
                length = strcspn(path, "/");
                if (length == 0 || (length == 1 && *path == '.') ||
                    (length == 2 && path[0] == '.' && path[1] == '.'))
                        return false;
                path += length;
        }
        return true;
}

static int check_path(const char *path, const json_t *app, Error *err) {
        const char *scope_name = json_get_string(app, "daemon-scope", "system");
        const Scope *scope = &SCOPES[string_equal(scope_name, "user")];

        if (!is_clean_path(path))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "invalid \"listen-stream\": \"%.200s\" must be a clean path",
                                 path);
        for (size_t i = 0; i < ARRAY_COUNT(scope->prefixes); i++) {
                size_t length = strlen(scope->prefixes[i]);
                if (string_has_prefix(path, scope->prefixes[i]) && path[length] == '/')
                        return 0;
        }
        return error_set(err, ERROR_BAD_REQUEST,
                         "invalid \"listen-stream\": %s daemon sockets must have a prefix of %s",
                         scope->name, scope->listed);
}

static int check_abstract(const char *snap, const char *address, Error *err) {
        autofree char *prefix = string_format("@snap.%s.", snap);

        if (string_has_prefix(address, prefix))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "path for \"listen-stream\" must be prefixed with \"%s\"", prefix);
}

static int check_port(const char *port, Error *err) {
        uint64_t number = 0;
        Error ignored;

        if (string_parse_u64(port, PORT_MAX, &number, &ignored) < 0 || number == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "invalid \"listen-stream\" port number \"%.100s\"", port);
        return 0;
}

static int check_address(const char *address, Error *err) {
        static const char *const HOSTS[] = { "127.0.0.1", "[::1]", "[::]" };
        const char *colon = strrchr(address, ':');

        if (!colon)
                return check_port(address, err);
        autofree char *host = string_copy_length(address, (size_t)(colon - address));
        for (size_t i = 0; i < ARRAY_COUNT(HOSTS); i++) {
                if (string_equal(host, HOSTS[i]))
                        return check_port(colon + 1, err);
        }
        return error_set(err, ERROR_BAD_REQUEST,
                         "invalid \"listen-stream\" address \"%.100s\", must be one of: 127.0.0.1, "
                         "[::1], [::]",
                         host);
}

static int check_socket(const json_t *manifest, const json_t *app, const char *name,
                        const json_t *socket, Error *err) {
        const char *address = json_get_string(socket, "listen-stream", "");
        int64_t mode = json_get_int(socket, "socket-mode", 0);

        if (!name_is_socket(name))
                return error_set(err, ERROR_BAD_REQUEST, "invalid socket name: \"%.100s\"", name);
        if (mode > SOCKET_MODE_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "cannot use mode: %04llo",
                                 (unsigned long long)mode);
        if (*address == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "\"listen-stream\" is not defined");
        if (*address == '@')
                return check_abstract(json_get_string(manifest, "name", ""), address, err);
        if (*address == '/' || *address == '$')
                return check_path(address, app, err);
        return check_address(address, err);
}

static bool may_bind(const json_t *manifest, const json_t *app) {
        json_t *apps = json_object_get(manifest, "apps");
        const char *name;
        json_t *plug;

        json_object_foreach(json_object_get(manifest, "plugs"), name, plug) {
                const json_t *users = json_object_get(plug, "apps");
                if (!string_equal(json_get_string(plug, "interface", ""), "network-bind"))
                        continue;
                for (size_t i = 0; i < json_array_size(users); i++) {
                        if (json_object_get(apps, json_string_value(json_array_get(users, i))) ==
                            app)
                                return true;
                }
        }
        return false;
}

int manifest_check_app_sockets(const json_t *manifest, const json_t *app, Error *err) {
        json_t *sockets = json_object_get(app, "sockets");
        const char *name;
        json_t *socket;

        if (json_object_size(sockets) == 0)
                return 0;
        if (!may_bind(manifest, app))
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "\"network-bind\" interface plug is required when sockets are used");
        json_object_foreach(sockets, name, socket) {
                if (check_socket(manifest, app, name, socket, err) < 0)
                        return error_prefix(err, "invalid definition of socket \"%.100s\"", name);
        }
        return 0;
}

/* ---- activation by name on the bus ---- */

static const char *find_other_activated(const json_t *manifest, const char *name,
                                        const char *slot) {
        const char *other;
        json_t *app;

        json_object_foreach(json_object_get(manifest, "apps"), other, app) {
                const json_t *slots = json_object_get(app, "activates-on");
                for (size_t i = 0; i < json_array_size(slots); i++) {
                        const char *used = json_string_value(json_array_get(slots, i));
                        if (string_equal(used, slot) && !string_equal(other, name))
                                return other;
                }
        }
        return NULL;
}

static int check_activation(const json_t *manifest, const char *name, const json_t *app,
                            const char *slot_name, Error *err) {
        const json_t *slot = json_object_get(json_object_get(manifest, "slots"), slot_name);
        const char *scope = json_get_string(app, "daemon-scope", "system");
        const char *bus = json_get_string(json_object_get(slot, "attrs"), "bus", "");
        const char *wanted = string_equal(scope, "user") ? "session" : "system";

        if (!slot)
                return error_set(err, ERROR_BAD_REQUEST, "slot not found");
        if (!string_equal(json_get_string(slot, "interface", ""), "dbus"))
                return error_set(err, ERROR_BAD_REQUEST, "slot does not use dbus interface");
        if (!string_equal(bus, wanted))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "bus \"%.100s\" does not match daemon-scope \"%s\"", bus, scope);
        const char *other = find_other_activated(manifest, name, slot_name);
        if (other)
                return error_set(err, ERROR_BAD_REQUEST, "slot is also activatable on app \"%s\"",
                                 other);
        return 0;
}

int manifest_check_app_activation(const json_t *manifest, const char *name, const json_t *app,
                                  Error *err) {
        const json_t *slots = json_object_get(app, "activates-on");

        if (json_array_size(slots) > 0 && *json_get_string(app, "daemon", "") == '\0')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "activates-on is only applicable to services");
        for (size_t i = 0; i < json_array_size(slots); i++) {
                const char *slot = json_string_value(json_array_get(slots, i));
                if (check_activation(manifest, name, app, slot, err) < 0)
                        return error_prefix(err, "invalid activates-on value \"%.100s\"", slot);
        }
        return 0;
}
