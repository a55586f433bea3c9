/* SPDX-License-Identifier: Apache-2.0
 *
 * The step that shows every file, node or socket of the host whose name matches a pattern.  As in
 * view-grant.c no link is followed, neither on the host nor in the view; and a "*" stands for no
 * hidden name.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "launcher/die.h"
#include "launcher/view-internal.h"

#define MATCH_COUNT_MAX 500 /* mounts for one step */
#define BRACE_COUNT_MAX 8   /* in one name */

typedef struct Matching {
        const View *view;
        const LaunchStep *step;
        size_t count;
} Matching;

/* ── names ── */

static bool matches(const char *pattern, const char *name, unsigned depth);

/* "a{b,c}d": as "abd" or "acd". */
static bool matches_one_of(const char *pattern, const char *brace, const char *name,
                           unsigned depth) {
        const char *end = strchr(brace, '}');

        for (const char *word = brace + 1; end && word <= end;) {
                size_t length = strcspn(word, ",}");
                autofree char *one = string_format("%.*s%.*s%s", (int)(brace - pattern), pattern,
                                                   (int)length, word, end + 1);
                if (matches(one, name, depth + 1))
                        return true;
                word += length + 1;
        }
        return false;
}

static bool matches(const char *pattern, const char *name, unsigned depth) {
        const char *brace = depth < BRACE_COUNT_MAX ? strchr(pattern, '{') : NULL;

        return brace ? matches_one_of(pattern, brace, name, depth)
                     : fnmatch(pattern, name, FNM_PERIOD) == 0;
}

/* ── what was found ── */

static bool is_wanted(const char *flags, mode_t mode) {
        if (launch_list_has(flags, "device"))
                return S_ISCHR(mode) || S_ISBLK(mode);
        if (launch_list_has(flags, "socket"))
                return S_ISSOCK(mode);
        return S_ISDIR(mode) || S_ISREG(mode);
}

/* As udev keeps it of each node: a line "E:PROPERTY=1" in run/udev/data/c13:64. */
static bool has_property(const LaunchStep *step, const struct stat *status) {
        autofree char *wanted = string_format("E:%s=1\n", step->words[2]);
        autofree char *path = string_format("%s/run/udev/data/%c%u:%u", step->words[0],
                                            S_ISBLK(status->st_mode) ? 'b' : 'c',
                                            major(status->st_rdev), minor(status->st_rdev));
        FILE *file = fopen(path, "re");
        char line[1024];
        bool is_found = false;

        while (file && !is_found && fgets(line, sizeof(line), file))
                is_found = string_equal(line, wanted);
        if (file)
                (void)fclose(file);
        return is_found;
}

/* Where a link of the host leads does not matter here: in the view it finds what the view has. */
static void copy_link(Matching *matching, int source, const char *path) {
        const LaunchStep *step = matching->step;
        char target[PATH_MAX] = "";
        autofree char *place = string_format("%s/%s", step->words[2], path);

        if (readlinkat(source, "", target, sizeof(target) - 1) <= 0 || target[0] == '/')
                return;
        if (matching->count++ < MATCH_COUNT_MAX)
                view_make_link(matching->view, target, place);
}

static void show_found(Matching *matching, int source, const char *path) {
        const LaunchStep *step = matching->step;
        struct stat status;

        if (fstat(source, &status) < 0)
                return;
        if (step->op == LAUNCH_OP_MATCH_LINKS) {
                if (S_ISLNK(status.st_mode))
                        copy_link(matching, source, path);
                return;
        }
        if (!is_wanted(step->words[3], status.st_mode))
                return;
        if (step->op == LAUNCH_OP_MATCH_UDEV && !has_property(step, &status))
                return;
        if (matching->count++ == MATCH_COUNT_MAX) {
                trace_note("more matches than are shown");
                return;
        }
        device_filter_add_node(matching->view->devices, status.st_mode, status.st_rdev,
                               step->words[3]);
        const char *top = step->op == LAUNCH_OP_MATCH ? step->words[2] : "/";
        autofree char *place = string_format("%s/%s", top[1] ? top : "", path);
        view_show(matching->view, step, source, place);
}

/* ── the walk ── */

static void walk(Matching *matching, int directory, const char *done, const char *pattern);

static void enter(Matching *matching, int directory, const char *name, const char *done,
                  const char *rest) {
        autofd int found = kernel_openat2(directory, name, O_PATH | O_NOFOLLOW,
                                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        if (found < 0)
                return;
        autofree char *path = string_format("%s%s%s", done, *done ? "/" : "", name);
        if (rest)
                walk(matching, found, path, rest);
        else
                show_found(matching, found, path);
}

static void enter_each(Matching *matching, int directory, const char *part, const char *done,
                       const char *rest) {
        int listed = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = listed < 0 ? NULL : fdopendir(listed);
        const struct dirent *entry;

        if (!entries)
                return;
        while (matching->count <= MATCH_COUNT_MAX && (entry = readdir(entries)))
                if (!string_equal(entry->d_name, ".") && !string_equal(entry->d_name, "..") &&
                    matches(part, entry->d_name, 0))
                        enter(matching, directory, entry->d_name, done, rest);
        (void)closedir(entries);
}

/* As deep as the pattern has parts. */
static void walk(Matching *matching, int directory, const char *done, const char *pattern) {
        size_t length = strcspn(pattern, "/");
        const char *rest = pattern[length] ? pattern + length + 1 : NULL;
        autofree char *part = string_copy_length(pattern, length);

        if (strpbrk(part, "*?[{"))
                enter_each(matching, directory, part, done, rest);
        else
                enter(matching, directory, part, done, rest);
}

void view_apply_match(const View *view, const LaunchStep *step) {
        Matching matching = { view, step, 0 };
        autofd int base = open(step->words[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (base >= 0)
                walk(&matching, base, "", step->words[1]);
}
