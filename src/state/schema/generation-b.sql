-- SPDX-License-Identifier: Apache-2.0
-- Only in builds with -Dgeneration=B or C (HACKING.md): what a newer daemon's schema might add, with its way back.
-- up
CREATE TABLE generation_b (
        instance TEXT PRIMARY KEY,
        note TEXT NOT NULL
) STRICT;
ALTER TABLE snap ADD COLUMN generation_b TEXT NOT NULL DEFAULT 'b' CHECK (generation_b = 'b');

INSERT INTO generation_b (instance, note)
SELECT row->>'instance', row->>'note' FROM parked WHERE schema = @SCHEMA@ AND table_name = 'generation_b';
DELETE FROM parked WHERE schema = @SCHEMA@ AND table_name = 'generation_b';
INSERT OR IGNORE INTO generation_b (instance, note) SELECT instance, 'of ' || current FROM snap;

-- down
INSERT INTO parked (schema, table_name, row)
SELECT @SCHEMA@, 'generation_b', json_object('instance', instance, 'note', note) FROM generation_b;
DROP TABLE generation_b;
ALTER TABLE snap DROP COLUMN generation_b;
