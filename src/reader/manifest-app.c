/* SPDX-License-Identifier: Apache-2.0
 *
 * Apps and hooks: the programs of a package.
 */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/schedule.h"
#include "reader/snap-yaml.h"

/* "snap.<name>_<10>.<app>" must fit a security tag. */
#define INSTANCE_KEY_ROOM 11

static int read_restart(const Node *value, const Field *field, json_t **ret, Error *err);
static int read_scope(const Node *value, const Field *field, json_t **ret, Error *err);

static const Field APP_FIELDS[] = {
        { "command", field_read_text },
        { "command-chain", field_read_text_list },
        { "daemon", field_read_text },
        { "daemon-scope", read_scope },
        { "stop-command", field_read_text },
        { "reload-command", field_read_text },
        { "post-stop-command", field_read_text },
        { "start-timeout", field_read_duration },
        { "stop-timeout", field_read_duration },
        { "watchdog-timeout", field_read_duration },
        { "restart-delay", field_read_duration },
        { "stop-mode", field_read_text },
        { "restart-condition", read_restart },
        { "refresh-mode", field_read_text },
        { "install-mode", field_read_text },
        { "completer", field_read_text },
        { "bus-name", field_read_text },
        { "activates-on", field_read_text_list },
        { "plugs", field_read_text_list },
        { "slots", field_read_text_list },
        { "sockets", manifest_read_sockets },
        { "after", field_read_text_list },
        { "before", field_read_text_list },
        { "timer", field_read_text },
        { "autostart", field_read_text },
        { "common-id", field_read_text },
        { "environment", field_read_environment },
        { "aliases", field_read_text_list },
        { "success-exit-status", field_read_integer_list },
};

static const Field HOOK_FIELDS[] = {
        { "plugs", field_read_text_list },
        { "slots", field_read_text_list },
        { "environment", field_read_environment },
        { "command-chain", field_read_text_list },
};

/* What is filled in: lists that are always there, and what a service has that says nothing. */
static const char *const APP_LISTS[] = {
        "command-chain", "activates-on", "plugs",       "slots",
        "after",         "before",       "environment", "aliases"
};
static const char *const HOOK_LISTS[] = { "plugs", "slots", "environment", "command-chain" };
static const char *const SERVICE_DEFAULTS[][2] = {
        { "daemon-scope", "system" },
        { "stop-mode", "sigterm" },
        { "refresh-mode", "restart" },
        { "install-mode", "enable" },
};

static const char *const RESTARTS[] = { "never",    "on-success",  "on-failure", "on-abnormal",
                                        "on-abort", "on-watchdog", "always" };

static bool is_service(const json_t *app) {
        return *json_get_string(app, "daemon", "") != '\0';
}

/* ---- reading ---- */

static int read_restart(const Node *value, const Field *field, json_t **ret, Error *err) {
        if (field_require(value, NODE_SCALAR, field, err) < 0)
                return -1;
        const char *word = string_equal(value->text, "no") ? "never" : value->text;
        for (size_t i = 0; i < ARRAY_COUNT(RESTARTS); i++) {
                if (string_equal(word, RESTARTS[i])) {
                        *ret = json_string(word);
                        return 0;
                }
        }
        return error_set(err, ERROR_BAD_REQUEST, "invalid restart condition");
}

static int read_scope(const Node *value, const Field *field, json_t **ret, Error *err) {
        if (field_require(value, NODE_SCALAR, field, err) < 0)
                return -1;
        if (!string_equal(value->text, "system") && !string_equal(value->text, "user"))
                return error_set(err, ERROR_BAD_REQUEST, "invalid daemon scope: \"%.100s\"",
                                 value->text);
        *ret = json_string(value->text);
        return 0;
}

static void add_empty_lists(json_t *object, const char *const *names, size_t count) {
        for (size_t i = 0; i < count; i++) {
                if (!json_object_get(object, names[i]))
                        json_put(object, names[i], json_array());
        }
}

static void add_service_defaults(json_t *app) {
        bool is_oneshot = string_equal(json_get_string(app, "daemon", ""), "oneshot");

        if (!is_service(app))
                return;
        for (size_t i = 0; i < ARRAY_COUNT(SERVICE_DEFAULTS); i++) {
                if (!json_object_get(app, SERVICE_DEFAULTS[i][0]))
                        json_put(app, SERVICE_DEFAULTS[i][0], json_string(SERVICE_DEFAULTS[i][1]));
        }
        if (!json_object_get(app, "restart-condition"))
                json_put(app, "restart-condition",
                         json_string(is_oneshot ? "never" : "on-failure"));
}

