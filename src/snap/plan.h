/* SPDX-License-Identifier: Apache-2.0
 *
 * Plan: turns what a client asked for into a change with its tasks.  Each function checks
 * everything that can be known beforehand, then commits the whole change in one transaction of its
 * own; on failure there is no change and no file is kept.  The caller wakes the runner.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "snap/manifest.h"
#include "snap/places.h"
#include "snap/setting.h"
#include "task/runner.h"

typedef struct PlanContext {
        Database *database;
        const Places *places;
        Runner *runner; /* NULL: the first steps have a commit of their own, like all others */
} PlanContext;

#define INSTALL_FILE_COUNT_MAX 16

/* One uploaded file, or a directory to try.  Nothing is owned. */
typedef struct InstallFile {
        int fd;               /* from image_new_upload, complete; unused with a source */
        const char *source;   /* of the directory (base/folder.h); NULL: a file */
        const char *kept;     /* its name in incoming/, and then no fd; NULL: not there yet */
        const char *shown;    /* the path or name as the client said it, for people */
        const char *instance; /* as the client wished; NULL = as the package says */
        const json_t *report; /* pawl-read's, mode manifest */
} InstallFile;

typedef struct InstallRequest {
        const InstallFile *files;
        size_t count;
        InstallFlags flags;
        bool is_one_lane;         /* transaction "all-snaps": one fails, all are undone */
        RunningApps running_apps; /* RUNNING_REFUSE: ERROR_BUSY while its programs run */
} InstallRequest;

/* Installs, or refreshes what is installed, from local files: kind install-snap, or try-snap for a
 * directory (one, with no file beside it).  With several
 * files each has its lane, and apps wait for the bases among them.  Errors of a file are as
 * manifest_check gives them; the API puts `cannot install snap file: ` before those without a kind.
 */
int plan_install_files(const PlanContext *context, const InstallRequest *request,
                       int64_t *ret_change, Error *err);

typedef struct RevertRequest {
        const char *instance;
        const char *revision; /* NULL: the one before the current one */
        InstallFlags flags;   /* what is set is in force from then on; otherwise all stays */
} RevertRequest;

/* kind revert-snap.  Epochs are not asked: the data of that time come back with the revision. */
int plan_revert(const PlanContext *context, const RevertRequest *request, int64_t *ret_change,
                Error *err);

typedef struct RemoveRequest {
        const char *const *instances;
        size_t count;         /* 1 … INSTALL_FILE_COUNT_MAX */
        const char *revision; /* only with one instance: this (not active) revision alone */
        bool is_purge;        /* no automatic snapshot; there is none in this version anyway */
        bool is_many;         /* asked for as a list: the summary says so */
} RemoveRequest;

/* kind remove-snap. */
int plan_remove(const PlanContext *context, const RemoveRequest *request, int64_t *ret_change,
                Error *err);

/* kinds enable-snap, disable-snap. */
int plan_enable(const PlanContext *context, const char *instance, int64_t *ret_change, Error *err);
int plan_disable(const PlanContext *context, const char *instance, int64_t *ret_change, Error *err);

/* kind switch-snap: another channel to follow; "edge" means the risk on the track it follows. */
int plan_switch(const PlanContext *context, const char *instance, const char *channel,
                int64_t *ret_change, Error *err);

/* kind configure-snap: settings of the system by a patch (setting.h), all of it or nothing. */
int plan_set_settings(const PlanContext *context, const json_t *patch, int64_t *ret_change,
                      Error *err);
