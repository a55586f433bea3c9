/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cli/command.h"

/* In the order of the help text. */
const Command *const command_table[] = {
        &command_list,        &command_info,
        &command_install,     &command_try,
        &command_refresh,     &command_revert,
        &command_remove,      &command_enable,
        &command_disable,     &command_run,
        &command_connections, &command_connect,
        &command_disconnect,  &command_interface,
        &command_interfaces,  &command_explain,
        &command_why,         &command_policy,
        &command_doctor,      &command_changes,
        &command_change,      &command_tasks,
        &command_watch,       &command_abort,
        &command_get,         &command_set,
        &command_unset,       &command_warnings,
        &command_okay,        &command_verify,
        &command_repair,      &command_version,
        &command_help,        NULL,
};

const Command *command_find(const char *name, bool is_snap) {
        for (const Command *const *at = command_table; *at != NULL; at++) {
                const Command *command = *at;
                if (is_snap && (command->flags & COMMAND_PAWL_ONLY) != 0)
                        continue;
                if (string_equal(command->name, name) ||
                    (command->alias != NULL && string_equal(command->alias, name)))
                        return command;
        }
        return NULL;
}
