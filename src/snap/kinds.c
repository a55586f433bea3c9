/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/kinds.h"

#include "interface/connect-task.h"
#include "snap/task-parts-internal.h"

/* Kinds without parts are steps that this daemon does not need (images are mounted when somebody
 * starts them, policy is compiled when a launch asks for it): they are there because clients count
 * them. */
const TaskKind SNAP_TASK_KINDS[] = {
        { .name = "prerequisites", .run = { .commit = prerequisites_commit } },
        { .name = "prepare-snap",
          .run = { prepare_plan, prepare_work, prepare_commit },
          .undo = { prepare_undo_plan, prepare_undo_work, prepare_undo_commit },
          .clean = { prepare_clean_plan, prepare_clean_work, NULL } },
        { .name = "mount-snap" },
        { .name = "await-apps", .run = { .commit = await_commit, .resume = await_resume } },
        { .name = "stop-snap-services" },
        { .name = "remove-aliases" },
        { .name = "unlink-current-snap",
          .run = { .commit = pause_commit, .resume = pause_resume },
          .undo = { .commit = pause_undo_commit } },
        { .name = "copy-snap-data",
          .run = { copy_data_plan, copy_data_work, NULL },
          .undo = { copy_data_undo_plan, copy_data_undo_work, NULL },
          .time_limit_s = 3600 },
        { .name = "setup-profiles" },
        { .name = "link-snap",
          .run = { .commit = link_commit },
          .undo = { .commit = link_undo_commit } },
        { .name = "unpack-programs", .run = { unpack_programs_plan, unpack_programs_work, NULL } },
        { .name = "await-daemon",
          .run = { .commit = await_daemon_commit, .resume = await_daemon_resume } },
        { .name = "auto-connect",
          .run = { .commit = auto_connect_commit },
          .clean = { .commit = auto_connect_clean_commit } },
        { .name = "connect",
          .run = { .commit = connect_commit },
          .undo = { .commit = connect_undo_commit } },
        { .name = "disconnect",
          .run = { .commit = disconnect_commit },
          .undo = { .commit = disconnect_undo_commit } },
        { .name = "set-auto-aliases" },
        { .name = "setup-aliases" },
        { .name = "run-hook",
          .run = { hook_plan, hook_work, hook_commit, .has_work = hook_has_work },
          .undo = { hook_undo_plan, hook_work, NULL, .has_work = hook_undo_has_work },
          .is_blocked_by = hook_is_blocked_by,
          .time_limit_s = 660 },
        { .name = "start-snap-services",
          .run = { services_plan, services_work, .has_work = services_has_work } },
        { .name = "cleanup" },
        { .name = "verify-snaps",
          .run = { verify_plan, verify_work, verify_commit },
          .time_limit_s = 3600 },
        { .name = "switch-snap", .run = { .commit = switch_commit } },
        { .name = "configure-system",
          .run = { .commit = configure_commit },
          .undo = { .commit = configure_undo_commit } },
        { .name = "auto-disconnect",
          .run = { .commit = auto_disconnect_commit },
          .undo = { .commit = auto_disconnect_undo_commit } },
        { .name = "unlink-snap",
          .run = { .commit = unlink_commit },
          .undo = { .commit = unlink_undo_commit } },
        { .name = "kill-snap-apps",
          .run = { end_apps_plan, end_apps_work, .has_work = end_apps_has_work } },
        { .name = "remove-profiles" },
        { .name = "clear-snap" },
        { .name = "discard-snap",
          .run = { .commit = discard_commit },
          .undo = { .commit = discard_undo_commit },
          .clean = { discard_clean_plan, discard_clean_work, NULL } },
};
const size_t SNAP_TASK_KIND_COUNT = sizeof(SNAP_TASK_KINDS) / sizeof(SNAP_TASK_KINDS[0]);

void snap_context_list_fds(const SnapContext *context, int ret_fds[SNAP_CONTEXT_FD_COUNT]) {
        places_list_fds(context->places, ret_fds);
        helper_list_fds(ret_fds + PLACES_FD_COUNT);
}
