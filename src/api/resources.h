/* SPDX-License-Identifier: Apache-2.0
 *
 * The handlers of every resource, for the route table.  One file per resource: api-NAME.c.
 */
#pragma once

#include "api/call.h"

ApiHandler root_get;
ApiHandler system_get;
ApiHandler snaps_get, snaps_post;
ApiHandler snap_get, snap_post;
ApiHandler snap_conf_get, snap_conf_put;
ApiHandler find_get, sections_get;
ApiHandler changes_get, change_get, change_post;
ApiHandler apps_get, apps_post;
ApiHandler connections_get, interfaces_get, interfaces_post;
ApiHandler assertions_get, assertion_type_get;
ApiHandler model_get, serial_get;
ApiHandler aliases_get;
ApiHandler warnings_get, warnings_post;
ApiHandler notices_get;
ApiHandler quotas_get, snapshots_get;
ApiHandler debug_get;
ApiHandler snapctl_post;
ApiHandler verify_get, verify_post;
ApiHandler pawl_interface_files_get, pawl_interfaces_get, pawl_interface_get, pawl_explain_get,
        pawl_policy_get;

/* POST /v2/snaps with a form (api-sideload.c). */
int sideload_post(ApiCall *call, Error *err);
