/* SPDX-License-Identifier: Apache-2.0 */
#include "base/name.h"

#include <string.h>

#include "base/own.h"

#define VERSION_MAX 32

/* ASCII only and by hand: <ctype.h> asks the locale. */
static bool is_lower(char c) {
        return c >= 'a' && c <= 'z';
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
        return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_lower_or_digit(char c) {
        return is_lower(c) || is_digit(c);
}

static bool is_alphanumeric(char c) {
        return is_letter(c) || is_digit(c);
}

typedef bool (*CharClass)(char c);

/* Words of `rest`, the first character of `first`, joined by single dashes. */
static bool is_dashed(const char *name, CharClass first, CharClass rest) {
        if (!first(name[0]))
                return false;
        for (const char *at = name + 1; *at != '\0'; at++) {
                if (*at == '-' && rest(at[1]))
                        at++;
                if (!rest(*at))
                        return false;
        }
        return true;
}

static bool is_all(const char *text, CharClass allowed, const char *extra) {
        for (; *text != '\0'; text++) {
                if (!allowed(*text) && !strchr(extra, *text))
                        return false;
        }
        return true;
}

/* Words of lower-case letters and digits joined by single dashes, a letter somewhere. */
static bool is_snap_class(const char *name, size_t length) {
        bool has_letter = false;

        for (size_t i = 0; i < length; i++) {
                bool is_dash = name[i] == '-';
                if (!is_dash && !is_lower_or_digit(name[i]))
                        return false;
                if (is_dash && (i == 0 || i + 1 == length || name[i - 1] == '-'))
                        return false;
                has_letter |= is_lower(name[i]);
        }
        return has_letter;
}

bool name_is_snap(const char *name) {
        size_t length = strlen(name);

        return length >= 2 && length <= NAME_SNAP_MAX && is_snap_class(name, length);
}

bool name_is_instance_key(const char *key) {
        size_t length = strlen(key);

        return length >= 1 && length <= NAME_INSTANCE_KEY_MAX && is_all(key, is_lower_or_digit, "");
}

size_t name_get_snap_length(const char *instance) {
        return strcspn(instance, "_");
}

bool name_is_instance(const char *name) {
        size_t length = name_get_snap_length(name);

        if (name[length] == '_' && !name_is_instance_key(name + length + 1))
                return false;
        return length >= 2 && length <= NAME_SNAP_MAX && is_snap_class(name, length);
}

bool name_is_app(const char *name) {
        return is_dashed(name, is_alphanumeric, is_alphanumeric);
}

bool name_is_alias(const char *name) {
        return is_alphanumeric(name[0]) && is_all(name, is_alphanumeric, "-_.");
}

bool name_is_hook(const char *name) {
        return is_dashed(name, is_lower, is_lower_or_digit);
}

static const char *const HOOKS[] = {
        "prepare-device", "install-device", "configure",         "default-configure",
        "install",        "pre-refresh",    "post-refresh",      "remove",
        "check-health",   "fde-setup",      "gate-auto-refresh",
};

/* Followed by the name of a plug or slot. */
static const char *const HOOK_PREFIXES[] = {
        "prepare-plug-", "prepare-slot-",    "unprepare-plug-",  "unprepare-slot-", "connect-plug-",
        "connect-slot-", "disconnect-plug-", "disconnect-slot-", "change-view-",    "save-view-",
        "observe-view-", "load-view-",       "query-view-",
};

bool name_is_supported_hook(const char *name) {
        for (size_t i = 0; i < ARRAY_COUNT(HOOKS); i++) {
                if (strcmp(name, HOOKS[i]) == 0)
                        return true;
        }
        for (size_t i = 0; i < ARRAY_COUNT(HOOK_PREFIXES); i++) {
                size_t length = strlen(HOOK_PREFIXES[i]);
                if (strncmp(name, HOOK_PREFIXES[i], length) == 0)
                        return name_is_hook(name + length);
        }
        return false;
}

bool name_is_socket(const char *name) {
        return is_snap_class(name, strlen(name));
}

bool name_is_version(const char *version) {
        size_t length = strlen(version);

        if (length < 1 || length > VERSION_MAX || !is_alphanumeric(version[0]))
                return false;
        return is_all(version, is_alphanumeric, ":.+~-") && !strchr(":.-", version[length - 1]);
}

bool name_is_provenance(const char *name) {
        return is_dashed(name, is_alphanumeric, is_alphanumeric);
}

bool name_is_system_user(const char *name) {
        return is_lower_or_digit(name[0]) && is_all(name, is_lower_or_digit, "-+._");
}

bool name_is_link(const char *name) {
        return is_dashed(name, is_letter, is_alphanumeric);
}

bool name_is_risk(const char *word, size_t length) {
        static const char *const RISKS[] = { "stable", "candidate", "beta", "edge" };

        for (size_t i = 0; i < ARRAY_COUNT(RISKS); i++) {
                if (strlen(RISKS[i]) == length && strncmp(word, RISKS[i], length) == 0)
                        return true;
        }
        return false;
}

/* A part of a channel: it becomes part of an address. */
static bool is_channel_word(const char *word, size_t length) {
        for (size_t i = 0; i < length; i++) {
                if (!is_alphanumeric(word[i]) && !strchr("-_.+", word[i]))
                        return false;
        }
        return length > 0;
}

bool name_is_channel(const char *channel) {
        const char *parts[3];
        size_t lengths[3];
        size_t count = 0;

        for (const char *at = channel;; at += lengths[count - 1] + 1) {
                if (count == ARRAY_COUNT(parts))
                        return false;
                parts[count] = at;
                lengths[count] = strcspn(at, "/");
                if (!is_channel_word(at, lengths[count]))
                        return false;
                count++;
                if (at[lengths[count - 1]] == '\0')
                        break;
        }
        if (count == 1)
                return true;
        /* Of two words the first is a risk (then a branch follows) or the second is. */
        return name_is_risk(parts[1], lengths[1]) ||
               (count == 2 && name_is_risk(parts[0], lengths[0]));
}
