/* SPDX-License-Identifier: Apache-2.0 */
#include "denial/denial.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "denial/syscall-name.h"

/* ── fields ── */

static int get_digit(char sign) {
        if (sign >= '0' && sign <= '9')
                return sign - '0';
        sign = (char)(sign | 0x20);
        return sign >= 'a' && sign <= 'f' ? sign - 'a' + 10 : -1;
}

/* Names that hold quotes, blanks or control signs; those that command a terminal become "?". */
static bool decode(const char *digits, size_t length, char ret[DENIAL_WORD_MAX]) {
        size_t count = 0;

        if (length < 2 || length % 2 != 0)
                return false;
        for (size_t i = 0; i < length && count + 1 < DENIAL_WORD_MAX; i += 2) {
                int high = get_digit(digits[i]), low = get_digit(digits[i + 1]);
                if (high < 0 || low < 0)
                        return false;
                unsigned char sign = (unsigned char)(high << 4 | low);
                ret[count++] = (char)(sign < 0x20 || sign == 0x7f ? (unsigned char)'?' : sign);
        }
        ret[count] = '\0';
        return true;
}

static void copy_bounded(const char *bytes, size_t length, char ret[DENIAL_WORD_MAX]) {
        if (length >= DENIAL_WORD_MAX)
                length = DENIAL_WORD_MAX - 1;
        memcpy(ret, bytes, length);
        ret[length] = '\0';
}

/* Only these may be written in digits: elsewhere "12" is a number. */
static bool is_foreign(const char *key) {
        static const char *const keys[] = { "name", "path", "exe", "comm", "profile", "label" };

        for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
                if (string_equal(keys[i], key))
                        return true;
        return false;
}

static void take_value(const char *value, const char *key, char ret[DENIAL_WORD_MAX]) {
        if (*value == '"') {
                copy_bounded(value + 1, strcspn(value + 1, "\""), ret);
                return;
        }
        size_t length = strcspn(value, " '");
        if (!is_foreign(key) || !decode(value, length, ret))
                copy_bounded(value, length, ret);
}

/* A bus daemon's record is itself within single quotes: msg='apparmor="DENIED" …'. */
static const char *skip_field(const char *at) {
        at += strcspn(at, " =\"'");
        if (*at == '=')
                at++;
        if (*at == '"') {
                at += 1 + strcspn(at + 1, "\"");
                return at + (*at == '"');
        }
        return *at == '\'' ? at + 1 : at + strcspn(at, " '");
}

/* The value of KEY=value in a line of such a log, unquoted and decoded; true when it is there. */
static bool find_field(const char *line, const char *key, char ret[DENIAL_WORD_MAX]) {
        size_t length = strlen(key);

        ret[0] = '\0';
        for (const char *at = line; *at;) {
                at += strspn(at, " '\"");
                if (strncmp(at, key, length) == 0 && at[length] == '=') {
                        take_value(at + length + 1, key, ret);
                        return true;
                }
                const char *next = skip_field(at);
                at = next > at ? next : at + (*at != '\0');
        }
        return false;
}

static uint64_t find_number(const char *line, const char *key, int base) {
        char word[DENIAL_WORD_MAX];

        return find_field(line, key, word) ? strtoull(word, NULL, base) : 0;
}

/* "audit(1700000000.123:45):" */
static void find_time(const char *line, Denial *ret) {
        const char *stamp = strstr(line, "audit(");

        if (!stamp)
                return;
        char *end = NULL;
        unsigned long long seconds = strtoull(stamp + strlen("audit("), &end, 10);
        const char *colon = *end == '.' ? end + 1 + strspn(end + 1, "0123456789") : end;
        ret->time = seconds > INT64_MAX ? 0 : (int64_t)seconds;
        ret->serial = *colon == ':' ? strtoull(colon + 1, NULL, 10) : 0;
}

/* ── whose ── */

/* "snap.x.app", maybe with a mode or a child profile behind it → "x.app". */
static bool take_label(const char *label, Denial *ret) {
        if (!string_has_prefix(label, "snap."))
                return false;
        label += strlen("snap.");
        copy_bounded(label, strcspn(label, " /"), ret->program);
        return *ret->program != '\0';
}

