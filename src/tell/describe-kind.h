/* SPDX-License-Identifier: Apache-2.0
 *
 * An interface as its file has it, for `pawl interface NAME`, docs/interfaces-reference.md and
 * `pawl why`: who has it, who may say what, what each side is granted, and when.
 */
#pragma once

#include "base/json.h"
#include "interface/interface-kind.h"

json_t *interface_kind_describe(const InterfaceKind *kind);
