/* SPDX-License-Identifier: Apache-2.0
 *
 * Container: everything in an image that is not the manifest's text: what kinds of files it may
 * hold, who may read them, whether the programs are there, and the hooks, desktop files and icons.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "reader/tree.h"

typedef struct Container {
        json_t *findings; /* what root should know, but what is no fault */
        json_t *details;  /* what is wrong, one line each, when a check failed */
        json_t *desktop;  /* [{"name", "content"}] */
        json_t *icons;    /* [{"path", "size"}] */
        json_t *polkit;   /* reader/polkit-files.h */
} Container;

void container_init(Container *container);
void container_done(Container *container);

/* Names of regular files and links in meta/hooks. */
int container_list_hooks(Tree *image, json_t **ret, Error *err);

/* Walks the whole image, then looks at what the manifest names. */
int container_check(Container *container, Tree *image, const json_t *manifest, Error *err);
