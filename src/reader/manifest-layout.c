/* SPDX-License-Identifier: Apache-2.0
 *
 * Layout: paths of the system at which a package finds its own files.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "reader/snap-yaml.h"

#define LAYOUT_MODE_DEFAULT 0755
#define LAYOUT_MODE_MAX     01777
#define LAYOUT_COUNT_MAX    500

/* They mean something in rules of a mandatory access control. */
#define RESERVED_CHARACTERS "?*[]{}^\""

static int read_mode(const Node *value, const Field *field, json_t **ret, Error *err) {
        char *end;

        if (field_require(value, NODE_SCALAR, field, err) < 0)
                return -1;
        unsigned long mode = strtoul(value->text, &end, 8);
        if (value->length == 0 || strspn(value->text, "01234567") != value->length ||
            value->length > 8 || *end != '\0')
                return error_set(err, ERROR_BAD_REQUEST, "line %u: \"%.100s\" is not a mode",
                                 value->line, value->text);
        *ret = json_integer((json_int_t)mode);
        return 0;
}

static const Field FIELDS[] = {
        { "bind", field_read_text }, { "bind-file", field_read_text },
        { "type", field_read_text }, { "symlink", field_read_text },
        { "user", field_read_text }, { "group", field_read_text },
        { "mode", read_mode },
};

int manifest_read_layout(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson layout = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        if (value->count / 2 > LAYOUT_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d layouts", LAYOUT_COUNT_MAX);
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *body = value->items[i + 1];
                autojson item = json_object();
                if (!node_is_null(body) &&
                    (field_require(body, NODE_MAP, field, err) < 0 ||
                     field_read_all(FIELDS, ARRAY_COUNT(FIELDS), body, item, err) < 0))
                        return -1;
                if (!json_object_get(item, "mode"))
                        json_put(item, "mode", json_integer(LAYOUT_MODE_DEFAULT));
                json_put(layout, value->items[i]->text, take(item));
        }
        *ret = take(layout);
        return 0;
}

/* ---- paths ---- */

static const struct {
        const char *name;
        const char *before; /* the snap's name */
        const char *after;
} VARIABLES[] = {
        { "$SNAP", "/snap/", "/unset" },
        { "$SNAP_DATA", "/var/snap/", "/unset" },
        { "$SNAP_COMMON", "/var/snap/", "/common" },
};

/* What a variable's name is made of, digits not, where a message has to name one. */
#define VARIABLE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

/* Replaces the variable a path may start with; one anywhere else, or of another name, fails. */
static int expand(const char *path, const char *snap, char **ret, Error *err) {
        const char *rest = path;
        autofree char *start = string_copy("");

        if (*path == '$') {
                size_t length = strcspn(path, "/");
                rest = path + length;
                for (size_t i = 0; i < ARRAY_COUNT(VARIABLES); i++) {
                        if (strlen(VARIABLES[i].name) == length &&
                            strncmp(path, VARIABLES[i].name, length) == 0) {
                                free(start);
                                start = string_format("%s%s%s", VARIABLES[i].before, snap,
                                                      VARIABLES[i].after);
                        }
                }
                if (*start == '\0')
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "reference to unknown variable \"%.*s\"", (int)length,
                                         path);
        }
        const char *stray = strchr(rest, '$');
        if (stray)
                return error_set(err, ERROR_BAD_REQUEST, "reference to unknown variable \"$%.*s\"",
                                 (int)strspn(stray + 1, VARIABLE_CHARACTERS), stray + 1);
        *ret = string_format("%s%s", start, rest);
        return 0;
}

static bool is_clean(const char *path) {
        if (*path != '/')
                return false;
        while (*path == '/') {
                size_t length = strcspn(++path, "/");
                if (length == 0 || (length == 1 && *path == '.') ||
                    (length == 2 && path[0] == '.' && path[1] == '.'))
                        return false;
                path += length;
        }
        return true;
}

static int check_clean(const char *path, Error *err) {
        if (is_clean(path))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST, "must be absolute and clean");
}

static int check_characters(const char *path, Error *err) {
        for (const char *at = path; *at != '\0'; at++) {
                if (strchr(RESERVED_CHARACTERS, *at) || (unsigned char)*at < ' ')
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%.200s\" contains a reserved apparmor char from %s",
                                         path, RESERVED_CHARACTERS);
        }
        return 0;
}

static bool is_beneath(const char *path, const char *top) {
        size_t length = strlen(top);

        return string_has_prefix(path, top) && (path[length] == '/' || path[length] == '\0');
}

/* ---- where a layout may be ---- */

static const char *const TOPS[] = { "/bin", "/etc", "/lib",  "/lib64",   "/meta",
                                    "/mnt", "/opt", "/root", "/sbin",    "/snap",
                                    "/srv", "/usr", "/var",  "/writable" };
static const char *const OFF_LIMITS[] = { "/var/lib/snapd", "/lib/firmware",    "/usr/lib/firmware",
                                          "/lib/modules",   "/usr/lib/modules", "/var/snap" };

