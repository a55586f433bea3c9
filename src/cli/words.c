/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

typedef struct Mark {
        const char *validation;
        const char *colour, *sign, *ascii;
} Mark;

/* The last row is for everybody else: no sign, yet the same escapes, as columns count them. */
static const Mark marks[] = {
        { "verified", "\x1b[32m", "✓", "**" },
        { "starred", "\x1b[93m", "✪", "*" },
        { NULL, "\x1b[32m", "", "" },
};

static char *format_mark(const Cli *cli, const char *validation) {
        const Mark *mark = marks;
        while (mark->validation != NULL && !string_equal(mark->validation, validation))
                mark++;
        const char *sign = cli->has_unicode ? mark->sign : mark->ascii;
        return cli->has_colour ? string_format("%s%s\x1b[0m", mark->colour, sign)
                               : string_copy(sign);
}

char *words_publisher_short(const Cli *cli, const json_t *snap) {
        json_t *publisher = json_object_get(snap, "publisher");
        autofree char *mark = format_mark(cli, json_get_string(publisher, "validation", ""));
        return string_format(
                "%s%s", publisher == NULL ? "-" : json_get_string(publisher, "username", ""), mark);
}

/* joe-doe and Joe Doe are the same name. */
static bool is_same_name(const char *username, const char *display) {
        autofree char *spaced = string_copy(username);
        for (char *at = spaced; *at != '\0'; at++)
                if (*at == '-')
                        *at = ' ';
        return strcasecmp(spaced, display) == 0;
}

char *words_publisher_long(const Cli *cli, const json_t *snap) {
        json_t *publisher = json_object_get(snap, "publisher");
        if (publisher == NULL)
                return string_copy("");
        const char *username = json_get_string(publisher, "username", "");
        const char *display = json_get_string(publisher, "display-name", "");
        autofree char *mark = format_mark(cli, json_get_string(publisher, "validation", ""));
        if (is_same_name(username, display))
                return string_format("%s%s", display, mark);
        return string_format("%s (%s%s)", display, username, mark);
}

static void add_note(Text *notes, const char *note) {
        text_append_format(notes, "%s%s", notes->length > 0 ? "," : "", note);
}

char *words_notes(const json_t *snap) {
        static const struct {
                const char *key, *note;
        } flags[] = {
                { "private", "private" },      { "trymode", "try" },
                { "broken", "broken" },        { "ignore-validation", "ignore-validation" },
                { "cohort-key", "in-cohort" },
        };
        autotext notes = TEXT_INIT;
        const char *type = json_get_string(snap, "type", "app");
        if (!string_equal(type, "app") && *type != '\0')
                add_note(&notes, string_equal(type, "os") ? "core" : type);
        if (!string_equal(json_get_string(snap, "status", ""), "active"))
                add_note(&notes, "disabled");
        if (json_get_bool(snap, "devmode", false))
                add_note(&notes, "devmode");
        bool is_jailed = json_get_bool(snap, "jailmode", false);
        if (is_jailed)
                add_note(&notes, "jailmode");
        if (!is_jailed && string_equal(json_get_string(snap, "confinement", ""), "classic"))
                add_note(&notes, "classic");
        for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
                if (json_get_bool(snap, flags[i].key, false) ||
                    *json_get_string(snap, flags[i].key, "") != '\0')
                        add_note(&notes, flags[i].note);
        const char *health = json_get_string(json_object_get(snap, "health"), "status", "okay");
        if (!string_equal(health, "okay"))
                add_note(&notes, health);
        return notes.length == 0 ? string_copy("-") : text_take(&notes);
}

char *words_tracking(const json_t *snap) {
        const char *tracking = json_get_string(snap, "tracking-channel", "");
        const char *first = strchr(tracking, '/');
        const char *second = first == NULL ? NULL : strchr(first + 1, '/');
        if (second != NULL)
                return string_format("%.*s/…", (int)(second - tracking), tracking);
        return string_copy(*tracking == '\0' ? "-" : tracking);
}

char *words_snap_line(const Cli *cli, const json_t *snap) {
        autofree char *publisher = words_publisher_long(cli, snap);
        const char *channel = json_get_string(snap, "channel", "");
        bool has_channel = *channel != '\0' && !string_equal(channel, "stable");
        return string_format("%s%s%s%s %s%s%s", json_get_string(snap, "name", ""),
                             has_channel ? " (" : "", has_channel ? channel : "",
                             has_channel ? ")" : "", json_get_string(snap, "version", ""),
                             *publisher == '\0' ? "" : " from ", publisher);
}

char *words_size(int64_t bytes) {
        static const char units[] = "kMGTPE";
        if (bytes < 1000)
                return string_format("%ldB", (long)bytes);
        int unit = 0;
        /* Cut, not rounded: what is said to fit does fit. */
        for (bytes /= 1000; bytes >= 1000 && units[unit + 1] != '\0'; unit++)
                bytes /= 1000;
        return string_format("%ld%cB", (long)bytes, units[unit]);
}

json_t *words_find_snap(const json_t *result, const char *name) {
        size_t i;
        json_t *snap;
        json_array_foreach(result, i, snap) if (string_equal(json_get_string(snap, "name", ""),
                                                             name)) return snap;
        return NULL;
}
