/* SPDX-License-Identifier: Apache-2.0
 *
 * View: the file system that the program will see, an allow list built step by step on an empty
 * tmpfs inside the launcher's own mount namespace.  Trusted: the plan's text (from pawld) and that
 * no step follows a symbolic link, so that neither a base nor a home can lead a mount elsewhere.
 * The descriptors' flags are locked by pawld's side; nothing here is relied upon for that.
 */
#pragma once

#include <stdbool.h>

#include "launcher/devices.h"
#include "wire/frame.h"
#include "wire/launch.h"

typedef struct View {
        int root;        /* the new root, a mount */
        int stage;       /* a directory beside it, gone with the old root */
        size_t first_fd; /* what the plan calls descriptor 0 */
        Frame *frame;    /* borrowed: the descriptors of the plan */
        bool has_pid_namespace;
        DeviceFilter *devices; /* borrowed: hears of the nodes that are shown */
} View;

/* Makes the empty root.  `frame` may be filled later, before the first step. */
void view_start(View *view, Frame *frame, bool has_pid_namespace);
/* Carries out one step that is about the view. */
void view_apply(View *view, const LaunchStep *step);
/* Read-only root, pivot, and the old root is gone. */
void view_enter(View *view);
