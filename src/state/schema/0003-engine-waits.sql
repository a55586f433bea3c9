-- SPDX-License-Identifier: Apache-2.0
-- up
-- What a task in Wait gets when its wait is over, and what it waits for: until the fact `wait_name` has another value
-- than `wait_value`; no name = it is over.
ALTER TABLE task ADD COLUMN waited_status TEXT CHECK (waited_status IN ('Done', 'Undone'));
ALTER TABLE task ADD COLUMN wait_name TEXT;
ALTER TABLE task ADD COLUMN wait_value TEXT;
-- In its present direction: how often its worker died, and how often the daemon died while it was at work.
ALTER TABLE task ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;
-- Made while another change had one of its snaps: its plan is made when that one is ready, or it fails at that time.
-- 2 = the plan is being made, in the transaction that sees the 2; it is never committed.
ALTER TABLE change ADD COLUMN is_queued INTEGER NOT NULL DEFAULT 0 CHECK (is_queued IN (0, 1, 2));
ALTER TABLE change ADD COLUMN queued_until INTEGER;

-- down
-- A wait that an older daemon would never end is worked for again; what is only queued is not done.
UPDATE task SET status = CASE waited_status WHEN 'Done' THEN 'Doing' ELSE 'Undoing' END, attempt = attempt + 1
WHERE status = 'Wait';
UPDATE task SET status = 'Hold', ready_at = unixepoch() * 1000000000, retry_at = NULL
WHERE change IN (SELECT id FROM change WHERE is_queued > 0 AND ready_at IS NULL);
UPDATE change SET ready_at = unixepoch() * 1000000000 WHERE is_queued > 0 AND ready_at IS NULL;
ALTER TABLE task DROP COLUMN waited_status;
ALTER TABLE task DROP COLUMN wait_name;
ALTER TABLE task DROP COLUMN wait_value;
ALTER TABLE task DROP COLUMN deaths;
ALTER TABLE task DROP COLUMN interruptions;
ALTER TABLE change DROP COLUMN is_queued;
ALTER TABLE change DROP COLUMN queued_until;
