/* SPDX-License-Identifier: Apache-2.0
 *
 * The words between pawl-run and pawld: text lines in SEQPACKET frames (wire/frame.h) on
 * R/run/pawl/launch.socket (anybody) or R/run/pawl/service.socket (root).
 *
 *   pawl-run                                pawld
 *      │── request V … ──────────────────────►│  identity is SO_PEERCRED, nothing in the text
 *      │◄──────────────── wait REASON ────────│  any number of times, bounded in time
 *      │◄──────────────── no MESSAGE ─────────│  the end; MESSAGE is for a person
 *      │◄──────────────── exec PATH + fd ─────│  the end: this daemon's own pawl-run, to be run
 * instead │◄──────────────── plan V … + fds ─────│  what to build; it is no licence to start │──
 * unknown WORD ─────────────────────►│  the plan has a step that this pawl-run lacks: exec or no
 *      │── ready ────────────────────────────►│  built; asked as late as possible
 *      │◄──────────────── go + fd | again ────│  again: the plan is of yesterday, start over
 *      └─ the CLOEXEC socket closes: exec has happened (or the launch died)
 *
 * Each side speaks a range of versions; pawl-run names its own in the request, and the plan is of
 * the newest that both know.  Where there is none, the answer is `exec`: the first line of a
 * request and this answer are the same in every version.  The descriptor of `go` is open until
 * exec: while it is, no daemon with another policy begins (launch/going.h).
 *
 * A line is words separated by one space and ended by a newline.  In a word, "\s" is a space, "\n"
 * a newline, "\\" a backslash, "\x1b" (two small hex digits) any other control character and "\e"
 * alone the empty word; control characters themselves may not appear.  The first word says what the
 * line is.  One that begins with "?" is optional: who does not know it skips the line.  Any other
 * unknown first word is critical: pawl-run asks for the launcher that knows it, so that either side
 * may be newer without a plan ever being carried out in part.  What a known line may say changes
 * only with the version.
 *
 * A plan longer than FRAME_INLINE_MAX is "plan-file V\n" and the sealed memfd is descriptor 0; the
 * plan's numbers of descriptors then begin at 1.  libc only: pawl-run links this.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define LAUNCH_PROTOCOL        1 /* of installed builds; what counts is generation_builtin */
#define LAUNCH_PROTOCOL_OLDEST 1
#define LAUNCH_WORD_COUNT_MAX  8
#define LAUNCH_REQUEST_MAX     8192 /* bytes of a request */
#define LAUNCH_LINE_COUNT_MAX  2000 /* of one plan */
/* From this Landlock ABI on signals and abstract sockets are scoped; below it, namespaces are the
 * wall. */
#define LAUNCH_SCOPES_ABI      6
#define LAUNCH_AGAIN_COUNT_MAX 10 /* plans that pawl-run takes before it gives up */

/* One line, taken apart in place. */
typedef struct LaunchLine {
        char *words[LAUNCH_WORD_COUNT_MAX]; /* [0] without the "?" */
        size_t word_count;
        bool is_optional;
} LaunchLine;

/* Reads lines out of bytes that it changes and that must outlive the lines. */
typedef struct LaunchReader {
        char *at;
        char *end;
        unsigned line; /* of the last line read, from 1 */
} LaunchReader;

void launch_reader_init(LaunchReader *reader, char *bytes, size_t length);
/* 1 a line, 0 the end; strict: what is not as above is ERROR_BAD_REQUEST. */
int launch_reader_next(LaunchReader *reader, LaunchLine *ret, Error *err);

/* Appends one line; the words end with NULL. */
void launch_line_append(Text *text, const char *op, ...) __attribute__((sentinel));

/* ── the request ─────────────────────────────────────────────────────────────────────────────────
 * request V | ?oldest V | command NAME as in /snap/bin, or hook INSTANCE NAME | home DIR | shell |
 * ?landlock ABI.  All but the first line and the target may be left out. */
typedef struct LaunchRequest {
        unsigned version;     /* the newest that the launcher speaks */
        unsigned oldest;      /* and the oldest; the newest where it says none */
        const char *command;  /* "snap" or "snap.app"; NULL when `hook` is set */
        const char *instance; /* of the hook */
        const char *hook;
        const char *home; /* absolute and clean, or NULL */
        bool wants_shell;
        uint64_t landlock_abi; /* 0 = the launcher's kernel has none */
} LaunchRequest;

