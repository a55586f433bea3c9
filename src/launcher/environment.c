/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launcher/die.h"

#define KEY_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* execve takes no longer string than this, and values that name each other could double forever. */
#define VALUE_SIZE_MAX       (128 * 1024)
#define ENVIRONMENT_SIZE_MAX (1024 * 1024) /* of all that a plan sets together */

/* The variable that begins after "$": its name's start and length; returns what follows it. */
static const char *find_name(const char *at, const char **ret_name, size_t *ret_length) {
        bool has_brace = *at == '{';

        *ret_name = at + has_brace;
        *ret_length = strspn(*ret_name, KEY_LETTERS);
        const char *end = *ret_name + *ret_length;
        if (has_brace && *end != '}')
                *ret_length = 0;
        return has_brace && *end == '}' ? end + 1 : end;
}

char *environment_expand(const char *text) {
        autotext out = TEXT_INIT;

        while (*text) {
                size_t plain = strcspn(text, "$");
                const char *name;
                size_t length;

                text_append_bytes(&out, text, plain);
                text += plain;
                if (!*text)
                        break;
                const char *after = find_name(text + 1, &name, &length);
                if (length == 0) {
                        text_append(&out, "$");
                        text++;
                        continue;
                }
                autofree char *key = string_copy_length(name, length);
                const char *value = getenv(key);
                text_append(&out, value ? value : "");
                if (out.length >= VALUE_SIZE_MAX)
                        break;
                text = after;
        }
        if (out.length >= VALUE_SIZE_MAX)
                die(0,
                    "a variable or argument of the package is longer than %d bytes once the "
                    "variables in it are replaced",
                    VALUE_SIZE_MAX);
        return text_take(&out);
}

static void set_variable(const char *key, const char *value) {
        static size_t total;

        total += strlen(key) + strlen(value) + 2;
        if (total > ENVIRONMENT_SIZE_MAX)
                die(0, "the package's environment is larger than %d bytes", ENVIRONMENT_SIZE_MAX);
        if (setenv(key, value, 1) < 0)
                die(errno, "cannot set %s", key);
}

static void unset_variables(const char *key) {
        size_t length = strlen(key);

        if (length == 0 || key[length - 1] != '*') {
                (void)unsetenv(key);
                return;
        }
        for (size_t i = 0; environ[i];) {
                size_t name = strcspn(environ[i], "=");

                if (strncmp(environ[i], key, length - 1) != 0) {
                        i++;
                        continue;
                }
                autofree char *found = string_copy_length(environ[i], name);
                if (unsetenv(found) < 0)
                        i++;
        }
}

static void add_argument(Command *command, const char *text) {
        autofree char *word = environment_expand(text);

        if (!*word)
                return;
        if (command->count == COMMAND_WORD_COUNT_MAX)
                die(0, "the package's command has too many words");
        command->words[command->count++] = take(word);
}

void environment_apply(Command *command, const LaunchStep *step) {
        if (step->op == LAUNCH_OP_SETENV)
                set_variable(step->words[0], step->words[1]);
        if (step->op == LAUNCH_OP_EXPAND) {
                autofree char *value = environment_expand(step->words[1]);

                set_variable(step->words[0], value);
        }
        if (step->op == LAUNCH_OP_UNSETENV)
                unset_variables(step->words[0]);
        if (step->op == LAUNCH_OP_ARGUMENT)
                add_argument(command, step->words[0]);
        if (step->op == LAUNCH_OP_DIRECTORY) {
                free(command->directory);
                command->directory = string_copy(step->words[0]);
        }
}
