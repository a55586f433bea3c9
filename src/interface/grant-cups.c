/* SPDX-License-Identifier: Apache-2.0
 *
 * cups: the directory with the print server's socket, which lies in the data of its package, is
 * /var/cups of whoever prints.  A new revision of the server may have it elsewhere, so that counts
 * for the plan.
 */
#include "interface/grant-internal.h"

int grant_add_cups(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const char *directory = json_get_string(context->slot_attributes, "cups-socket-directory",
                                                "$SNAP_COMMON/run");

        return grant_add_share_at(database, set, context->peer, directory, "var/cups", err);
}