int manifest_read_apps(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson apps = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *body = value->items[i + 1];
                autojson app = json_object();
                if (!node_is_null(body) &&
                    (field_require(body, NODE_MAP, field, err) < 0 ||
                     field_read_all(APP_FIELDS, ARRAY_COUNT(APP_FIELDS), body, app, err) < 0))
                        return -1;
                add_empty_lists(app, APP_LISTS, ARRAY_COUNT(APP_LISTS));
                add_service_defaults(app);
                json_put(apps, value->items[i]->text, take(app));
        }
        *ret = take(apps);
        return 0;
}

json_t *manifest_new_hook(void) {
        json_t *hook = json_object();

        add_empty_lists(hook, HOOK_LISTS, ARRAY_COUNT(HOOK_LISTS));
        return hook;
}

/* Hooks the format does not know are dropped without a word. */
int manifest_read_hooks(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson hooks = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *body = value->items[i + 1];
                autojson hook = json_object();
                if (!name_is_supported_hook(value->items[i]->text))
                        continue;
                if (!node_is_null(body) &&
                    (field_require(body, NODE_MAP, field, err) < 0 ||
                     field_read_all(HOOK_FIELDS, ARRAY_COUNT(HOOK_FIELDS), body, hook, err) < 0))
                        return -1;
                add_empty_lists(hook, HOOK_LISTS, ARRAY_COUNT(HOOK_LISTS));
                json_put(hooks, value->items[i]->text, take(hook));
        }
        *ret = take(hooks);
        return 0;
}

/* ---- checking one app ---- */

/* Texts that become part of a command line or a unit file. */
static const char *const COMMANDS[] = { "command", "stop-command", "reload-command",
                                        "post-stop-command", "bus-name" };

#define COMMAND_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._#:$-"

static bool is_command(const char *text, bool may_have_blanks) {
        for (; *text != '\0'; text++) {
                if (!strchr(COMMAND_CHARACTERS, *text) && !(may_have_blanks && *text == ' '))
                        return false;
        }
        return true;
}

static int check_command_chain(const json_t *owner, const char *what, Error *err) {
        const json_t *chain = json_object_get(owner, "command-chain");

        for (size_t i = 0; i < json_array_size(chain); i++) {
                const char *text = json_string_value(json_array_get(chain, i));
                if (!is_command(text, false))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "%s contains illegal \"%.100s\" (legal: "
                                         "'^[A-Za-z0-9/._#:$-]*$')",
                                         what, text);
        }
        return 0;
}

static int check_commands(const json_t *app, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(COMMANDS); i++) {
                const char *text = json_get_string(app, COMMANDS[i], "");
                if (!is_command(text, true))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "app description field '%s' contains illegal \"%.100s\" "
                                         "(legal: '^[A-Za-z0-9/. _#:$-]*$')",
                                         COMMANDS[i], text);
        }
        return check_command_chain(app, "app description field 'command-chain'", err);
}

typedef struct Choice {
        const char *field;
        const char *values; /* between bars */
} Choice;

static const Choice CHOICES[] = {
        { "daemon", "|simple|forking|oneshot|dbus|notify|" },
        { "stop-mode", "|sigterm|sigterm-all|sighup|sighup-all|sigusr1|sigusr1-all|sigusr2|"
                       "sigusr2-all|sigint|sigint-all|" },
        { "refresh-mode", "|endure|restart|ignore-running|" },
        { "install-mode", "|enable|disable|" },
};

static int check_choices(const json_t *app, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(CHOICES); i++) {
                const char *value = json_get_string(app, CHOICES[i].field, "");
                autofree char *barred = string_format("|%s|", value);
                if (*value != '\0' && (strchr(value, '|') || !strstr(CHOICES[i].values, barred)))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%s\" field contains invalid value \"%.100s\"",
                                         CHOICES[i].field, value);
        }
        return 0;
}

/* What only a service may say, and how it is told. */
typedef enum ServiceOnly {
        FOR_DAEMONS,
        FOR_SERVICES,
        APPLICABLE
} ServiceOnly;

static const struct {
        const char *field;
        ServiceOnly wording;
} SERVICE_ONLY[] = {
        { "daemon-scope", FOR_DAEMONS },  { "stop-mode", FOR_SERVICES },
        { "install-mode", FOR_SERVICES }, { "start-timeout", APPLICABLE },
        { "stop-timeout", APPLICABLE },   { "watchdog-timeout", APPLICABLE },
        { "restart-delay", APPLICABLE },  { "restart-condition", APPLICABLE },
        { "timer", APPLICABLE },
};

static const char *const DURATIONS[] = { "start-timeout", "stop-timeout", "watchdog-timeout",
                                         "restart-delay" };

static int check_service_only(const char *name, const json_t *app, Error *err) {
        if (is_service(app))
                return 0;
        for (size_t i = 0; i < ARRAY_COUNT(SERVICE_ONLY); i++) {
                const char *field = SERVICE_ONLY[i].field;
                if (!json_object_get(app, field))
                        continue;
                switch (SERVICE_ONLY[i].wording) {
                case FOR_DAEMONS:
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%s\" can only be set for daemons", field);
                case FOR_SERVICES:
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%s\" cannot be used for \"%s\", only for services",
                                         field, name);
                case APPLICABLE:
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "%s is only applicable to services", field);
                }
        }
        return 0;
}

