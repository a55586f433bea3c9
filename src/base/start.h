/* SPDX-License-Identifier: Apache-2.0
 *
 * Start: what pawld and its starter (pawl-start) have to agree on across versions: names of files,
 * variables and an exit status.  Only ever added to.
 *
 *      R/var/lib/pawl/programs/
 *              INSTANCE_REVISION/      programs unpacked from the daemon's own package
 *              current, previous       links: "INSTANCE_REVISION", or the absolute directory of the
 *                                      machine's own programs
 *              trial                   "NAME TRIES\n": NAME has not yet started whole; how often it
 *                                      was tried
 */
#pragma once

#define START_DIRECTORY "var/lib/pawl/programs"
#define START_CURRENT   "current"
#define START_PREVIOUS  "previous"
#define START_TRIAL     "trial"
/* The machine's own programs, in `trial`: no package's, as those have a "_". */
#define START_MACHINE "machine"

/* Failed starts after which the previous programs run again. */
#define START_TRIES_MAX 3

/* Directory of the machine's own programs, pawl-start and pawld among them. */
#define START_HOST_VARIABLE "PAWL_HOST"
/* Set by the starter where it could not count a start, to the NAME that it therefore left out. */
#define START_REFUSED_VARIABLE "PAWL_REFUSED"
/* Set by the starter: what it chose is not to be chosen again. */
#define START_DONE_VARIABLE "PAWL_STARTED"
/* The starter's pid where it stays to watch a trial: a restart is then an exit with this status. */
#define START_WATCHED_VARIABLE "PAWL_WATCHED"
#define START_AGAIN_STATUS     83

/* Names in LISTEN_FDNAMES of sockets that one pawld leaves to the next; the socket's file name
 * follows. "own": this pawld bound it and removes it at its end. */
#define START_SOCKET_OWN   "pawl-own-"
#define START_SOCKET_GIVEN "pawl-given-"