void launch_request_format(const LaunchRequest *request, Text *ret);
/* The newest version that this build and `request`'s sender both speak; 0 = none. */
unsigned launch_request_get_version(const LaunchRequest *request);
/* The strings point into `bytes`, which it changes.  1: from a launcher with which this daemon has
 * no version in common, or newer and saying more than is understood; nothing but `version` and
 * `oldest` is set. */
int launch_request_parse(char *bytes, size_t length, LaunchRequest *ret, Error *err);

/* ── the answers ─────────────────────────────────────────────────────────────────────────────────
 */
typedef enum LaunchAnswerKind {
        LAUNCH_ANSWER_PLAN,
        LAUNCH_ANSWER_PLAN_FILE,
        LAUNCH_ANSWER_WAIT,
        LAUNCH_ANSWER_NO,
        LAUNCH_ANSWER_GO,
        LAUNCH_ANSWER_AGAIN,
        LAUNCH_ANSWER_EXEC,
        LAUNCH_ANSWER_COUNT,
} LaunchAnswerKind;

typedef struct LaunchAnswer {
        LaunchAnswerKind kind;
        const char *message; /* of wait and no; the path of exec */
        LaunchReader plan;   /* of plan: stands after its first line */
} LaunchAnswer;

/* `bytes` is changed and must outlive the answer. */
int launch_answer_parse(char *bytes, size_t length, LaunchAnswer *ret, Error *err);
/* Of every kind but a plan; `message` NULL for go and again. */
void launch_answer_format(LaunchAnswerKind kind, const char *message, Text *ret);

/* ── the plan ────────────────────────────────────────────────────────────────────────────────────
 * Its steps in the order they are carried out.  Paths are of the view, absolute and clean ("/a/b":
 * no ".", "..", "//" or "/" at the end; "/" alone where said); HOST paths are of the caller's own
 * mount namespace, N is the number of a descriptor of the frame, MODE is octal. */