static int check_durations(const json_t *app, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(DURATIONS); i++) {
                if (json_get_int(app, DURATIONS[i], 0) < 0)
                        return error_set(err, ERROR_BAD_REQUEST, "%s cannot be negative",
                                         DURATIONS[i]);
        }
        return 0;
}

static int check_refresh_mode(const char *name, const json_t *app, Error *err) {
        const char *mode = json_get_string(app, "refresh-mode", "");
        bool is_ignoring = string_equal(mode, "ignore-running");

        if (is_service(app) && is_ignoring)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "\"refresh-mode\" cannot be set to \"ignore-running\" for services");
        if (!is_service(app) && *mode != '\0' && !is_ignoring)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "\"refresh-mode\" for app \"%s\" can only have value "
                                 "\"ignore-running\"",
                                 name);
        return 0;
}

static int check_timer(const json_t *app, Error *err) {
        const char *timer = json_get_string(app, "timer", "");

        if (*timer == '\0' || schedule_check(timer, err) >= 0)
                return 0;
        return error_prefix(err, "timer has invalid format");
}

static int check_app_name(const json_t *manifest, const char *name, Error *err) {
        size_t tag = strlen("snap.") + strlen(json_get_string(manifest, "name", "")) +
                     INSTANCE_KEY_ROOM + 1 + strlen(name);

        if (!name_is_app(name))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot have \"%.100s\" as app name - use letters, digits, and "
                                 "dash as separator",
                                 name);
        if (tag > SECURITY_TAG_MAX)
                return error_set(err, ERROR_BAD_REQUEST, "the name of the app is too long");
        return 0;
}

static int check_app(const json_t *manifest, const char *name, const json_t *app, Error *err) {
        if (check_app_name(manifest, name, err) < 0 || check_choices(app, err) < 0 ||
            check_service_only(name, app, err) < 0 || check_commands(app, err) < 0 ||
            check_durations(app, err) < 0 || check_refresh_mode(name, app, err) < 0 ||
            check_timer(app, err) < 0 || manifest_check_app_sockets(manifest, app, err) < 0 ||
            manifest_check_app_activation(manifest, name, app, err) < 0)
                return -1;
        return manifest_check_app_order(manifest, app, err);
}

/* ---- checking apps against each other ---- */

static int check_common_ids(const json_t *apps, Error *err) {
        autojson owners = json_object();
        const char *name;
        json_t *app;

        json_object_foreach((json_t *)(uintptr_t)apps, name, app) {
                const char *id = json_get_string(app, "common-id", "");
                const char *owner = json_get_string(owners, id, NULL);
                if (*id == '\0')
                        continue;
                if (owner)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "application \"%s\" common-id \"%.100s\" must be unique, "
                                         "already used by application \"%s\"",
                                         owner, id, name);
                json_put(owners, id, json_string(name));
        }
        return 0;
}

static int check_aliases_of(const char *name, const json_t *app, json_t *owners, Error *err) {
        const json_t *aliases = json_object_get(app, "aliases");

        for (size_t i = 0; i < json_array_size(aliases); i++) {
                const char *alias = json_string_value(json_array_get(aliases, i));
                const char *owner = json_get_string(owners, alias, NULL);
                if (!name_is_alias(alias))
                        return error_set(
                                err, ERROR_BAD_REQUEST,
                                "cannot have \"%.100s\" as alias name for app \"%s\" - use "
                                "only letters, digits, dash, underscore and dot characters",
                                alias, name);
                if (owner)
                        return error_set(
                                err, ERROR_BAD_REQUEST,
                                "cannot set \"%.100s\" as alias for both \"%s\" and \"%s\"", alias,
                                owner, name);
                json_put(owners, alias, json_string(name));
        }
        return 0;
}

int manifest_check_apps(const json_t *manifest, Error *err) {
        json_t *apps = json_object_get(manifest, "apps");
        autojson alias_owners = json_object();
        const char *name;
        json_t *app;

        json_object_foreach(apps, name, app) {
                if (check_app(manifest, name, app, err) < 0)
                        return error_prefix(err, "invalid definition of application \"%.100s\"",
                                            name);
        }
        json_object_foreach(apps, name, app) {
                if (check_aliases_of(name, app, alias_owners, err) < 0)
                        return -1;
        }
        return check_common_ids(apps, err);
}

int manifest_check_hooks(const json_t *manifest, Error *err) {
        const char *name;
        json_t *hook;

        json_object_foreach(json_object_get(manifest, "hooks"), name, hook) {
                if (check_command_chain(hook, "hook command-chain", err) < 0)
                        return -1;
        }
        return 0;
}