/* "/snap/x/3/bin/y" → "x" */
static void take_executable(Denial *ret) {
        static const char top[] = "/snap/";

        if (string_has_prefix(ret->executable, top))
                copy_bounded(ret->executable + strlen(top),
                             strcspn(ret->executable + strlen(top), " /"), ret->program);
}

static void find_program(const char *line, Denial *ret) {
        static const char *const keys[] = { "profile", "label", "subj" };
        char word[DENIAL_WORD_MAX];

        (void)find_field(line, "exe", ret->executable);
        (void)find_field(line, "comm", ret->command);
        for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
                if (find_field(line, keys[i], word) && take_label(word, ret))
                        return;
        /* subj="=snap.x.app (enforce)" where the record has several modules' labels. */
        if (find_field(line, "subj", word) && *word == '=' && take_label(word + 1, ret))
                return;
        take_executable(ret);
}

/* ── kinds of records ── */

#define CODE_ACTION 0xffff0000u
#define CODE_LOG    0x7ffc0000u
#define CODE_ALLOW  0x7fff0000u

static int parse_seccomp(const char *line, Denial *ret) {
        uint64_t code = find_number(line, "code", 16) & CODE_ACTION;
        uint64_t number = find_number(line, "syscall", 10);
        const char *name = syscall_get_name(find_number(line, "arch", 16), number);

        if (code == CODE_ALLOW)
                return 0;
        ret->source = DENIAL_SECCOMP;
        ret->kind = DENIAL_SYSTEM_CALL;
        ret->was_allowed = code == CODE_LOG;
        if (name)
                (void)snprintf(ret->text, sizeof(ret->text), "%s", name);
        else
                (void)snprintf(ret->text, sizeof(ret->text), "number %llu",
                               (unsigned long long)number);
        return 1;
}

static void take_access(const char *mask, Denial *ret) {
        bool is_read = strpbrk(mask, "rm") != NULL, is_write = strpbrk(mask, "wacdklt") != NULL;

        (void)snprintf(ret->access, sizeof(ret->access), "%s%s%s", is_read ? "r" : "",
                       is_write ? "w" : "", strchr(mask, 'x') ? "x" : "");
}

static void parse_bus(const char *line, Denial *ret) {
        ret->kind = DENIAL_BUS;
        (void)find_field(line, "bus", ret->bus);
        (void)find_field(line, "path", ret->path);
        (void)find_field(line, "interface", ret->interface);
        (void)find_field(line, "member", ret->member);
        (void)find_field(line, "name", ret->text);
}

/* Their name is a place, and no file that is read or written. */
static bool is_mount(const char *operation) {
        static const char *const names[] = { "mount", "remount", "umount", "pivotroot" };

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (string_equal(names[i], operation))
                        return true;
        return false;
}

static int parse_apparmor(const char *line, Denial *ret) {
        char word[DENIAL_WORD_MAX];

        (void)find_field(line, "apparmor", word);
        if (!string_equal(word, "DENIED") && !string_equal(word, "ALLOWED"))
                return 0;
        ret->source = DENIAL_APPARMOR;
        ret->was_allowed = *word == 'A';
        (void)find_field(line, "operation", ret->operation);
        if (string_has_prefix(ret->operation, "dbus_")) {
                parse_bus(line, ret);
        } else if (find_field(line, "capname", ret->text)) {
                ret->kind = DENIAL_CAPABILITY;
        } else if (find_field(line, "family", ret->text) && !string_equal(ret->text, "unix")) {
                ret->kind = DENIAL_SOCKET;
        } else if (!is_mount(ret->operation) && find_field(line, "name", ret->text) &&
                   *ret->text == '/') {
                ret->kind = DENIAL_FILE;
                if (find_field(line, "denied_mask", word))
                        take_access(word, ret);
        } else {
                ret->kind = DENIAL_OTHER;
                (void)snprintf(ret->text, sizeof(ret->text), "%s", ret->operation);
        }
        return 1;
}

/* What has a path and is no file of the view. */
static const char *find_blocker(const char *line, const char *blockers) {
        char device[DENIAL_WORD_MAX];

        if (find_field(line, "dev", device) && string_equal(device, "mqueue"))
                return "mqueue";
        return string_has_prefix(blockers, "fs.change_topology") ? blockers : NULL;
}

