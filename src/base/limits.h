/* SPDX-License-Identifier: Apache-2.0
 *
 * Every bound on something that a client, a file or a helper can choose, in one place.
 * Sizes are in bytes unless the name says otherwise.
 */
#pragma once

/* Manifests (meta/snap.yaml) and other YAML, as spec'd in DEPENDENCIES: libyaml needs our limits.
 */
#define MANIFEST_SIZE_MAX       (256 * 1024)
#define YAML_DEPTH_MAX          48
#define YAML_EVENT_COUNT_MAX    20000
#define CANONICAL_JSON_SIZE_MAX (4 * 1024 * 1024) /* what pawl-read may print about one image */

/* Interface files: those of /etc/pawl/interfaces.d, and what any of them may say. */
#define INTERFACE_FILE_SIZE_MAX       (64 * 1024)
#define INTERFACE_FILE_COUNT_MAX      256
#define INTERFACE_NAME_MAX            60
#define INTERFACE_ENTRY_COUNT_MAX     512 /* of one list */
#define INTERFACE_ATTRIBUTE_COUNT_MAX 64
#define INTERFACE_TEXT_SIZE_MAX       1000
#define INTERFACE_PATTERN_SIZE_MAX    256
#define INTERFACE_READ_LIMIT_MS       10000 /* one file, by pawl-read */
#define INTERFACE_READ_ALL_LIMIT_MS   60000 /* all of them */

/* Images. */
#define IMAGE_ENTRY_COUNT_MAX    1000000       /* inodes walked before an image is refused */
#define IMAGE_DEPTH_MAX          200           /* directory nesting inside an image */
#define IMAGE_META_FILE_SIZE_MAX (1024 * 1024) /* one icon or desktop file */
#define IMAGE_PROGRAM_SIZE_MAX   (32u << 20)   /* a program of the daemon's own package */

/* Action files of polkit: meta/polkit of a package. */
#define POLKIT_FILE_SIZE_MAX     (64 * 1024)
#define POLKIT_FILE_COUNT_MAX    16
#define POLKIT_ACTION_COUNT_MAX  64 /* of one file */
#define POLKIT_ID_SIZE_MAX       200
#define POLKIT_LANGUAGE_SIZE_MAX 32
#define POLKIT_TEXT_SIZE_MAX     1000 /* one text in one language */

/* The API. */
#define HTTP_HEADER_SIZE_MAX         (16 * 1024)
#define HTTP_BODY_SIZE_MAX           (1024 * 1024) /* JSON bodies, and all form fields together */
#define HTTP_BODY_REWRITTEN_SIZE_MAX (4 * 1024 * 1024) /* after numbers were written again */
#define HTTP_UPLOAD_SIZE_MAX         (64ull << 30)     /* one uploaded file */
#define HTTP_UPLOAD_OPEN_MAX         64                /* uploads at once, per principal */
#define HTTP_CLIENT_TIMEOUT_S        120               /* a connection on which nothing moves */
#define HTTP_CONNECTION_COUNT_MAX    64                /* per principal */
#define HTTP_PRINCIPAL_COUNT_MAX     64                /* pawl-http processes at once */
#define HTTP_VIEW_COUNT_MAX          16   /* of one uid, for what is launched: one each */
#define HTTP_VIEW_IDLE_MS            100  /* as those come and go */
#define HTTP_UPLOAD_COUNT_MAX        16   /* files in one form */
#define HTTP_IDLE_MS                 2000 /* a pawl-http without connections ends after */
#define API_JSON_DEPTH_MAX           64

/* Frames between our own programs. */
#define FRAME_INLINE_MAX   (48 * 1024) /* larger bodies travel as sealed memfd */
#define FRAME_FD_COUNT_MAX 32

/* Names. */
#define SNAP_NAME_MAX    40
#define SECURITY_TAG_MAX 256

/* Launching. */
#define PLAN_SIZE_MAX            (256 * 1024)
#define LAUNCH_COUNT_PER_UID_MAX 32 /* launches being prepared at once */
#define LAUNCH_WAIT_MS_MAX       120000

/* Workers of the launcher's side; whoever waits for them is told so, and waits LAUNCH_WAIT_MS_MAX
 * at the most. */
#define FOLDER_LIMIT_MS  5000   /* a directory that is tried, on whatever file system */
#define MOUNT_LIMIT_MS   30000  /* an image of ours */
#define COMPILE_LIMIT_MS 60000  /* one policy */
#define WORLD_LIMIT_MS   300000 /* what other programs are told of a round of packages */
#define COMMAND_LIMIT_MS 120000 /* one of their commands */
#define JOB_LEFT_MAX     16     /* given up and not ended, for each kind of work */
#define HELPER_LEFT_MAX  16     /* likewise, helpers that were killed */

/* Changes that wait for their turn ("on-conflict": "queue"). */
#define QUEUE_LENGTH_MAX          200
#define QUEUE_LENGTH_PER_SNAP_MAX 50

/* What hooks say by snapctl. */
#define DYNAMIC_ATTRIBUTES_SIZE_MAX  (16 * 1024) /* of one side of one connection */
#define DYNAMIC_ATTRIBUTES_DEPTH_MAX 32          /* well below API_JSON_DEPTH_MAX */
#define SNAPCTL_ARGUMENT_COUNT_MAX   64
#define SNAPCTL_OUTPUT_SIZE_MAX      (256 * 1024)

/* Workers. */
#define WORKER_RESULT_SIZE_MAX CANONICAL_JSON_SIZE_MAX
#define WORKER_COUNT_MAX       4 /* at once */
#define WORKER_ATTEMPT_MAX     3
/* Ends of the daemon itself while one task was at work, before that is taken for the task's doing:
 * more than a worker's deaths, as most have another cause.  An undo is given more, with growing
 * pauses in which the daemon can be used: what it leaves undone is a third state. */
#define TASK_INTERRUPTION_MAX      5
#define TASK_UNDO_INTERRUPTION_MAX 20
#define TASK_LOG_LINES_MAX         10
