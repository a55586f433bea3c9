/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of the format: what each may look like. Scanners by hand, so that the launcher can use them
 * and no pattern library is trusted with foreign text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define NAME_SNAP_MAX         40
#define NAME_INSTANCE_KEY_MAX 10

bool name_is_snap(const char *name);
bool name_is_instance_key(const char *key);
/* "name" or "name_key". */
bool name_is_instance(const char *name);
/* The snap's part of an instance name: its length. */
size_t name_get_snap_length(const char *instance);
bool name_is_app(const char *name);
bool name_is_alias(const char *name);
/* Also plugs, slots and interfaces. */
bool name_is_hook(const char *name);
/* One of the hooks of the format; what is named otherwise is never run. */
bool name_is_supported_hook(const char *name);
bool name_is_socket(const char *name);
bool name_is_version(const char *version);
bool name_is_provenance(const char *name);
bool name_is_system_user(const char *name);
bool name_is_link(const char *name);
/* "stable", "latest/edge", "1.0/candidate/fix-x", or a track alone. */
bool name_is_channel(const char *channel);
bool name_is_risk(const char *word, size_t length);
