/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/capability.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "policy/seccomp-rule.h"
#include "reader/definition-internal.h"

#define FAMILY_NETLINK 16

/* Numbers of the kernel, alike on every architecture: family of socket(2), protocol of
 * netlink(7). */
static const struct {
        const char *name;
        int family, protocol;
} SOCKETS[] = {
        { "inet", 2, -1 },
        { "ax25", 3, -1 },
        { "ipx", 4, -1 },
        { "appletalk", 5, -1 },
        { "netrom", 6, -1 },
        { "atmpvc", 8, -1 },
        { "x25", 9, -1 },
        { "inet6", 10, -1 },
        { "rose", 11, -1 },
        { "netlink", FAMILY_NETLINK, -1 },
        { "key", 15, -1 },
        { "packet", 17, -1 },
        { "rds", 21, -1 },
        { "pppox", 24, -1 },
        { "llc", 26, -1 },
        { "ib", 27, -1 },
        { "mpls", 28, -1 },
        { "can", 29, -1 },
        { "tipc", 30, -1 },
        { "bluetooth", 31, -1 },
        { "iucv", 32, -1 },
        { "rxrpc", 33, -1 },
        { "isdn", 34, -1 },
        { "phonet", 35, -1 },
        { "ieee802154", 36, -1 },
        { "caif", 37, -1 },
        { "alg", 38, -1 },
        { "nfc", 39, -1 },
        { "vsock", 40, -1 },
        { "kcm", 41, -1 },
        { "qipcrtr", 42, -1 },
        { "smc", 43, -1 },
        { "xdp", 44, -1 },
        { "conn", 123, -1 },
        { "netlink-route", FAMILY_NETLINK, 0 },
        { "netlink-usersock", FAMILY_NETLINK, 2 },
        { "netlink-firewall", FAMILY_NETLINK, 3 },
        { "netlink-sock-diag", FAMILY_NETLINK, 4 },
        { "netlink-nflog", FAMILY_NETLINK, 5 },
        { "netlink-xfrm", FAMILY_NETLINK, 6 },
        { "netlink-selinux", FAMILY_NETLINK, 7 },
        { "netlink-iscsi", FAMILY_NETLINK, 8 },
        { "netlink-audit", FAMILY_NETLINK, 9 },
        { "netlink-fib-lookup", FAMILY_NETLINK, 10 },
        { "netlink-connector", FAMILY_NETLINK, 11 },
        { "netlink-netfilter", FAMILY_NETLINK, 12 },
        { "netlink-ip6-fw", FAMILY_NETLINK, 13 },
        { "netlink-dnrtmsg", FAMILY_NETLINK, 14 },
        { "netlink-kobject-uevent", FAMILY_NETLINK, 15 },
        { "netlink-generic", FAMILY_NETLINK, 16 },
        { "netlink-scsitransport", FAMILY_NETLINK, 18 },
        { "netlink-ecryptfs", FAMILY_NETLINK, 19 },
        { "netlink-rdma", FAMILY_NETLINK, 20 },
        { "netlink-crypto", FAMILY_NETLINK, 21 },
};

const DefinitionKey DEFINITION_GRANTS[] = {
        { "files", KEY_LIST, false },
        { "devices", KEY_LIST, false },
        { "sockets", KEY_LIST, false },
        { "mounts", KEY_LIST, false },
        { "dbus", KEY_LIST, false },
        { "environment", KEY_MAP, false },
        { "capabilities", KEY_LIST, false },
        { "unix-sockets", KEY_LIST, false },
        { "abstract-sockets", KEY_LIST, false },
        { "system-calls", KEY_LIST, false },
        { "kernel-modules", KEY_LIST, false },
        { "apparmor", KEY_LIST, false },
        { "udev", KEY_LIST, false },
        { "listens", KEY_BOOL, false },
        { "shows-home", KEY_BOOL, false },
        { "sees-processes", KEY_BOOL, false },
        { "signals-processes", KEY_BOOL, false },
        { "traces-processes", KEY_BOOL, false },
        { "lifts-tcp", KEY_BOOL, false },
        { "lifts-namespaces", KEY_BOOL, false },
        { "lifts-mounts", KEY_BOOL, false },
        { "lifts-device-filter", KEY_BOOL, false },
        { "lifts-no-new-privileges", KEY_BOOL, false },
        { "delegates-cgroup", KEY_BOOL, false },
        { NULL, 0, false },
};

/* ── paths ── */

static bool has_wildcard(const char *path) {
        return strpbrk(path, "*?[{") != NULL;
}

