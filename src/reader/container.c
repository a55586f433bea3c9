/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/container.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/polkit-files.h"

#define LINE_COUNT_MAX    200
#define DESKTOP_TOTAL_MAX IMAGE_META_FILE_SIZE_MAX
#define ICON_COUNT_MAX    1000

#define ALL_READ         0444
#define ALL_READ_EXECUTE 0555
#define ANY_EXECUTE      0111

/* A check under way. */
typedef struct Check {
        Container *container;
        Tree *image;
        const json_t *manifest;
        bool may_have_setuid; /* bases contain su; nobody runs it with that power from an image */
        bool has_bad_modes;
        bool has_missing;
        size_t desktop_total;
} Check;

void container_init(Container *container) {
        *container = (Container){ .findings = json_array(),
                                  .details = json_array(),
                                  .desktop = json_array(),
                                  .icons = json_array(),
                                  .polkit = json_array() };
}

void container_done(Container *container) {
        json_decref(container->findings);
        json_decref(container->details);
        json_decref(container->desktop);
        json_decref(container->icons);
        json_decref(container->polkit);
}

/* Names in an image are bytes; JSON is not. */
static void add_line(json_t *list, const char *what, const char *path) {
        bool is_clean = string_is_clean_utf8(path, strlen(path));
        autofree char *line =
                string_format("%s%s", what, is_clean ? path : "(a name that is not text)");

        if (json_array_size(list) < LINE_COUNT_MAX)
                json_array_append_new(list, json_string(line));
        else if (json_array_size(list) == LINE_COUNT_MAX)
                json_array_append_new(list, json_string("and more"));
}

/* ---- the walk: kinds of files ---- */

static const struct {
        mode_t type;
        const char *name;
} REFUSED[] = {
        { S_IFBLK, "a block device" },
        { S_IFCHR, "a character device" },
        { S_IFIFO, "a fifo" },
        { S_IFSOCK, "a socket" },
};

static int check_type(const char *path, const TreeEntry *entry, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++) {
                if ((entry->mode & S_IFMT) == REFUSED[i].type)
                        return error_set(err, ERROR_BAD_REQUEST, "image contains %s: \"%.200s\"",
                                         REFUSED[i].name, path);
        }
        return 0;
}

static int check_privileges(Check *check, const char *path, const TreeEntry *entry, Error *err) {
        autofree char *attribute = NULL;
        const char *what = entry->mode & S_ISUID ? "setuid" : "setgid";

        if (S_ISREG(entry->mode) && entry->mode & (S_ISUID | S_ISGID)) {
                if (!check->may_have_setuid)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "image contains a %s file: \"%.200s\"", what, path);
                add_line(check->container->findings,
                         S_ISUID & entry->mode ? "setuid: " : "setgid: ", path);
        }
        int found = tree_find_security(check->image, entry, &attribute, err);
        if (found <= 0)
                return found;
        if (!check->may_have_setuid)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "image contains a file with the attribute \"%.100s\": \"%.200s\"",
                                 attribute, path);
        autofree char *line = string_format("attribute: %s ", attribute);
        add_line(check->container->findings, line, path);
        return 0;
}

/* Where a link in meta/ ends if it is read as text: above the image's root, or outside of it. */
static bool is_escaping(const char *path, const char *target) {
        size_t depth = 0;

        if (*target == '/')
                return true;
        for (; *path != '\0'; path++)
                depth += *path == '/';
        while (*target != '\0') {
                size_t length = strcspn(target, "/");
                if (length == 2 && target[0] == '.' && target[1] == '.') {
                        if (depth == 0)
                                return true;
                        depth--;
                } else if (length > 0 && !(length == 1 && *target == '.')) {
                        depth++;
                }
                target += length;
                target += *target == '/';
        }
        return false;
}

static int check_meta_link(Check *check, const char *path, const TreeEntry *entry, Error *err) {
        autofree char *target = NULL;

        if (tree_read_link(check->image, entry, &target, err) < 0)
                return -1;
        if (is_escaping(path, target))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "symbolic link in meta leads out of the image: \"%.200s\"", path);
        return 0;
}

/* meta/ is read by others than the package: all of it must be readable. */
static int check_meta(Check *check, const char *path, const TreeEntry *entry, Error *err) {
        mode_t wanted = S_ISDIR(entry->mode) ? ALL_READ_EXECUTE : ALL_READ;

        if (!string_has_prefix(path, "meta/") && !string_equal(path, "meta"))
                return 0;
        if (S_ISLNK(entry->mode))
                return check_meta_link(check, path, entry, err);
        if (string_has_prefix(path, "meta/hooks/"))
                wanted = ALL_READ_EXECUTE;
        if ((entry->mode & wanted) != wanted) {
                add_line(check->container->details, "path should be readable by all: ", path);
                check->has_bad_modes = true;
        }
        return 0;
}

