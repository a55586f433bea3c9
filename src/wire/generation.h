/* SPDX-License-Identifier: Apache-2.0
 *
 * Generation: what this build does differently from its siblings where a test needs several daemons
 * of one tree (meson -Dgeneration=A|B|C, HACKING.md).  Installed builds are of "none": nothing is
 * added.
 */
#pragma once

typedef struct Generation {
        const char *name;
        unsigned protocol;        /* the newest version of the launch protocol that is spoken */
        unsigned protocol_oldest; /* and the oldest */
        const char *rules;        /* lines for the seccomp policy of every program (seccomp.h) */
        const char *steps;        /* lines for every plan (launch.h) */
        const char *profile;      /* lines for every AppArmor profile */
        const char *word;         /* a step that only this build's launcher knows, or NULL */
} Generation;

extern const Generation generation_builtin;

/* Directories that every marked generation shows, of which its Landlock rules open one, and below
 * "label", where Landlock opens all, its AppArmor profile one; and the priority of a scheduling
 * class that does not exist, which its filter answers with EPERM instead of the kernel's EINVAL.  A
 * program can tell by trying under whose policy it runs. */
#define GENERATION_PLACES                                                          \
        "scratch /generation 0755\n"                                               \
        "dir /generation/A 1777\ndir /generation/B 1777\ndir /generation/C 1777\n" \
        "dir /generation/label 0755\ndir /generation/label/A 1777\n"               \
        "dir /generation/label/B 1777\ndir /generation/label/C 1777\n"             \
        "allow /generation/label read,write\n"
#define GENERATION_PROFILE(letter)                                \
        "  /generation/{,**} r,\n  /generation/[ABC]/file rwk,\n" \
        "  /generation/label/" letter "/file rwk,\n"
#define GENERATION_RULE(number) "refuse sched_get_priority_max 0&0xffffffff=" number "\n"