static int parse_landlock(const char *line, Denial *ret) {
        char blockers[DENIAL_WORD_MAX];

        (void)find_field(line, "blockers", blockers);
        const char *blocker = find_blocker(line, blockers);
        ret->source = DENIAL_LANDLOCK;
        (void)snprintf(ret->operation, sizeof(ret->operation), "%s", blockers);
        if (blocker || !find_field(line, "path", ret->text) || *ret->text != '/') {
                ret->kind = DENIAL_BLOCKER;
                (void)snprintf(ret->text, sizeof(ret->text), "%s", blocker ? blocker : blockers);
                return 1;
        }
        ret->kind = DENIAL_FILE;
        bool is_read = strstr(blockers, "fs.read_") != NULL;
        bool is_run = strstr(blockers, "fs.execute") != NULL;
        bool is_write = !is_read && !is_run;
        (void)snprintf(ret->access, sizeof(ret->access), "%s%s%s", is_read ? "r" : "",
                       is_write || strstr(blockers, "fs.write") ? "w" : "", is_run ? "x" : "");
        return 1;
}

/* By what only its own kind of record has; the number of a type is not in every log. */
static const struct {
        const char *key, *besides;
        int (*parse)(const char *line, Denial *ret);
} RECORDS[] = {
        { "apparmor", "operation", parse_apparmor },
        { "blockers", "domain", parse_landlock },
        { "syscall", "code", parse_seccomp },
};

int denial_parse(const char *line, Denial *ret) {
        char word[DENIAL_WORD_MAX];

        if (strlen(line) > DENIAL_LINE_MAX)
                return 0;
        for (size_t i = 0; i < ARRAY_COUNT(RECORDS); i++) {
                if (!find_field(line, RECORDS[i].key, word) ||
                    !find_field(line, RECORDS[i].besides, word))
                        continue;
                *ret = (Denial){ 0 };
                find_time(line, ret);
                ret->pid = find_number(line, "pid", 10);
                find_program(line, ret);
                return RECORDS[i].parse(line, ret);
        }
        return 0;
}

int denial_join(const char *line, Denial *denial) {
        Denial other = { 0 };
        char word[DENIAL_WORD_MAX];

        if (strlen(line) > DENIAL_LINE_MAX || !find_field(line, "syscall", word))
                return 0;
        find_time(line, &other);
        if (other.serial == 0 || other.serial != denial->serial || other.time != denial->time)
                return 0;
        find_program(line, &other);
        if (!*other.executable)
                return 0;
        memcpy(denial->program, other.program, sizeof(denial->program));
        memcpy(denial->executable, other.executable, sizeof(denial->executable));
        memcpy(denial->command, other.command, sizeof(denial->command));
        denial->pid = find_number(line, "pid", 10);
        return 1;
}

uint64_t denial_count_lost(const char *line) {
        static const char sign[] = "kauditd_printk_skb: ";
        const char *found = strstr(line, sign);

        /* Programs' own words stand in quotes or behind "audit(". */
        if (!found || strstr(line, "audit(") || !strstr(found, " callbacks suppressed"))
                return 0;
        return strtoull(found + strlen(sign), NULL, 10);
}

DenialKind denial_guess_kind(const char *wanted) {
        if (*wanted == '/')
                return DENIAL_FILE;
        return strchr(wanted, '.') ? DENIAL_BUS : DENIAL_SYSTEM_CALL;
}

void denial_suppose(const char *wanted, DenialKind kind, Denial *ret) {
        *ret = (Denial){ .source = DENIAL_SUPPOSED, .kind = kind };
        copy_bounded(wanted, strlen(wanted), ret->text);
        if (kind == DENIAL_FILE)
                (void)snprintf(ret->access, sizeof(ret->access), "r");
}

const char *denial_source_get_name(DenialSource source) {
        static const char *const names[DENIAL_SOURCE_COUNT] = {
                [DENIAL_SECCOMP] = "seccomp",
                [DENIAL_APPARMOR] = "AppArmor",
                [DENIAL_LANDLOCK] = "Landlock",
                [DENIAL_SUPPOSED] = "nobody yet",
        };

        return names[source];
}
