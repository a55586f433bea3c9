/* SPDX-License-Identifier: Apache-2.0
 *
 * Program: which pawld runs, and which one the state wants: that of the current revision of the
 * package of type snapd, unpacked; the machine's own where there is none.  Names are those of
 * base/start.h ("pawl_x2"), and "" for the machine's own.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "snap/places.h"
#include "state/database.h"

typedef struct Program {
        char *root;      /* as in Places */
        char *name;      /* what runs */
        char *host;      /* directory of the machine's own programs */
        bool is_refused; /* what the state wants does not start, or is not there: this one goes on
                          */
} Program;

/* What this very process is; `host` is where the machine's own programs lie unless the starter says
 * otherwise. */
void program_find_running(const char *root, const char *host, Program *ret);
void program_done(Program *program);
/* Where a package's program and its helpers lie: only where there is a name. */
char *program_format_directory(const Program *program);
/* Where pawl-run lies, by a path that a switch of the package does not change. */
char *program_format_launcher(const Program *program);
/* True where pawl-start has to decide first. */
bool program_needs_starter(const Program *program);
/* Whether this one is watched while it starts; program_settle ends that. */
bool program_is_on_trial(const Program *program);

/* Makes the links say what the state wants.  1: another program than the one that runs, restart; 0:
 * this one, or it is refused.  `is_ready`: this one has started whole, its trial is over. */
int program_settle(Program *program, Database *database, bool is_ready, Error *err);

/* Fails when another instance than this one is the daemon's package already. */
int program_check_only(Database *database, const char *instance, Error *err);

/* Unpacks the programs of a package's image, durably, under its name.  For workers; may be done
 * again. */
int program_unpack(const Places *places, int image, const char *name, Error *err);
/* Removes what was unpacked from revisions that are no more; returns how many. */
int program_sweep(const Program *program, const Places *places, Database *database, Error *err);
