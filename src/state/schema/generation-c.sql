-- SPDX-License-Identifier: Apache-2.0
-- Only in builds with -Dgeneration=C: after the one of B, on what that one made.
-- up
ALTER TABLE generation_b ADD COLUMN length INTEGER NOT NULL DEFAULT 0;
UPDATE generation_b SET length = length(note);
CREATE INDEX generation_b_by_length ON generation_b (length);
CREATE TABLE generation_c (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        text TEXT NOT NULL
) STRICT;
INSERT INTO generation_c (id, text)
SELECT row->>'id', row->>'text' FROM parked WHERE schema = @SCHEMA@ AND table_name = 'generation_c';
DELETE FROM parked WHERE schema = @SCHEMA@ AND table_name = 'generation_c';
INSERT INTO generation_c (text) VALUES ('one for each walk up');

-- down
INSERT INTO parked (schema, table_name, row)
SELECT @SCHEMA@, 'generation_c', json_object('id', id, 'text', text) FROM generation_c;
DROP TABLE generation_c;
DROP INDEX generation_b_by_length;
ALTER TABLE generation_b DROP COLUMN length;
