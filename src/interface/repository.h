/* SPDX-License-Identifier: Apache-2.0
 *
 * The repository of plugs, slots and connections, which is nothing but views over the state: made
 * as TEMP ones whenever the state is opened, never stored, and never out of step with a switch.
 *
 *     live_endpoint(instance, side, name, interface, label, attributes)
 *         of the current revisions of active snaps, where this daemon knows the interface and what
 *         is said is right; and the system's own slots, instance ''
 *
 *     live_connection
 *         rows of `connection` whose two ends are live, with their attributes, those that hooks
 *         gave this connection among them (dynamic-attribute.h)
 *
 *     auto_connect_candidate(plug_snap, plug, slot_snap, slot, interface, slots_per_plug)
 *         what may be connected without being asked, whether it is or not; a plug that has several
 *         gets none, unless slots_per_plug is "*" for all of them
 *
 *     policy_end(instance, side, name, interface, told)
 *         live endpoints as policy-rule.h takes them, with what the table `declaration` has of them
 */
#pragma once

#include <stdbool.h>

#include "state/database.h"

int repository_open(Database *database, bool is_classic, Error *err);

/* How clients are told of the system's slots: "snapd" where such a snap is installed, else "core".
 * Static text. */
const char *repository_get_system_name(Database *database);
/* "system", "core", "snapd": the system's own slots. */
bool repository_is_system_name(const char *name);