typedef enum LaunchOp {
        LAUNCH_OP_TAG,   /* TAG                 security tag, for messages */
        LAUNCH_OP_LEASE, /* N                   kept by the launcher until the last process ends */
        LAUNCH_OP_STAGE, /* N                   make the mount N available to `take` */
        LAUNCH_OP_USER_DIR,  /* HOST MODE           made as the caller, with its parents, if absent
                              */
        LAUNCH_OP_HOST_DIR,  /* HOST MODE           likewise; who may not does without */
        LAUNCH_OP_USER_DATA, /* HOST NAME LIST      as the caller: where HOST has no NAME, it
                                becomes a copy of what HOST/current names, else of the first that is
                                there; both only from LIST (commas) */
        LAUNCH_OP_USER_LINK, /* HOST TARGET         likewise; replaces another link */
        LAUNCH_OP_DIR,       /* PATH MODE */
        LAUNCH_OP_LINK,      /* PATH TARGET */
        LAUNCH_OP_FILE,      /* PATH                an empty one, to mount upon */
        LAUNCH_OP_SCRATCH,   /* PATH MODE           private and writable */
        LAUNCH_OP_ATTACH,    /* N PATH              the mount N itself; PATH exists */
        LAUNCH_OP_TAKE,      /* N SUB PATH          what stands at /SUB of staged N; PATH exists */
        LAUNCH_OP_HOST,  /* HOST PATH FLAGS     of ro,noexec,tree,optional; always nosuid,nodev */
        LAUNCH_OP_HOME,  /* BASE PATH            what of the host's directory BASE is neither hidden
                            nor  snap nor bin, each entry for itself; PATH exists */
        LAUNCH_OP_BIND,  /* BASE SUB PATH FLAGS  as host, of BASE/SUB without following a link below
                            BASE; PATH is made; what cannot be shown is left out */
        LAUNCH_OP_MATCH, /* BASE PATTERN PATH FLAGS  as bind, everything beneath BASE that matches,
                            at PATH/what-matched; "*", "?", "[…]" and "{a,b}" within one name;
                            FLAGS also device or socket: nodes or sockets only, instead of files and
                            directories */
        LAUNCH_OP_MATCH_UDEV, /* BASE PATTERN PROPERTY FLAGS  as match at "/", nodes of which udev
                                 says PROPERTY=1 */
        LAUNCH_OP_USB_NODE, /* BASE NUMBERS PATH FLAGS  the first BASE/dev/tty* that is of the USB's
                               VENDOR:PRODUCT:INTERFACE, at PATH */
        LAUNCH_OP_MATCH_LINKS, /* BASE PATTERN PATH  links beneath BASE that match and lead to a
                                  relative path, as such, at PATH */
        LAUNCH_OP_SHARE, /* N SUB PATH           likewise, of the mount N itself, SUB absolute in it
                          */
        LAUNCH_OP_DEVICE,      /* NAME                /dev/NAME of the host */
        LAUNCH_OP_DEVICE_RULE, /* char|block MAJOR MINOR ro|rw  for the filter; 4294967295 = any */
        LAUNCH_OP_DEVICE_FILTER, /* "on"             no node but the usual ones, those of match and
                                    those of rules, may be opened; where the kernel can say so */
        LAUNCH_OP_BUS,       /* system|session HOST PATH FLAGS  a filtered bus at PATH; HOST is the
                                socket where the caller's variables name no other */
        LAUNCH_OP_BUS_RULE,  /* system|session RULE  for it, as xdg-dbus-proxy's options say it */
        LAUNCH_OP_PROC,      /* PATH                proc of the launch's own */
        LAUNCH_OP_TERMINALS, /* PATH                a private devpts */
        LAUNCH_OP_SHIELD,    /* PATH                read-only from here on; absent is right too */
        LAUNCH_OP_MASK,      /* PATH                an empty file, or for a directory an empty
                                directory, instead; absent is right too */
        LAUNCH_OP_NETWORK,   /* KIND                a network of its own in which there is nothing;
                                "none": where it can be had, "wall": or no launch; before
                                `proc` */
        LAUNCH_OP_QUEUES,    /* N RIGHTS              the IPC namespace stays the caller's; Landlock
                                allows RIGHTS (of read,write) in N, a mount of mqueue */
        LAUNCH_OP_NAMESPACES, /* "allowed"          the program may make namespaces */
        LAUNCH_OP_SETENV,     /* KEY VALUE           as it stands */
        LAUNCH_OP_EXPAND,     /* KEY VALUE           $VAR and ${VAR} replaced first */
        LAUNCH_OP_UNSETENV,   /* KEY                 KEY may end with "*" */
        LAUNCH_OP_ARGUMENT, /* TEXT                expanded, dropped when then empty; the 1st is run
                             */
        LAUNCH_OP_DIRECTORY,    /* PATH                where to stand if the caller's is not in the
                                   view */
        LAUNCH_OP_ALLOW,        /* PATH RIGHTS         Landlock: of read,execute,write,ioctl */
        LAUNCH_OP_LANDLOCK,     /* RESTRICTIONS        of files,tcp,abstract,signals */
        LAUNCH_OP_CAPABILITIES, /* LOW HIGH        bits of those that are kept */
        LAUNCH_OP_LABEL,        /* NAME                 the program's by AppArmor, from exec on */
        LAUNCH_OP_NEW_PRIVILEGES, /* "allowed"      exec may change the label */
        LAUNCH_OP_SECCOMP, /* N FIRST COUNT       instructions of the sealed file N, in this order
                            */
        LAUNCH_OP_GENERATION, /* NAME               nothing; known by one build of a test alone
                                 (generation.h) */
        LAUNCH_OP_COUNT,
} LaunchOp;

#define LAUNCH_STEP_WORD_MAX 4

typedef struct LaunchStep {
        LaunchOp op;
        unsigned line;
        const char *words[LAUNCH_STEP_WORD_MAX];
        uint64_t numbers[LAUNCH_STEP_WORD_MAX]; /* of the words that are numbers */
} LaunchStep;

/* The step is critical and unknown to this build; its name is words[0], nothing else is set. */
#define LAUNCH_STEP_UNKNOWN 2

/* Checks each word against the op's row.  1 a step, 0 the end, or LAUNCH_STEP_UNKNOWN. */
int launch_plan_next(LaunchReader *reader, LaunchStep *ret, Error *err);
const char *launch_op_get_name(LaunchOp op);

/* "/a/b", no empty, "." or ".." component; "/" is clean. */
bool launch_path_is_clean(const char *path);
/* True when `word` is in the comma list. */
bool launch_list_has(const char *list, const char *word);
