/* SPDX-License-Identifier: Apache-2.0
 *
 * One package that is updated, a daemon that is killed, restarted or replaced by another build at any
 * moment, an undo, and a launch.  README.md says what is modelled, what is not, and what each fault is:
 *
 *      -DPOLICY_ON_DISK      the launcher reads the policy that it finds, and asks nobody
 *      -DNO_GO               the launcher asks, but starts without a `go`
 *      -DTWO_TASKS           the package is inactive from one task to another, not switched in one
 *      -DMEMORY_REPOSITORY   and what exists is kept in memory, rebuilt at start from what is active
 *      -DPAUSE_STAYS         undo does not lift the pause
 *      -DSWEEP_BY_ROWS       a start removes every image that has no row
 *
 * An `atomic` is one transaction of the daemon, or one answer to a launcher: between any two the daemon
 * may die.  Each `done` counts a task whose status is in the same transaction as its effect.
 */
#define NONE   0
#define OLDEST 1 /* revisions: retained, current, to come */
#define OLD    2
#define NEW    3
#ifndef RESTARTS
#define RESTARTS 3
#endif
#ifdef MEMORY_REPOSITORY
#define TWO_TASKS
#endif

/* --- on disk ---------------------------------------------------------------------------------- */

byte current = OLD;
bool is_active = true;
bool is_paused = false;
byte epoch = 0;               /* grows with a switch and with its undo */
bool has_row[4], has_image[4];
byte done = 0;                /* tasks that are done, of TASKS in a row */
bool is_undoing = false;      /* then `done` counts down */
bool is_ready = false;        /* the change has ended */
bool is_clean = false;        /* and what it threw away is gone */
byte policy_file = 1;         /* which generation wrote the files that POLICY_ON_DISK finds */

#define TASKS 6

/* --- in memory; a generation is a build of the daemon with a policy of its own ------------------ */

byte running = 1;             /* NONE: no daemon */
bool is_serving = true;       /* past its start */
bool is_remembered = true;    /* by the repository of MEMORY_REPOSITORY */
byte restarts = 0;

bool has_launched = false;

#define UP       (running != NONE && is_serving)
#define FORWARDS (UP && !is_ready && !is_undoing)
#define BACK     (UP && !is_ready && is_undoing)

/* What somebody is told who asks the daemon whether the package's plug is connected. */
#ifdef MEMORY_REPOSITORY
#define IS_CONNECTED (is_remembered)
#else
#define IS_CONNECTED (is_active && current != NONE && has_row[current])
#endif

#ifdef TWO_TASKS
inline leave()       { is_active = false; is_remembered = false; epoch++ }
inline leave_back()  { is_active = true; epoch++ }
inline arrive()      { current = NEW; is_active = true; epoch++ }
inline arrive_back() { current = OLD; is_active = false; is_remembered = false; epoch++ }
#else
inline leave()       { is_paused = true }
#ifdef PAUSE_STAYS
inline leave_back()  { skip }
#else
inline leave_back()  { is_paused = false }
#endif
inline arrive()      { current = NEW; is_paused = false; epoch++ }
inline arrive_back() { current = OLD; epoch++ }
#endif
/* Profiles are set up: the repository of MEMORY_REPOSITORY is told of the plugs and slots. */
inline setup() { is_remembered = true }

inline sweep() {
#ifdef SWEEP_BY_ROWS
        has_image[OLDEST] = has_image[OLDEST] && has_row[OLDEST];
#else
        /* What an undo may still bring back is kept: its row is in the task. */
        has_image[OLDEST] = has_image[OLDEST] && (has_row[OLDEST] || !is_clean);
#endif
        has_image[NEW] = has_image[NEW] && has_row[NEW]
}

