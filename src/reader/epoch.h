/* SPDX-License-Identifier: Apache-2.0
 *
 * Epochs: `N`, `N*`, or lists of what can be read and written, as {"read":[…],"write":[…]}.
 */
#pragma once

#include "reader/field.h"

int epoch_read(const Node *value, const Field *field, json_t **ret, Error *err);
json_t *epoch_new_default(void);