/* "**" is the last part or none, and no part leads elsewhere. */
static bool are_parts_clean(const char *path) {
        if (strstr(path, "//") || string_has_suffix(path, "/"))
                return false;
        for (const char *part = path + (*path == '/'); *part; part += *part == '/') {
                size_t length = strcspn(part, "/");
                bool is_last = part[length] == '\0';
                autofree char *word = string_copy_length(part, length);
                if (string_equal(word, ".") || string_equal(word, ".."))
                        return false;
                if (strstr(word, "**") && (!string_equal(word, "**") || !is_last))
                        return false;
                part += length;
        }
        return true;
}

/* Absolute or below $HOME, $RUNTIME or an attribute. */
static int check_path(const Place *place, const Node *node) {
        if (definition_check_variables(place, node) < 0)
                return -1;
        const char *path = node->text;
        autofree char *plain = definition_replace_variables(path, "v");
        const char *placed = path + (string_has_prefix(path, "$SYSTEM") ? strlen("$SYSTEM") : 0);
        bool is_placed = *placed == '/' || string_has_prefix(placed, "$HOME/") ||
                         string_has_prefix(placed, "$RUNTIME/") ||
                         string_has_prefix(path, "$PLUG(") || string_has_prefix(path, "$SLOT(");

        if (!is_placed)
                return definition_fail(place, node,
                                       "path \"%.60s\" is not absolute; begin with /, $HOME/, "
                                       "$RUNTIME/ or an attribute",
                                       path);
        if (!plain[0] || strspn(plain, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789._/@:+*?{},[]^ -") != strlen(plain))
                return definition_fail(place, node,
                                       "path \"%.60s\" has strange characters; letters, digits and "
                                       "._/@:+*?{},[]^ - may be there",
                                       path);
        if (!are_parts_clean(plain))
                return definition_fail(place, node,
                                       "path \"%.60s\" is not clean; no \"//\", \".\", \"..\" or "
                                       "\"/\" at its end, and \"**\" as the last part alone",
                                       path);
        return 0;
}

static int check_access(const Place *place, const Node *row, const char *known) {
        const Node *access = node_find(row, "access");
        const char *text = access->text;
        bool is_right = *text && strspn(text, known) == strlen(text);

        for (const char *at = text; *at; at++)
                is_right = is_right && !strchr(at + 1, *at);
        return is_right ? 0
                        : definition_fail(place, access,
                                          "access \"%.20s\" is wrong; write some of the letters of "
                                          "\"%s\", each once",
                                          text, known);
}

/* What is made is a directory, by its name. */
static int check_make(const Place *place, const Node *row, const Node *path) {
        const Node *mode = node_find(row, "make");

        if (!mode)
                return 0;
        if (!definition_matches("[01]?[0-7]{3}", mode->text))
                return definition_fail(
                        place, mode, "make \"%.20s\" is no mode; write it as \"0755\"", mode->text);
        if (has_wildcard(path->text))
                return definition_fail(place, path,
                                       "\"%.60s\" cannot be made; name one directory, no pattern",
                                       path->text);
        return 0;
}

/* ── rows ── */

static int check_file(const Place *place, const Node *row) {
        static const DefinitionKey keys[] = { { "path", KEY_TEXT, true },
                                              { "access", KEY_TEXT, true },
                                              { "make", KEY_TEXT, false },
                                              { NULL, 0, false } };

        if (definition_check_keys(place, row, keys, NULL) < 0)
                return -1;
        const Node *path = node_find(row, "path");
        if (check_path(place, path) < 0 || check_make(place, row, path) < 0 ||
            check_access(place, row, "rwx") < 0)
                return -1;
        if (string_has_prefix(path->text, "/dev/") && !string_has_prefix(path->text, "/dev/shm/"))
                return definition_fail(place, path, "\"%.60s\" is a device; move it to \"devices\"",
                                       path->text);
        return 0;
}

static int check_device_number(const Place *place, const Node *row) {
        static const char *const kinds[] = { "char", "block", NULL };
        const Node *major = node_find(row, "major"), *minor = node_find(row, "minor"),
                   *kind = node_find(row, "kind");
        const Node *const numbers[] = { major, minor };

        if (!node_find(row, "path") && !major)
                return definition_fail(place, row, "neither path nor major; add one of them");
        if (!major != !kind)
                return definition_fail(place, row, "major and kind belong together; add \"%s\"",
                                       major ? "kind" : "major");
        if (minor && !major)
                return definition_fail(place, minor, "minor without major; add \"major\"");
        for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
                int64_t number = numbers[i] ? node_read_scalar(numbers[i]).integer : 0;
                if (number < 0 || number > (i == 0 ? 4095 : 1048575))
                        return definition_fail(place, numbers[i],
                                               "%lld is no number of a device; major is at most "
                                               "4095, minor 1048575",
                                               (long long)number);
        }
        return kind ? definition_check_word(place, kind, kinds) : 0;
}

static int check_device(const Place *place, const Node *row) {
        static const DefinitionKey keys[] = { { "path", KEY_TEXT, false },
                                              { "access", KEY_TEXT, true },
                                              { "property", KEY_TEXT, false },
                                              { "kind", KEY_TEXT, false },
                                              { "major", KEY_INT, false },
                                              { "minor", KEY_INT, false },
                                              { NULL, 0, false } };

        if (definition_check_keys(place, row, keys, NULL) < 0 ||
            check_access(place, row, "rw") < 0 || check_device_number(place, row) < 0)
                return -1;
        const Node *path = node_find(row, "path"), *property = node_find(row, "property");
        if (property && (!path || node_find(row, "major") ||
                         !definition_matches("[A-Z][A-Z0-9_]*", property->text)))
                return definition_fail(place, property,
                                       "property \"%.40s\" is wrong; it is one of udev's "
                                       "(ID_INPUT_JOYSTICK), of a path without a number",
                                       property->text);
        if (!path)
                return 0;
        if (check_path(place, path) < 0)
                return -1;
        bool is_device = string_has_prefix(path->text, "/dev/") ||
                         string_has_prefix(path->text, "$PLUG(") ||
                         string_has_prefix(path->text, "$SLOT(");
        return is_device ? 0
                         : definition_fail(place, path,
                                           "\"%.60s\" is not below /dev; move it to \"files\"",
                                           path->text);
}

static int check_mount(const Place *place, const Node *row) {
        static const DefinitionKey keys[] = { { "what", KEY_TEXT, true },
                                              { "where", KEY_TEXT, true },
                                              { "access", KEY_TEXT, true },
                                              { "make", KEY_TEXT, false },
                                              { NULL, 0, false } };
        static const char *const paths[] = { "what", "where" };

        if (definition_check_keys(place, row, keys, NULL) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
                const Node *path = node_find(row, paths[i]);
                if (check_path(place, path) < 0)
                        return -1;
                if (has_wildcard(path->text))
                        return definition_fail(place, path,
                                               "\"%.60s\" is a pattern; %s names one place",
                                               path->text, paths[i]);
        }
        if (check_make(place, row, node_find(row, "what")) < 0)
                return -1;
        return check_access(place, row, "rwx");
}

/* ── buses ── */

static const char *const BUS_VERBS[] = { "own", "talk", "see", "call", "broadcast" };

static int check_bus_details(const Place *place, const Node *row, bool has_details) {
        static const char *const details[] = { "path", "interface", "member" };

        for (size_t i = 0; i < ARRAY_COUNT(details); i++) {
                const Node *detail = node_find(row, details[i]);
                if (!detail)
                        continue;
                if (!has_details)
                        return definition_fail(
                                place, detail,
                                "\"%s\" goes with call and broadcast alone; remove it", details[i]);
                if (definition_check_variables(place, detail) < 0)
                        return -1;
                autofree char *plain = definition_replace_variables(detail->text, "v");
                if (!definition_matches(i == 0 ? "/([A-Za-z0-9_]+/)*([A-Za-z0-9_]+|\\*)?"
                                               : "[A-Za-z_][A-Za-z0-9_.-]*",
                                        plain))
                        return definition_fail(
                                place, detail, "%s \"%.60s\" is none of a bus; write it as %s",
                                details[i], detail->text,
                                i == 0 ? "/org/example or /org/example/*" : "org.example.Name");
        }
        if (node_find(row, "member") && !node_find(row, "interface"))
                return definition_fail(place, row, "member without interface; add \"interface\"");
        return 0;
}

static int check_bus_name(const Place *place, const Node *name) {
        if (definition_check_variables(place, name) < 0)
                return -1;
        /* A variable stands for a whole name, or for a part of one. */
        const char *end = strchr(name->text, ')');
        bool is_attribute = (string_has_prefix(name->text, "$PLUG(") ||
                             string_has_prefix(name->text, "$SLOT(")) &&
                            end && !end[1];
        autofree char *plain = definition_replace_variables(name->text, is_attribute ? "a.b" : "v");
        if (definition_matches("[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z_][A-Za-z0-9_-]*)+(\\.\\*)?|\\*",
                               plain))
                return 0;
        return definition_fail(place, name,
                               "\"%.60s\" is no name of a bus; write org.example.Name, "
                               "org.example.* or *",
                               name->text);
}

static int check_bus(const Place *place, const Node *row) {
        static const DefinitionKey keys[] = {
                { "bus", KEY_TEXT, true },        { "path", KEY_TEXT, false },
                { "interface", KEY_TEXT, false }, { "member", KEY_TEXT, false },
                { "own", KEY_TEXT, false },       { "talk", KEY_TEXT, false },
                { "see", KEY_TEXT, false },       { "call", KEY_TEXT, false },
                { "broadcast", KEY_TEXT, false }, { NULL, 0, false }
        };
        static const char *const buses[] = { "system", "session", "$SLOT(ATTRIBUTE)",
                                             "$PLUG(ATTRIBUTE)", NULL };
        const Node *name = NULL;
        size_t verb_count = 0;
        bool has_details = false;

        if (definition_check_keys(place, row, keys, NULL) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(BUS_VERBS); i++) {
                const Node *found = node_find(row, BUS_VERBS[i]);
                verb_count += found != NULL;
                name = found ? found : name;
                has_details = has_details || (found && i >= 3);
        }
        if (verb_count != 1 || !name)
                return definition_fail(place, row,
                                       "%s; write one of own, talk, see, call, broadcast",
                                       verb_count == 0 ? "says nothing" : "says several things");
        const Node *bus = node_find(row, "bus");
        autofree char *which = definition_replace_variables(bus->text, "v");
        if ((!which || !string_equal(which, "v") || string_equal(bus->text, "v")) &&
            definition_check_word(place, bus, buses) < 0)
                return -1;
        return check_bus_name(place, name) < 0 ? -1 : check_bus_details(place, row, has_details);
}

/* ── lists ── */

static int check_abstract(const Place *place, const Node *node) {
        return *node->text == '@' ? 0
                                  : definition_fail(place, node,
                                                    "\"%.60s\" is no abstract socket; begin with @",
                                                    node->text);
}

/* By the very function that compiles filters; accounts are those of the machine that launches. */
static int check_system_call(const Place *place, const Node *node) {
        autofree char *plain = definition_replace_variables(node->text, "0");
        autotext rule = TEXT_INIT;
        SeccompRule parsed;
        Error why = ERROR_INIT;
        char *rest = NULL;

        if (!definition_matches("~?[a-z_][a-z0-9_]*( [^ ]+)*", plain))
                return definition_fail(place, node,
                                       "\"%.60s\" is no rule; write NAME or ~NAME and arguments, "
                                       "with one blank between",
                                       node->text);
        for (char *word = strtok_r(plain, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
                bool is_account = definition_matches("[ug]:[a-z_][a-z0-9_-]{0,31}", word);
                text_append_format(&rule, "%s%s", rule.length > 0 ? " " : "",
                                   is_account ? "0" : word);
        }
        if (seccomp_rule_parse(rule.bytes, &parsed, &why) == 0)
                return 0;
        return definition_fail(place, node,
                               "%s; see \"Rules of interfaces\" in docs/seccomp-template.md",
                               why.message);
}

static int check_module(const Place *place, const Node *node) {
        autofree char *plain = definition_replace_variables(node->text, "v");

        return definition_matches("[a-z0-9_-]+", plain)
                       ? 0
                       : definition_fail(place, node,
                                         "\"%.60s\" is no module; its name has small letters, "
                                         "digits, _ and -",
                                         node->text);
}

/* Not out of the profile that it is put into: braces are those of one alternative. */
static int check_apparmor(const Place *place, const Node *node) {
        size_t length = node->length;
        int depth = 0;

        for (const char *at = node->text; *at && depth >= 0; at++)
                depth += (*at == '{') - (*at == '}');
        if (depth != 0)
                return definition_fail(place, node,
                                       "\"%.60s\" opens or closes a block; write one rule a line",
                                       node->text);
        return *node->text == '#' || node->text[length - 1] == ','
                       ? 0
                       : definition_fail(place, node, "\"%.60s\" does not end with a comma; add it",
                                         node->text);
}

static int check_udev(const Place *place, const Node *node) {
        const char *text = node->text;
        bool is_match = strstr(text, "==") || strstr(text, "!=");

        for (const char *at = text; (at = strchr(at, '=')); at++) {
                bool is_compared = at[1] == '=' || (at > text && (at[-1] == '=' || at[-1] == '!'));
                is_match = is_match && is_compared;
        }
        if (is_match && !strstr(text, "TAG") && !strstr(text, "RUN"))
                return 0;
        return definition_fail(place, node,
                               "\"%.60s\" does more than match; write KEY==\"VALUE\", …, the tag "
                               "is added",
                               text);
}

static int check_list(const Place *place, const Node *list,
                      int (*check)(const Place *, const Node *)) {
        if (definition_check_texts(place, list) < 0)
                return -1;
        for (size_t i = 0; i < list->count; i++)
                if (definition_check_variables(place, list->items[i]) < 0 ||
                    (check && check(place, list->items[i]) < 0))
                        return -1;
        return 0;
}

static int check_rows(const Place *place, const Node *list,
                      int (*check)(const Place *, const Node *)) {
        if (definition_check_maps(place, list) < 0)
                return -1;
        for (size_t i = 0; i < list->count; i++)
                if (check(place, list->items[i]) < 0)
                        return -1;
        return 0;
}

/* ── the whole ── */

static int check_sockets(const Place *place, const Node *list) {
        const char *known[ARRAY_COUNT(SOCKETS) + 1] = { NULL };

        for (size_t i = 0; i < ARRAY_COUNT(SOCKETS); i++)
                known[i] = SOCKETS[i].name;
        return definition_check_words(place, list, known);
}

static int check_capabilities(const Place *place, const Node *list) {
        return definition_check_words(place, list, capability_get_names());
}

static int check_environment(const Place *place, const Node *map) {
        for (size_t i = 0; i + 1 < map->count; i += 2) {
                const Node *name = map->items[i];
                if (!definition_matches("[A-Z_][A-Z0-9_]*", name->text))
                        return definition_fail(place, name,
                                               "\"%.60s\" is no variable's name; write it in "
                                               "capitals",
                                               name->text);
                if (definition_check_variables(place, map->items[i + 1]) < 0)
                        return -1;
        }
        return 0;
}

static int check_entries(const Place *place, const Node *value, size_t which) {
        static const struct {
                int (*row)(const Place *, const Node *);   /* of a list of mappings */
                int (*text)(const Place *, const Node *);  /* of a list of texts */
                int (*whole)(const Place *, const Node *); /* of the value itself */
        } checks[] = {
                { check_file, NULL, NULL },         { check_device, NULL, NULL },
                { NULL, NULL, check_sockets },      { check_mount, NULL, NULL },
                { check_bus, NULL, NULL },          { NULL, NULL, check_environment },
                { NULL, NULL, check_capabilities }, { NULL, check_path, NULL },
                { NULL, check_abstract, NULL },     { NULL, check_system_call, NULL },
                { NULL, check_module, NULL },       { NULL, check_apparmor, NULL },
                { NULL, check_udev, NULL },
        };

        if (which >= ARRAY_COUNT(checks))
                return 0;
        if (value->count > INTERFACE_ENTRY_COUNT_MAX)
                return definition_fail(place, value, "has more than %d entries; leave some out",
                                       INTERFACE_ENTRY_COUNT_MAX);
        if (checks[which].row)
                return check_rows(place, value, checks[which].row);
        return checks[which].text ? check_list(place, value, checks[which].text)
                                  : checks[which].whole(place, value);
}

int definition_check_grants(const char *name, const Node *block, Error *err) {
        const Node *listens = node_find(block, "listens"), *sockets = node_find(block, "sockets");
        const Place own = { name, err };

        for (size_t i = 0; DEFINITION_GRANTS[i].name; i++) {
                const Node *value = node_find(block, DEFINITION_GRANTS[i].name);
                autofree char *where = string_format("%s %s", name, DEFINITION_GRANTS[i].name);
                const Place place = { where, err };
                if (value && check_entries(&place, value, i) < 0)
                        return -1;
        }
        if (listens && node_read_scalar(listens).flag && (!sockets || sockets->count == 0))
                return definition_fail(&own, listens, "who listens needs sockets; add \"sockets\"");
        return 0;
}

static json_t *number_socket(const char *name) {
        size_t i = 0;

        while (i < ARRAY_COUNT(SOCKETS) - 1 && !string_equal(SOCKETS[i].name, name))
                i++;
        return json_pack("[s, i, i]", name, SOCKETS[i].family, SOCKETS[i].protocol);
}

void definition_number_grants(json_t *block) {
        const json_t *names = json_object_get(block, "capabilities");
        json_t *sockets = json_object_get(block, "sockets"), *name;
        json_int_t bits = 0;
        size_t i;

        json_array_foreach(sockets, i, name)
                json_array_set_new(sockets, i, number_socket(json_string_value(name)));
        json_array_foreach(names, i, name) {
                for (unsigned bit = 0; capability_get_name(bit); bit++)
                        if (string_equal(capability_get_name(bit), json_string_value(name)))
                                bits |= (json_int_t)1 << bit;
        }
        if (names)
                json_put(block, "capabilities", json_integer(bits));
}
