/* SPDX-License-Identifier: Apache-2.0
 *
 * Denial: one refusal that the kernel (or a message bus) logged, read from a line of the kernel's
 * or the audit log.
 *
 * Lines are foreign: names in them are chosen by confined programs.  The kernel quotes what it does
 * not trust and writes it in hexadecimal digits where it holds quotes or blanks; so the first
 * occurrence of a key counts, and nothing is taken from within quotes.  Everything is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DENIAL_LINE_MAX 8192 /* longer ones are passed over */
#define DENIAL_WORD_MAX 512

typedef enum DenialKind {
        DENIAL_SYSTEM_CALL,
        DENIAL_FILE,
        DENIAL_SOCKET,
        DENIAL_CAPABILITY,
        DENIAL_BUS,
        DENIAL_BLOCKER, /* of Landlock, without a file: "scope.signal", "net.connect_tcp" */
        DENIAL_OTHER,
        DENIAL_KIND_COUNT,
} DenialKind;

typedef enum DenialSource {
        DENIAL_SECCOMP,
        DENIAL_APPARMOR,
        DENIAL_LANDLOCK,
        DENIAL_SUPPOSED, /* asked for, not seen */
        DENIAL_SOURCE_COUNT,
} DenialSource;

typedef struct Denial {
        DenialSource source;
        DenialKind kind;
        bool was_allowed; /* logged and let through: devmode */
        int64_t time;     /* seconds; 0 where the line has none */
        uint64_t serial;  /* of the audit event; 0 = none */
        uint64_t pid;
        char program[DENIAL_WORD_MAX]; /* "x.app", or "x" where only the package is known, or "" */
        char executable[DENIAL_WORD_MAX];
        char command[DENIAL_WORD_MAX]; /* what the process calls itself: its own word */
        char text[DENIAL_WORD_MAX];    /* path, call, family, capability, name on a bus, operation;
                                          of a blocker its name */
        char access[8];                /* of r, w, x */
        char operation[DENIAL_WORD_MAX];
        char bus[DENIAL_WORD_MAX], path[DENIAL_WORD_MAX], interface[DENIAL_WORD_MAX],
                member[DENIAL_WORD_MAX];
} Denial;

/* `line` has no newline.  1: it is a denial; 0: it is something else. */
int denial_parse(const char *line, Denial *ret);
/* Landlock's own record names no program; that of the system call, which follows with the same
 * number where audit is on, does.  1: `line` is of the same event and names one. */
int denial_join(const char *line, Denial *denial);
/* How many records the kernel says it left out (its log takes few in a second); 0: another line. */
uint64_t denial_count_lost(const char *line);
/* As if this had been refused: a path, a name on a message bus, or else `kind`'s word. */
void denial_suppose(const char *wanted, DenialKind kind, Denial *ret);
/* "/…", "a.b.c", or neither. */
DenialKind denial_guess_kind(const char *wanted);
/* "Landlock" and so on; static. */
const char *denial_source_get_name(DenialSource source);
