/* SPDX-License-Identifier: Apache-2.0
 *
 * mount-control: for each entry of the attribute, what AppArmor is told.  An entry that the checks
 * of the attribute let pass and that is senseless all the same grants nothing.
 */
#include <string.h>

#include "base/text.h"
#include "interface/grant-internal.h"

/* File systems on disks, of the network and in memory: none through which the kernel is ruled. */
#define USUAL_TYPES                                                                           \
        "btrfs,cifs,erofs,exfat,ext2,ext3,ext4,f2fs,hfsplus,iso9660,jfs,nfs,nfs4,ntfs,ntfs3," \
        "squashfs,tmpfs,ubifs,udf,vfat,xfs"

/* As the package's programs see it; owned. */
static char *format_place(const GrantContext *context, const char *path) {
        static const struct {
                const char *variable, *format;
        } rows[] = {
                { "$SNAP_COMMON/", "/var/snap/%s/common/%s" },
                { "$SNAP_DATA/", "/var/snap/%s/{x,}[0-9]*/%s" },
                { "$SNAP/", "/snap/%s/{x,}[0-9]*/%s" },
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                size_t length = strlen(rows[i].variable);
                if (strncmp(path, rows[i].variable, length) != 0)
                        continue;
                /* Formats of our own; the name is checked, the rest has no per cent sign. */
                autotext text = TEXT_INIT;
                const char *name = strstr(rows[i].format, "%s");
                const char *rest = strstr(name + 2, "%s");
                text_append_bytes(&text, rows[i].format, (size_t)(name - rows[i].format));
                text_append(&text, context->name);
                text_append_bytes(&text, name + 2, (size_t)(rest - name - 2));
                text_append(&text, path + length);
                return text_take(&text);
        }
        return string_copy(path);
}

static bool is_sound(const char *path) {
        return !strstr(path, "/../") && !strstr(path, "/./") && !strstr(path, "//") &&
               !string_has_suffix(path, "/..");
}

static void append_words(Text *text, const json_t *words) {
        const json_t *word;
        size_t i;

        json_array_foreach(words, i, word) {
                text_append_format(text, "%s%s", i ? "," : "", json_string_value(word));
        }
}

static int add_line(GrantSet *set, char *owned_line, Error *err) {
        GrantRow row = { .kind = GRANT_APPARMOR, .text = owned_line };

        return grant_add_row(set, row, err);
}

static int add_entry(GrantSet *set, const GrantContext *context, const json_t *entry, Error *err) {
        const json_t *options = json_object_get(entry, "options");
        const json_t *types = json_object_get(entry, "type");
        autofree char *what = format_place(context, json_get_string(entry, "what", ""));
        autofree char *where = format_place(context, json_get_string(entry, "where", ""));
        autotext line = TEXT_INIT;

        if (!*what || !*where || !is_sound(what) || !is_sound(where))
                return 0;
        text_append(&line, "mount fstype=(");
        if (json_array_size(types) > 0)
                append_words(&line, types);
        else
                text_append(&line, USUAL_TYPES);
        text_append(&line, ") options=(");
        if (json_array_size(options) > 0)
                append_words(&line, options);
        else
                text_append(&line, "rw");
        text_append_format(&line, ") \"%s\" -> \"%s{,/}\",", what, where);
        if (add_line(set, text_take(&line), err) < 0)
                return -1;
        return add_line(set, string_format("umount \"%s{,/}\",", where), err);
}

int grant_add_mounts(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const json_t *entry;
        size_t i;

        (void)database;
        json_array_foreach(json_object_get(context->plug_attributes, "mount"), i, entry) {
                if (add_entry(set, context, entry, err) < 0)
                        return -1;
        }
        return 0;
}