proctype Daemon() {
        do
        /* The worker of the first task places the image; it may die before the commit. */
        :: atomic { FORWARDS && done == 0 && !has_image[NEW] -> has_image[NEW] = true }
        :: atomic { FORWARDS && done == 0 && has_image[NEW] -> has_row[NEW] = true; done = 1 }
        :: atomic { FORWARDS && done == 1 -> leave(); done = 2 }
        :: atomic { FORWARDS && done == 2 -> setup(); done = 3 }
        :: atomic { FORWARDS && done == 3 -> arrive(); done = 4 }
        :: atomic { FORWARDS && done == 4 -> has_row[OLDEST] = false; done = 5 }
        :: atomic { FORWARDS && done == 5 -> done = TASKS; is_ready = true }
        /* Any of them fails, or a client aborts; there is nothing to undo yet at 0. */
        :: atomic { FORWARDS && done > 0 -> is_undoing = true }
        :: atomic { BACK && done == 5 -> has_row[OLDEST] = true; done = 4 }
        :: atomic { BACK && done == 4 -> arrive_back(); done = 3 }
        :: atomic { BACK && done == 3 -> setup(); done = 2 }
        :: atomic { BACK && done == 2 -> leave_back(); done = 1 }
        :: atomic { BACK && done == 1 -> has_row[NEW] = false; done = 0; is_ready = true }
        /* Only now may files go that no row names. */
        :: atomic { UP && is_ready && !is_clean ->
                        has_image[OLDEST] = has_image[OLDEST] && has_row[OLDEST];
                        has_image[NEW] = has_image[NEW] && has_row[NEW]; is_clean = true }
        /* Killed, or ended to be replaced: nothing in memory is left. */
        :: atomic { running != NONE && restarts < RESTARTS ->
                        restarts++; running = NONE; is_serving = false; is_remembered = false }
        /* The same build or the other one, an update of the daemon or its revert. */
        :: atomic { running == NONE -> running = 1 }
        :: atomic { running == NONE -> running = 2 }
        /* Others start beside it: until this is over, its policy is not written. */
        :: atomic { running != NONE && !is_serving ->
                        policy_file = running; is_remembered = is_active; sweep(); is_serving = true }
        :: atomic { UP && is_clean && restarts == RESTARTS -> break }
        od
}

/* What must be true at the moment of `go`.  Of a launcher that asks nobody less is asked: that it does not
 * get the policy of another generation than the one that runs. */
inline check_go() {
#ifdef POLICY_ON_DISK
        assert(running == NONE || plan_policy == running);
#else
        assert(plan_policy == running);
        assert(plan_revision == current);
        assert(has_row[plan_revision] && has_image[plan_revision]);
        assert(!is_paused);
#endif
        has_launched = true
}

proctype Launcher() {
        byte plan_policy, plan_revision, plan_epoch, plan_generation;

        do
#ifdef POLICY_ON_DISK
        /* A service that is started in parallel with the daemon. */
        :: atomic { is_active -> plan_revision = current; plan_policy = policy_file }
           atomic { check_go(); break }
#else
        /* The daemon answers with the plan of this moment; without one the socket starts it, which is the
         * daemon's own step; paused is the answer "wait". */
        :: atomic { UP && is_active && !is_paused ->
                        plan_policy = running; plan_generation = running;
                        plan_revision = current; plan_epoch = epoch }
           /* The view is built.  A broken connection means: start over. */
           if
#ifdef NO_GO
           :: atomic { true -> check_go(); break }
#else
           :: atomic { UP && running == plan_generation && epoch == plan_epoch && !is_paused ->
                        check_go(); break }
           :: atomic { !(UP && running == plan_generation && epoch == plan_epoch && !is_paused) -> skip }
#endif
           fi
#endif
        od
}

init {
        atomic {
                has_row[OLDEST] = true; has_row[OLD] = true;
                has_image[OLDEST] = true; has_image[OLD] = true;
                run Daemon(); run Launcher()
        }
}

#define IS_BEFORE (current == OLD && has_row[OLDEST] && has_image[OLDEST] && has_row[OLD] && has_image[OLD] && \
                   !has_row[NEW] && !has_image[NEW])
#define IS_AFTER  (current == NEW && !has_row[OLDEST] && !has_image[OLDEST] && has_row[OLD] && has_image[OLD] && \
                   has_row[NEW] && has_image[NEW])
#define HAS_BEGUN (has_row[OLD])

/* Whoever asks, whenever: the current revision is connected. */
ltl always_connected { [] ((HAS_BEGUN && UP) -> IS_CONNECTED) }
/* The founding fault as its users met it: all is done, and the application has no interfaces. */
ltl connected_at_the_end { [] ((is_ready && UP) -> IS_CONNECTED) }
ltl ends_before_or_after { [] (is_clean -> (is_active && !is_paused && ((is_undoing && IS_BEFORE) ||
                                                                        (!is_undoing && IS_AFTER)))) }
ltl always_ends { <> is_clean }
ltl always_launches { <> has_launched }
