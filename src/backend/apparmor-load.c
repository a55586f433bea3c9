/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/apparmor-load.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend/run-command.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"

#define SECURITY "/sys/kernel/security/apparmor"
#define CACHE    "/var/lib/pawl/apparmor/cache"
#define STAMPS   "/run/pawl/apparmor"
#define PARSER   "apparmor_parser"

#define COMPILED_SIZE_MAX (64u << 20)
#define LIST_SIZE_MAX     (4u << 20)
/* Compiled texts of one package that are kept: those of other generations and connections. */
#define CACHE_COUNT_MAX 8

bool apparmor_is_available(void) {
        return command_is_there(PARSER) && access(SECURITY "/.replace", W_OK) == 0;
}

/* NULL where there is none. */
static char *read_whole(const char *path, size_t max, size_t *ret_length) {
        Error unused = ERROR_INIT;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char *text = NULL;

        if (file < 0 || file_read_all(file, max, &text, ret_length, &unused) < 0)
                return NULL;
        return text;
}

/* ── the key ── */

static int is_shown(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

/* What the kernel can do, as a text: a directory of files and directories. */
static void describe_features(const char *path, Text *ret) {
        struct dirent **entries = NULL;
        int count = scandir(path, &entries, is_shown, alphasort);

        for (int i = 0; i < count; i++) {
                autofree char *below = string_format("%s/%s", path, entries[i]->d_name);
                size_t length = 0;
                autofree char *text = entries[i]->d_type == DT_DIR
                                              ? NULL
                                              : read_whole(below, LIST_SIZE_MAX, &length);
                text_append_format(ret, "%s %s\n", below, text ? text : "");
                if (entries[i]->d_type == DT_DIR)
                        describe_features(below, ret);
                free(entries[i]);
        }
        free(entries);
}

static void format_key(const char *text, char ret[DIGEST_SHA256_HEX_SIZE]) {
        autotext all = TEXT_INIT;
        size_t length = 0;
        autofree char *parser = command_find(PARSER);
        autofree char *bytes = parser ? read_whole(parser, COMPILED_SIZE_MAX, &length) : NULL;
        char digest[DIGEST_SHA256_HEX_SIZE];

        digest_sha256(bytes ? bytes : "", length, digest);
        text_append_format(&all, "%s\n", digest);
        describe_features(SECURITY "/features", &all);
        text_append(&all, text);
        digest_sha256(all.bytes, all.length, ret);
}

/* ── compiled texts ── */

/* 1 and its length where it is there and is what was written. */
static int read_compiled(const char *path, char **ret, size_t *ret_length) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        size_t length = 0;
        autofree char *all = read_whole(path, COMPILED_SIZE_MAX, &length);
        size_t tail = DIGEST_SHA256_HEX_SIZE - 1;

        if (!all || length <= tail)
                return 0;
        digest_sha256(all, length - tail, digest);
        if (memcmp(all + length - tail, digest, tail) != 0)
                return 0;
        *ret_length = length - tail;
        *ret = take(all);
        return 1;
}

static void drop_others(int cache, const char *instance, const char *kept) {
        autofree char *prefix = string_format("%s.", instance);
        const char *names[CACHE_COUNT_MAX * 2];
        struct dirent **entries = NULL;
        Error unused = ERROR_INIT;
        int found = 0, count = scandir(CACHE, &entries, is_shown, alphasort);

        for (int i = 0; i < count; i++)
                if (string_has_prefix(entries[i]->d_name, prefix) &&
                    !(kept && string_equal(entries[i]->d_name, kept)) &&
                    found < (int)ARRAY_COUNT(names))
                        names[found++] = entries[i]->d_name;
        if (!kept || found >= CACHE_COUNT_MAX)
                while (found > 0)
                        (void)tree_remove(cache, names[--found], &unused);
        for (int i = 0; i < count; i++)
                free(entries[i]);
        free(entries);
}

static int open_beneath_root(const char *path, mode_t mode, Error *err) {
        autofd int root = directory_open("/", err);

        return root < 0 ? -1 : directory_make_beneath(root, path + 1, mode, err);
}

/* Compiled beside the cache, and put into it with its digest. */
static int compile(const char *text, const char *name, Error *err) {
        autofd int cache = open_beneath_root(CACHE, 0700, err);
        const char *source = CACHE "/.source~", *made = CACHE "/.made~";
        const char *const words[] = { PARSER, "-QTK", "--quiet", "-o", made, source, NULL };
        char digest[DIGEST_SHA256_HEX_SIZE];
        autotext all = TEXT_INIT;
        size_t length = 0;

        if (cache < 0 || file_write_atomic(cache, ".source~", text, strlen(text), 0600, err) < 0 ||
            tree_remove(cache, ".made~", err) < 0 || command_run(words, err) < 0)
                return -1;
        autofree char *bytes = read_whole(made, COMPILED_SIZE_MAX, &length);
        if (!bytes || length == 0)
                return error_set(err, ERROR_FAILED, "apparmor_parser wrote nothing");
        digest_sha256(bytes, length, digest);
        text_append_bytes(&all, bytes, length);
        text_append(&all, digest);
        (void)unlinkat(cache, ".made~", 0);
        (void)unlinkat(cache, ".source~", 0);
        return file_write_atomic(cache, name, all.bytes, all.length, 0600, err) < 0 ? -1 : 0;
}

