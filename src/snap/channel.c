/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/channel.h"

#include <string.h>

#include "base/name.h"
#include "base/text.h"

char *channel_resolve(const char *channel, const char *tracking) {
        size_t first = strcspn(channel, "/");
        bool has_track = !name_is_risk(channel, first);

        if (has_track)
                return channel[first] ? string_copy(channel) : string_format("%s/stable", channel);
        autofree char *track = string_copy_length(tracking, strcspn(tracking, "/"));
        return string_format("%s/%s", *track ? track : "latest", channel);
}
