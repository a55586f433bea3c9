-- SPDX-License-Identifier: Apache-2.0
-- A schema newer than the daemon's, for the tests of the way back: a new table, a new column with rows that
-- the old schema cannot hold, and a table rebuilt.
-- up
CREATE TABLE note (
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL
) STRICT;
INSERT INTO note (id, text)
        SELECT row ->> 'id', row ->> 'text' FROM parked WHERE schema = 5 AND table_name = 'note';
ALTER TABLE setting ADD COLUMN scope TEXT NOT NULL DEFAULT 'machine';
INSERT INTO setting (key, value, scope)
        SELECT row ->> 'key', row ->> 'value', row ->> 'scope' FROM parked WHERE schema = 5 AND table_name = 'setting';
DELETE FROM parked WHERE schema = 5;
-- down
INSERT INTO parked (schema, table_name, row)
        SELECT 5, 'note', json_object('id', id, 'text', text) FROM note;
DROP TABLE note;
INSERT INTO parked (schema, table_name, row)
        SELECT 5, 'setting', json_object('key', key, 'value', value, 'scope', scope) FROM setting
        WHERE scope <> 'machine';
CREATE TABLE setting_1 (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
) STRICT;
INSERT INTO setting_1 SELECT key, value FROM setting WHERE scope = 'machine';
DROP TABLE setting;
ALTER TABLE setting_1 RENAME TO setting;
