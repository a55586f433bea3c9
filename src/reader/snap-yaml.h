/* SPDX-License-Identifier: Apache-2.0
 *
 * Snap-yaml: meta/snap.yaml read, judged and written again as the JSON of ARCHITECTURE.md, every
 * default filled in and every plug and slot bound. What comes out has only names that passed
 * base/name.h and text that is clean UTF-8.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "reader/field.h"

/* `hooks_on_disk` is a list of names; those the format does not know are left out. Endpoints with
 * a bad name do not fail but are left out too, and named with the reason in "bad-interfaces". */
int snap_yaml_read(const char *bytes, size_t length, const json_t *hooks_on_disk, json_t **ret,
                   Error *err);

/* ---- the sections, each in a file of its name: reading (Node to JSON), then checking ---- */

int manifest_read_apps(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_hooks(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_plugs(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_slots(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_layout(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_sockets(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_usernames(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_links(const Node *value, const Field *field, json_t **ret, Error *err);
int manifest_read_components(const Node *value, const Field *field, json_t **ret, Error *err);

/* A hook of which the manifest says nothing. */
json_t *manifest_new_hook(void);

/* Adds what apps and hooks name, gives the unnamed to all, drops what has a bad name. */
int manifest_bind_endpoints(json_t *manifest, Error *err);

int manifest_check_apps(const json_t *manifest, Error *err);
int manifest_check_app_sockets(const json_t *manifest, const json_t *app, Error *err);
int manifest_check_app_activation(const json_t *manifest, const char *name, const json_t *app,
                                  Error *err);
int manifest_check_app_order(const json_t *manifest, const json_t *app, Error *err);
int manifest_check_order_cycles(const json_t *manifest, Error *err);
int manifest_check_hooks(const json_t *manifest, Error *err);
int manifest_check_endpoints(const json_t *manifest, Error *err);
int manifest_check_layout(const json_t *manifest, Error *err);
int manifest_check_usernames(const json_t *manifest, Error *err);
int manifest_check_links(const json_t *manifest, Error *err);
