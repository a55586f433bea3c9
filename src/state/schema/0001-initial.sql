-- SPDX-License-Identifier: Apache-2.0
-- up
-- Times are nanoseconds since 1970 UTC.  Booleans are 0 or 1.  JSON columns hold canonical JSON text.

CREATE TABLE setting (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
) STRICT;

-- An installed (or being installed: current IS NULL) package instance.
CREATE TABLE snap (
        instance TEXT PRIMARY KEY CHECK (length(instance) BETWEEN 1 AND 51),
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
        type TEXT NOT NULL CHECK (type IN ('app', 'gadget', 'kernel', 'base', 'os', 'snapd')),
        current TEXT,
        is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
        tracking TEXT NOT NULL DEFAULT '',
        is_devmode INTEGER NOT NULL DEFAULT 0 CHECK (is_devmode IN (0, 1)),
        is_jailmode INTEGER NOT NULL DEFAULT 0 CHECK (is_jailmode IN (0, 1)),
        is_classic INTEGER NOT NULL DEFAULT 0 CHECK (is_classic IN (0, 1)),
        is_try INTEGER NOT NULL DEFAULT 0 CHECK (is_try IN (0, 1)),
        -- Grows with every commit that changes what a launch of this snap would see; a plan made under another
        -- epoch is refused.  Never goes back, also not in undo.
        epoch INTEGER NOT NULL DEFAULT 1,
        -- While set, launches wait: the change that owns the pause.
        paused_by INTEGER REFERENCES change (id) DEFERRABLE INITIALLY DEFERRED,
        paused_boot TEXT,
        switched_at INTEGER,
        FOREIGN KEY (instance, current) REFERENCES revision (instance, revision) DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE revision (
        instance TEXT NOT NULL REFERENCES snap (instance) DEFERRABLE INITIALLY DEFERRED,
        revision TEXT NOT NULL CHECK (revision GLOB 'x[1-9]*' OR revision GLOB '[1-9]*'),
        -- Order of installation; a revert does not change it.
        position INTEGER NOT NULL,
        -- Beneath images/; or, of a directory that is tried, FILE-SYSTEM:INODE:/PATH.
        file TEXT,
        size INTEGER NOT NULL CHECK (size >= 0),
        sha3_384 TEXT NOT NULL CHECK (length(sha3_384) = 96),
        version TEXT NOT NULL,
        base TEXT NOT NULL DEFAULT '',
        confinement TEXT NOT NULL CHECK (confinement IN ('strict', 'devmode', 'classic')),
        snap_id TEXT NOT NULL DEFAULT '',
        manifest TEXT NOT NULL CHECK (json_valid(manifest)),
        raw_manifest TEXT NOT NULL,
        -- Reverted away from: a refresh does not choose it again.
        is_blocked INTEGER NOT NULL DEFAULT 0 CHECK (is_blocked IN (0, 1)),
        installed_at INTEGER NOT NULL,
        PRIMARY KEY (instance, revision),
        UNIQUE (instance, position)
) STRICT;

CREATE TABLE app (
        instance TEXT NOT NULL,
        revision TEXT NOT NULL,
        name TEXT NOT NULL,
        command TEXT NOT NULL,
        daemon TEXT,
        PRIMARY KEY (instance, revision, name),
        FOREIGN KEY (instance, revision) REFERENCES revision (instance, revision)
                ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE hook (
        instance TEXT NOT NULL,
        revision TEXT NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (instance, revision, name),
        FOREIGN KEY (instance, revision) REFERENCES revision (instance, revision)
                ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- Plugs and slots of a revision, derived from its manifest.
CREATE TABLE endpoint (
        instance TEXT NOT NULL,
        revision TEXT NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('plug', 'slot')),
        name TEXT NOT NULL,
        interface TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        attributes TEXT NOT NULL CHECK (json_valid(attributes)),
        PRIMARY KEY (instance, revision, side, name),
        FOREIGN KEY (instance, revision) REFERENCES revision (instance, revision)
                ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- Ids are never used again: AUTOINCREMENT.
CREATE TABLE change (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        -- The object that clients see as the change's `data`.
        api_data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(api_data)),
        spawned_at INTEGER NOT NULL,
        ready_at INTEGER,
        is_aborted INTEGER NOT NULL DEFAULT 0 CHECK (is_aborted IN (0, 1)),
        is_clean INTEGER NOT NULL DEFAULT 0 CHECK (is_clean IN (0, 1))
) STRICT;

CREATE INDEX change_unfinished ON change (id) WHERE ready_at IS NULL;
CREATE INDEX change_unclean ON change (id) WHERE is_clean = 0;

-- The snaps that a change touches: what conflicts are decided from.
CREATE TABLE change_snap (
        change INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        instance TEXT NOT NULL,
        PRIMARY KEY (change, instance)
) STRICT;
CREATE INDEX change_snap_by_instance ON change_snap (instance);

CREATE TABLE task (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        change INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'Do' CHECK (status IN ('Do', 'Doing', 'Done', 'Abort', 'Undo', 'Undoing',
                'Undone', 'Hold', 'Error', 'Wait')),
        -- What the task is about, written when it was made; a commit may add to it (what undo needs).
        data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(data)),
        -- The number of the last attempt that was started; results of an earlier one are refused.
        attempt INTEGER NOT NULL DEFAULT 0,
        -- Failed in a way that left traces: being undone, then Error.
        is_failed INTEGER NOT NULL DEFAULT 0 CHECK (is_failed IN (0, 1)),
        retry_at INTEGER,
        spawned_at INTEGER NOT NULL,
        ready_at INTEGER,
        doing_ns INTEGER NOT NULL DEFAULT 0,
        undoing_ns INTEGER NOT NULL DEFAULT 0,
        is_clean INTEGER NOT NULL DEFAULT 0 CHECK (is_clean IN (0, 1))
) STRICT;
CREATE INDEX task_by_change ON task (change);
CREATE INDEX task_unfinished ON task (status) WHERE status NOT IN ('Done', 'Undone', 'Hold', 'Error');

-- `task` runs after `waits_for`; undone in the other direction.
CREATE TABLE task_wait (
        task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        waits_for INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (task, waits_for),
        CHECK (task <> waits_for)
) STRICT;
CREATE INDEX task_wait_by_waits_for ON task_wait (waits_for);

CREATE TABLE task_lane (
        task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        lane INTEGER NOT NULL,
        PRIMARY KEY (task, lane)
) STRICT;

CREATE TABLE task_log (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        at INTEGER NOT NULL,
        level TEXT NOT NULL CHECK (level IN ('INFO', 'ERROR')),
        text TEXT NOT NULL
) STRICT;
CREATE INDEX task_log_by_task ON task_log (task);

-- What this daemon projected into the world (links, policy, ...): a mark is a hint, never proof.
CREATE TABLE artefact (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        instance TEXT,
        digest TEXT NOT NULL,
        is_stale INTEGER NOT NULL DEFAULT 1 CHECK (is_stale IN (0, 1)),
        boot TEXT,
        PRIMARY KEY (kind, name)
) STRICT;

CREATE TABLE warning (
        message TEXT PRIMARY KEY,
        first_added INTEGER NOT NULL,
        last_added INTEGER NOT NULL,
        last_shown INTEGER,
        expire_after INTEGER NOT NULL,
        repeat_after INTEGER NOT NULL
) STRICT;

-- Rows that an older schema cannot hold, kept verbatim for the way up.
CREATE TABLE parked (
        schema INTEGER NOT NULL,
        table_name TEXT NOT NULL,
        row TEXT NOT NULL CHECK (json_valid(row))
) STRICT;

-- Down-migrations, in the database itself so that an older daemon can walk back; in the SQL of schema 1.
CREATE TABLE migration (
        schema INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        down TEXT NOT NULL,
        applied_at INTEGER NOT NULL
) STRICT;

-- down
-- (none: schema 1 is the oldest)