static int check_place(const char *path, const char *written, const char *snap, Error *err) {
        bool has_top = false;

        for (size_t i = 0; i < ARRAY_COUNT(TOPS); i++)
                has_top |= is_beneath(path, TOPS[i]);
        if (!has_top)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.200s\" defines a new top-level directory \"%.*s\"",
                                 written, (int)(1 + strcspn(path + 1, "/")), path);
        for (size_t i = 0; i < ARRAY_COUNT(OFF_LIMITS); i++) {
                if (is_beneath(path, OFF_LIMITS[i]))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "layout \"%.200s\" in an off-limits area", written);
        }
        autofree char *own = string_format("/snap/%s", snap);
        if (is_beneath(path, "/snap") && !is_beneath(path, own))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.200s\" defines a layout in space belonging to another "
                                 "snap",
                                 written);
        return 0;
}

static int check_path(const char *written, const char *snap, char **ret, Error *err) {
        autofree char *path = NULL;

        if (check_characters(written, err) < 0)
                return error_prefix(err, "invalid layout path");
        if (expand(written, snap, &path, err) < 0)
                return error_prefix(err, "layout \"%.200s\" uses invalid mount point", written);
        if (*path != '/')
                return error_set(err, ERROR_BAD_REQUEST, "layout \"%.200s\" is a relative filename",
                                 written);
        if (check_clean(path, err) < 0)
                return error_prefix(err, "layout \"%.200s\" uses invalid mount point", written);
        if (check_place(path, written, snap, err) < 0)
                return -1;
        *ret = take(path);
        return 0;
}

/* ---- what stands there ---- */

static const struct {
        const char *key;
        const char *what;
        const char *characters; /* how reserved ones are told */
} SOURCES[] = {
        { "bind", "bind mount source", "bind mount source" },
        { "bind-file", "bind mount source", "bind mount source" },
        { "symlink", "symlink old name", "symlink" },
};

static int check_source(const char *path, const char *source, size_t index, const char *snap,
                        Error *err) {
        autofree char *expanded = NULL;

        if (expand(source, snap, &expanded, err) < 0)
                return error_prefix(err, "layout \"%.100s\" uses invalid %s \"%.100s\"", path,
                                    SOURCES[index].what, source);
        if (check_characters(expanded, err) < 0)
                return error_prefix(err, "layout \"%.100s\" uses invalid %s", path,
                                    SOURCES[index].characters);
        if (*source != '$')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.100s\" uses invalid %s \"%.100s\": must start with "
                                 "$SNAP, $SNAP_DATA or $SNAP_COMMON",
                                 path, SOURCES[index].what, source);
        if (check_clean(expanded, err) < 0)
                return error_prefix(err, "layout \"%.100s\" uses invalid %s \"%.100s\"", path,
                                    SOURCES[index].what, expanded);
        return 0;
}

static int check_content(const char *path, const json_t *item, const char *snap, Error *err) {
        const char *type = json_get_string(item, "type", "");
        size_t count = *type != '\0';

        for (size_t i = 0; i < ARRAY_COUNT(SOURCES); i++)
                count += *json_get_string(item, SOURCES[i].key, "") != '\0';
        if (count != 1)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "layout \"%.200s\" must define a bind mount, a filesystem mount or "
                        "a symlink",
                        path);
        if (*type != '\0' && !string_equal(type, "tmpfs"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.200s\" uses invalid filesystem \"%.100s\"", path,
                                 type);
        for (size_t i = 0; i < ARRAY_COUNT(SOURCES); i++) {
                const char *source = json_get_string(item, SOURCES[i].key, "");
                if (*source != '\0' && check_source(path, source, i, snap, err) < 0)
                        return -1;
        }
        return 0;
}

static int check_owner(const char *path, const json_t *item, Error *err) {
        static const char *const OWNERS[] = { "user", "group" };
        int64_t mode = json_get_int(item, "mode", 0);

        for (size_t i = 0; i < ARRAY_COUNT(OWNERS); i++) {
                const char *owner = json_get_string(item, OWNERS[i], "");
                if (*owner != '\0' && !string_equal(owner, "root"))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "layout \"%.200s\" uses invalid %s \"%.100s\"", path,
                                         OWNERS[i], owner);
        }
        if ((mode & ~LAYOUT_MODE_MAX) != 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.200s\" uses invalid mode %#llo", path,
                                 (unsigned long long)mode);
        return 0;
}

/* ---- layouts against each other ---- */

static int check_pair(const char *path, const json_t *item, const char *other_path,
                      const json_t *other, Error *err) {
        const char *file = json_get_string(item, "bind-file", "");

        if (!string_equal(path, other_path) && is_beneath(path, other_path))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.150s\" underneath prior layout item \"%.150s\"", path,
                                 other_path);
        if (*file != '\0' && string_equal(file, json_get_string(other, "bind", "")))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "layout \"%.150s\" refers to file \"%.150s\" but another layout "
                                 "treats it as a directory",
                                 path, file);
        return 0;
}

static int check_against_all(json_t *layout, const char *path, const json_t *item, Error *err) {
        const char *other_path;
        json_t *other;

        json_object_foreach(layout, other_path, other) {
                if (check_pair(path, item, other_path, other, err) < 0)
                        return -1;
        }
        return 0;
}

int manifest_check_layout(const json_t *manifest, Error *err) {
        const char *snap = json_get_string(manifest, "name", "");
        json_t *layout = json_object_get(manifest, "layout");
        const char *written;
        json_t *item;

        json_object_foreach(layout, written, item) {
                autofree char *path = NULL;
                if (check_path(written, snap, &path, err) < 0 ||
                    check_content(written, item, snap, err) < 0 ||
                    check_owner(written, item, err) < 0 ||
                    check_against_all(layout, written, item, err) < 0)
                        return -1;
        }
        return 0;
}
