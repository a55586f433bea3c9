-- SPDX-License-Identifier: Apache-2.0
-- A way back that loses rows: it must be noticed.
-- up
CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO note VALUES (1, 'lost');
-- down
DROP TABLE note;