/* ---- the walk: desktop files and icons ---- */

static int add_desktop(Check *check, const char *path, const char *name, Error *err) {
        autofree char *content = NULL;
        size_t length = 0;
        TreeEntry file;

        int found = tree_find(check->image, path, TREE_FOLLOW_LAST, &file, err);
        if (found <= 0)
                return found;
        if (tree_read_file(check->image, &file, DESKTOP_TOTAL_MAX - check->desktop_total, &content,
                           &length, err) < 0)
                return error_prefix(err, "cannot read \"%.200s\"", path);
        check->desktop_total += length;
        if (!string_is_clean_utf8(content, length)) {
                add_line(check->container->findings, "desktop file is not text: ", path);
                return 0;
        }
        json_array_append_new(check->container->desktop,
                              json_pack("{s:s, s:s}", "name", name, "content", content));
        return 0;
}

static bool is_icon(const char *path) {
        return string_has_prefix(path, "meta/gui/icon.") ||
               (string_has_prefix(path, "meta/gui/icons/") &&
                (string_has_suffix(path, ".png") || string_has_suffix(path, ".svg")));
}

static int add_icon(Check *check, const char *path, Error *err) {
        TreeEntry file;

        int found = tree_find(check->image, path, TREE_FOLLOW_LAST, &file, err);
        if (found <= 0)
                return found;
        if (!S_ISREG(file.mode))
                return 0;
        if (file.size > IMAGE_META_FILE_SIZE_MAX) {
                add_line(check->container->findings, "icon is too large: ", path);
                return 0;
        }
        if (json_array_size(check->container->icons) < ICON_COUNT_MAX)
                json_array_append_new(
                        check->container->icons,
                        json_pack("{s:s, s:I}", "path", path, "size", (json_int_t)file.size));
        return 0;
}

static int collect_gui(Check *check, const char *path, const TreeEntry *entry, Error *err) {
        const char *name = path + strlen("meta/gui/");

        if (!string_has_prefix(path, "meta/gui/") || S_ISDIR(entry->mode) ||
            !string_is_clean_utf8(path, strlen(path)))
                return 0;
        if (!strchr(name, '/') && string_has_suffix(name, ".desktop"))
                return add_desktop(check, path, name, err);
        return is_icon(path) ? add_icon(check, path, err) : 0;
}

/* ---- the walk: action files of polkit ---- */

static int collect_polkit(Check *check, const char *path, const TreeEntry *entry, Error *err) {
        const char *name = path + strlen("meta/polkit/");
        json_t *list = check->container->polkit;

        if (!string_has_prefix(path, "meta/polkit/") || S_ISDIR(entry->mode) ||
            !string_is_clean_utf8(path, strlen(path)) || strchr(name, '/') ||
            !string_has_suffix(name, ".policy"))
                return 0;
        int added = polkit_files_add(check->image, check->manifest, path, list, err);
        if (added > 0)
                add_line(check->container->findings,
                         "action file of no plug of interface polkit: ", path);
        const json_t *row = json_array_get(list, json_array_size(list) - 1);
        const char *fault = added == 0 ? json_get_string(row, "fault", NULL) : NULL;
        if (fault) {
                autofree char *line = string_format("action file is left out: %s: ", path);
                add_line(check->container->findings, line, fault);
        }
        return added < 0 ? -1 : 0;
}

static int visit_entry(void *data, const char *path, const TreeEntry *entry, Error *err) {
        Check *check = data;

        if (check_type(path, entry, err) < 0 || check_privileges(check, path, entry, err) < 0 ||
            check_meta(check, path, entry, err) < 0)
                return -1;
        return collect_polkit(check, path, entry, err) < 0 ? -1
                                                           : collect_gui(check, path, entry, err);
}

/* ---- what the manifest names ---- */

/* The program of a command: its first word beneath the image's root, cleaned. NULL where it climbs
 * out, or depends on a variable: nothing that could be looked for. */
static char *find_program(const char *command) {
        autotext clean = TEXT_INIT;
        autofree char *word = string_copy_length(command, strcspn(command, " "));
        char *rest = word;

        if (strchr(word, '$'))
                return NULL;
        for (char *part = strsep(&rest, "/"); part; part = strsep(&rest, "/")) {
                if (*part == '\0' || string_equal(part, "."))
                        continue;
                if (string_equal(part, ".."))
                        return NULL;
                text_append_format(&clean, "%s%s", clean.length > 0 ? "/" : "", part);
        }
        return clean.length > 0 ? text_take(&clean) : NULL;
}

