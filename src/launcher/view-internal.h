/* SPDX-License-Identifier: Apache-2.0
 *
 * What view.c and view-grant.c share: the steps of a plan that show what connections grant.
 */
#pragma once

#include <fcntl.h>

#include "launcher/kernel.h"
#include "launcher/view.h"

/* "/a/b" → "a/b"; "/" → ".", for the *at calls. */
static inline const char *view_below(const char *path) {
        return path[1] ? path + 1 : ".";
}

/* A place in the view, or -1 and errno; never through a link. */
static inline int view_open(const View *view, const char *path) {
        return kernel_openat2(view->root, view_below(path), O_PATH | O_NOFOLLOW,
                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

_Noreturn void view_die(const LaunchStep *step, const char *what);
int view_get_descriptor(const View *view, const LaunchStep *step, uint64_t number);

/* Clones what `source` is, with the step's flags, to a place that is made where it is not there. */
void view_show(const View *view, const LaunchStep *step, int source, const char *path);

/* Makes the link, and the directories it is in. */
void view_make_link(const View *view, const char *target, const char *path);

void view_apply_home(const View *view, const LaunchStep *step);
void view_apply_bind(const View *view, const LaunchStep *step);
void view_apply_match(const View *view, const LaunchStep *step);
void view_apply_usb_node(const View *view, const LaunchStep *step);
void view_apply_share(const View *view, const LaunchStep *step);
