/* SPDX-License-Identifier: Apache-2.0
 *
 * Manifest: typed access to meta/snap.yaml as pawl-read normalised it, and the checks that decide
 * whether this machine takes the package, in the order and with the messages that clients know.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* The version of the format's reference that we report and measure `assumes: [snapdN]` by. */
#define SNAPD_VERSION_REPORTED "2.57.6"

typedef struct InstallFlags {
        bool is_devmode;
        bool is_jailmode;
        bool is_classic;
        bool is_dangerous;
} InstallFlags;

const char *manifest_get_name(const json_t *manifest);
const char *manifest_get_type(const json_t *manifest);        /* "app" when it says nothing */
const char *manifest_get_confinement(const json_t *manifest); /* "strict" … */
/* The base that must be installed for it to run: "core" where an app names none, NULL where none is
 * needed. */
const char *manifest_get_required_base(const json_t *manifest);
/* The name on PATH: NAME for the app called like its snap, else NAME.APP. */
char *manifest_format_command(const char *instance, const char *app);

/* dpkg's name of what this was built for: "amd64". */
const char *machine_get_architecture(void);

/* Confinement against flags, architecture, assumes, type. */
int manifest_check(const json_t *manifest, const InstallFlags *flags, Error *err);
/* Only apps are tried: what others stand on stays an image, which nobody changes beneath them. */
int manifest_check_try(const json_t *manifest, Error *err);
/* `instance` as the client wished it, against the package's own name. */
int manifest_check_instance(const json_t *manifest, const char *instance, Error *err);
/* The new one must read what the current one wrote. */
int manifest_check_epoch(const json_t *manifest, const json_t *current, const char *revision,
                         Error *err);
