/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/interface-kind.h"

#include "base/text.h"

const InterfaceKind *interface_kind_find(const char *name) {
        size_t low = 0, high = interface_kind_count;

        /* The table is sorted by name; a test looks. */
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = __builtin_strcmp(name, interface_kinds[middle].name);
                if (order == 0)
                        return &interface_kinds[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
