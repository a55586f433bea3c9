/* SPDX-License-Identifier: Apache-2.0 */
#include "denial/path-pattern.h"

#include <fnmatch.h>
#include <string.h>

#include "base/text.h"

#define ALTERNATIVE_COUNT_MAX 256 /* of one pattern, all braces multiplied */

/* Past "/home/NAME" or "/root"; NULL when it is no home. */
static const char *skip_home(const char *path) {
        if (string_has_prefix(path, "/home/"))
                return path + strlen("/home/") + strcspn(path + strlen("/home/"), "/");
        return string_has_prefix(path, "/root/") ? path + strlen("/root") : NULL;
}

static const char *skip_runtime(const char *path) {
        static const char top[] = "/run/user/";

        if (!string_has_prefix(path, top))
                return NULL;
        return path + strlen(top) + strcspn(path + strlen(top), "/");
}

/* The next name of a path, which is moved behind it; false at its end. */
static bool take_name(const char **rest, char **ret) {
        const char *at = *rest + strspn(*rest, "/");
        size_t length = strcspn(at, "/");

        if (length == 0)
                return false;
        *ret = string_copy_length(at, length);
        *rest = at + length;
        return true;
}

/* No braces are left in it. */
static bool plain_matches(const char *pattern, const char *path) {
        for (;;) {
                autofree char *wanted = NULL;
                autofree char *name = NULL;
                if (!take_name(&pattern, &wanted) || string_equal(wanted, "**"))
                        return true;
                if (!take_name(&path, &name) || fnmatch(wanted, name, FNM_PERIOD) != 0)
                        return false;
        }
}

/* The first brace is replaced by each of its alternatives; `left` bounds all of it together. */
static bool matches(const char *pattern, const char *path, unsigned *left) {
        const char *open = strchr(pattern, '{');
        const char *close = open ? strchr(open, '}') : NULL;

        if (*left == 0)
                return false;
        if (!close) {
                (*left)--;
                return plain_matches(pattern, path);
        }
        for (const char *at = open + 1; at <= close;) {
                size_t length = strcspn(at, ",}");
                autofree char *one = string_format("%.*s%.*s%s", (int)(open - pattern), pattern,
                                                   (int)length, at, close + 1);
                if (matches(one, path, left))
                        return true;
                at += length + 1;
        }
        return false;
}

bool path_pattern_matches(const char *pattern, const char *path) {
        unsigned left = ALTERNATIVE_COUNT_MAX;
        static const struct {
                const char *variable;
                const char *(*skip)(const char *path);
        } places[] = { { "$HOME", skip_home }, { "$RUNTIME", skip_runtime } };

        for (size_t i = 0; i < ARRAY_COUNT(places); i++)
                if (string_has_prefix(pattern, places[i].variable)) {
                        path = places[i].skip(path);
                        pattern += strlen(places[i].variable);
                        break;
                }
        if (!path || *path != '/' || *pattern != '/')
                return false;
        return matches(pattern, path, &left);
}
