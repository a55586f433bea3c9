-- SPDX-License-Identifier: Apache-2.0
-- Rebuilds a table that others refer to, both ways: with foreign keys on, that would delete their rows.
-- up
ALTER TABLE change ADD COLUMN position INTEGER;
-- down
CREATE TABLE change_2 (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        summary TEXT NOT NULL,
        api_data TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(api_data)),
        spawned_at INTEGER NOT NULL,
        ready_at INTEGER,
        is_aborted INTEGER NOT NULL DEFAULT 0 CHECK (is_aborted IN (0, 1)),
        is_clean INTEGER NOT NULL DEFAULT 0 CHECK (is_clean IN (0, 1)),
        is_queued INTEGER NOT NULL DEFAULT 0 CHECK (is_queued IN (0, 1, 2)),
        queued_until INTEGER
) STRICT;
INSERT INTO change_2 SELECT id, kind, summary, api_data, spawned_at, ready_at, is_aborted, is_clean,
        is_queued, queued_until FROM change;
DROP TABLE change;
ALTER TABLE change_2 RENAME TO change;
CREATE INDEX change_unfinished ON change (id) WHERE ready_at IS NULL;
CREATE INDEX change_unclean ON change (id) WHERE is_clean = 0;