static int require_mode(Check *check, const char *path, mode_t wanted, bool needs_all, Error *err) {
        TreeEntry entry;

        int found = tree_find(check->image, path, TREE_KEEP_LAST, &entry, err);
        if (found < 0)
                return -1;
        if (found == 0) {
                autofree char *line = string_format("path \"%s\" does not exist", path);
                add_line(check->container->details, line, "");
                check->has_missing = true;
                return 0;
        }
        if (S_ISLNK(entry.mode))
                return 0;
        bool is_right = needs_all ? (entry.mode & wanted) == wanted : (entry.mode & wanted) != 0;
        if (is_right && !S_ISDIR(entry.mode))
                return 0;
        autofree char *line =
                string_format("path \"%s\" has bad mode %04o", path, (unsigned)entry.mode & 07777);
        add_line(check->container->details, line, "");
        check->has_bad_modes = true;
        return 0;
}

/* The directories above what everybody runs. */
static int require_parents(Check *check, const char *path, Error *err) {
        autofree char *parent = string_copy(path);

        for (char *slash = strrchr(parent, '/'); slash; slash = strrchr(parent, '/')) {
                TreeEntry entry;
                *slash = '\0';
                int found = tree_find(check->image, parent, TREE_FOLLOW_LAST, &entry, err);
                if (found < 0)
                        return -1;
                if (found == 0 || (entry.mode & ALL_READ_EXECUTE) == ALL_READ_EXECUTE)
                        continue;
                autofree char *line = string_format("path \"%s\" should be world-readable and "
                                                    "executable",
                                                    parent);
                add_line(check->container->details, line, "");
                check->has_bad_modes = true;
        }
        return 0;
}

static const struct {
        const char *key;
        bool is_for_services;
} PROGRAMS[] = {
        { "command", false },
        { "stop-command", true },
        { "reload-command", true },
        { "post-stop-command", true },
};

static int check_app(Check *check, const json_t *app, Error *err) {
        bool is_service = *json_get_string(app, "daemon", "") != '\0';

        for (size_t i = 0; i < ARRAY_COUNT(PROGRAMS); i++) {
                autofree char *path = find_program(json_get_string(app, PROGRAMS[i].key, ""));
                if (!path || (PROGRAMS[i].is_for_services && !is_service))
                        continue;
                if (require_mode(check, path, is_service ? ANY_EXECUTE : ALL_READ_EXECUTE,
                                 !is_service, err) < 0)
                        return -1;
                if (!is_service && require_parents(check, path, err) < 0)
                        return -1;
        }
        autofree char *completer = find_program(json_get_string(app, "completer", ""));
        return completer ? require_mode(check, completer, ALL_READ, true, err) : 0;
}

static int check_named(Check *check, Error *err) {
        const char *name;
        json_t *app;

        json_object_foreach(json_object_get(check->manifest, "apps"), name, app) {
                if (check_app(check, app, err) < 0)
                        return -1;
        }
        return 0;
}

static int check_root(Check *check, TreeEntry *ret, Error *err) {
        if (tree_get_root(check->image, ret, err) < 0)
                return -1;
        if ((ret->mode & ALL_READ_EXECUTE) != ALL_READ_EXECUTE) {
                add_line(check->container->details, "path should be readable by all: ", ".");
                check->has_bad_modes = true;
        }
        return 0;
}

int container_check(Container *container, Tree *image, const json_t *manifest, Error *err) {
        const char *type = json_get_string(manifest, "type", "app");
        Check check = { .container = container, .image = image, .manifest = manifest };
        TreeEntry root;

        check.may_have_setuid = string_equal(type, "base") || string_equal(type, "os") ||
                                string_equal(type, "snapd");
        if (check_root(&check, &root, err) < 0 ||
            tree_walk(image, &root, visit_entry, &check, err) < 0 || check_named(&check, err) < 0)
                return -1;
        if (check.has_missing)
                return error_set(err, ERROR_BAD_REQUEST, "snap is unusable due to missing files");
        if (check.has_bad_modes)
                return error_set(err, ERROR_BAD_REQUEST, "snap is unusable due to bad permissions");
        return 0;
}

/* ---- hooks ---- */

static int visit_hook(void *data, const char *path, const TreeEntry *entry, Error *err) {
        json_t *hooks = data;

        (void)err;
        if (!strchr(path, '/') && (S_ISREG(entry->mode) || S_ISLNK(entry->mode)))
                json_array_append_new(hooks, json_string(path));
        return 0;
}

int container_list_hooks(Tree *image, json_t **ret, Error *err) {
        autojson hooks = json_array();
        TreeEntry directory;

        int found = tree_find(image, "meta/hooks", TREE_FOLLOW_LAST, &directory, err);
        if (found < 0)
                return -1;
        if (found > 0 && S_ISDIR(directory.mode) &&
            tree_walk(image, &directory, visit_hook, hooks, err) < 0)
                return -1;
        *ret = take(hooks);
        return 0;
}