static int require_compiled(const char *instance, const char *text, const char *key, char **ret,
                            size_t *ret_length, Error *err) {
        autofree char *name = string_format("%s.%s", instance, key);
        autofree char *path = string_format(CACHE "/%s", name);

        if (read_compiled(path, ret, ret_length) > 0)
                return 0;
        if (compile(text, name, err) < 0)
                return -1;
        if (read_compiled(path, ret, ret_length) == 0)
                return error_set(err, ERROR_CORRUPT, "%s is not what was written", path);
        autofd int cache = open_beneath_root(CACHE, 0700, err);
        if (cache >= 0)
                drop_others(cache, instance, name);
        return 0;
}

/* ── the kernel ── */

/* In one write: the kernel takes all of it or nothing. */
static int tell_kernel(const char *file, const void *bytes, size_t length, Error *err) {
        autofree char *path = string_format(SECURITY "/%s", file);
        autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot open %s", path);
        ssize_t written = write(fd, bytes, length);
        return written == (ssize_t)length ? 0 : error_set_errno(err, errno, "%s refuses", path);
}

static bool has_profile(const char *text, const char *label) {
        autofree char *line = string_format("profile \"%s\" ", label);

        return text && strstr(text, line);
}

static bool is_used(const char *label) {
        autofree char *wanted = string_format("%s (", label);
        DIR *processes = opendir("/proc");
        bool found = false;

        for (struct dirent *entry; processes && !found && (entry = readdir(processes));) {
                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                autofree char *path = string_format("/proc/%s/attr/current", entry->d_name);
                size_t length = 0;
                autofree char *current = read_whole(path, 4096, &length);
                found = current && string_has_prefix(current, wanted);
        }
        if (processes)
                (void)closedir(processes);
        return found;
}

typedef int (*LabelSeen)(const char *label, const char *text, Error *err);

/* "snap.x.app (enforce)" a line; 1 when one call said 1. */
static int each_label(const char *instance, const char *text, LabelSeen seen, Error *err) {
        size_t length = 0;
        autofree char *all = read_whole(SECURITY "/profiles", LIST_SIZE_MAX, &length);
        autofree char *prefix = string_format("snap.%s.", instance);
        char *rest = NULL;
        int outcome = 0;

        for (char *line = strtok_r(all ? all : (char[]){ "" }, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
                if (!string_has_prefix(line, prefix))
                        continue;
                line[strcspn(line, " ")] = '\0';
                int status = seen(line, text, err);
                if (status < 0)
                        return -1;
                outcome |= status;
        }
        return outcome;
}

static int unload_label(const char *label, const char *text, Error *err) {
        if (has_profile(text, label))
                return 0;
        return is_used(label) ? 1 : tell_kernel(".remove", label, strlen(label), err);
}

/* ── the whole ── */

static int open_stamps(Error *err) {
        return open_beneath_root(STAMPS, 0700, err);
}

bool apparmor_is_loaded(const char *instance, const char *text) {
        autofree char *path = string_format(STAMPS "/%s", instance);
        char key[DIGEST_SHA256_HEX_SIZE];
        size_t length = 0;
        autofree char *stamp = read_whole(path, DIGEST_SHA256_HEX_SIZE, &length);

        if (!stamp)
                return !text;
        if (!text)
                return false;
        format_key(text, key);
        if (!string_equal(stamp, key))
                return false;
        /* Somebody else may have taken them out. */
        autofree char *all = read_whole(SECURITY "/profiles", LIST_SIZE_MAX, &length);
        for (const char *at = strstr(text, "\nprofile \""); at;
             at = strstr(at + 1, "\nprofile \"")) {
                const char *label = at + strlen("\nprofile \"");
                autofree char *line = string_format("%.*s (", (int)strcspn(label, "\""), label);
                if (!all || !strstr(all, line))
                        return false;
        }
        return true;
}

int apparmor_load(const char *instance, const char *text, Error *err) {
        autofd int stamps = open_stamps(err);
        char key[DIGEST_SHA256_HEX_SIZE];
        autofree char *bytes = NULL;
        size_t length = 0;

        if (stamps < 0)
                return -1;
        format_key(text, key);
        if (require_compiled(instance, text, key, &bytes, &length, err) < 0)
                return -1;
        /* From here to the new stamp nobody knows what the kernel has. */
        if (unlinkat(stamps, instance, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove " STAMPS "/%s", instance);
        if (tell_kernel(".replace", bytes, length, err) < 0)
                return -1;
        return file_write_atomic(stamps, instance, key, strlen(key), 0600, err) < 0 ? -1 : 0;
}

int apparmor_unload(const char *instance, const char *text, Error *err) {
        int outcome = each_label(instance, text, unload_label, err);

        if (outcome != 0 || text)
                return outcome;
        autofd int stamps = open_stamps(err);
        autofd int cache = stamps < 0 ? -1 : open_beneath_root(CACHE, 0700, err);
        if (cache < 0)
                return -1;
        drop_others(cache, instance, NULL);
        if (unlinkat(stamps, instance, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove " STAMPS "/%s", instance);
        return 0;
}

void apparmor_list_loaded(Text *ret) {
        struct dirent **entries = NULL;
        int count = scandir(STAMPS, &entries, is_shown, alphasort);

        for (int i = 0; i < count; i++) {
                text_append_format(ret, "%s\n", entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
}
