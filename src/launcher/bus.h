/* SPDX-License-Identifier: Apache-2.0
 *
 * Bus: the message buses of the machine and of the user, as the program may see them: through
 * xdg-dbus-proxy, which runs as the caller outside of the view and lets through what was granted.
 *
 * The caller could start it just so: it gives him nothing, and the bus he names in his variables is
 * his.  What keeps the program from the bus itself is the view, in which no bus is.  Where there is
 * no bus, or no proxy is installed, the program finds none.
 */
#pragma once

#include "launcher/view.h"
#include "wire/launch.h"

#define BUS_COUNT_MAX          2
#define BUS_ARGUMENT_COUNT_MAX 1100

typedef struct Bus {
        LaunchStep steps[BUS_COUNT_MAX]; /* their words are the plan's */
        char *addresses[BUS_COUNT_MAX];  /* owned; NULL: there is none */
        size_t count;
        struct {
                const char *bus, *rule;
        } rules[BUS_ARGUMENT_COUNT_MAX];
        size_t rule_count;
        int life; /* the proxy ends when this is closed; -1 */
} Bus;

#define BUS_INIT \
        { .life = -1 }

void bus_apply(Bus *bus, const LaunchStep *step);
/* Starts the proxy and shows its sockets; after the last step, before the view is entered. */
void bus_start(Bus *bus, const View *view);
