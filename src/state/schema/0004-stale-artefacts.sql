-- SPDX-License-Identifier: Apache-2.0
-- up
-- What each install and removal asks, never by reading the rows of all packages: which links are stale, and which are
-- of one snap; which revision an image is of; which snap is the daemon's own.
CREATE INDEX artefact_stale ON artefact (kind, instance) WHERE is_stale = 1;
CREATE INDEX artefact_by_instance ON artefact (instance, kind);
CREATE INDEX revision_by_file ON revision (file);
CREATE INDEX snap_of_daemon ON snap (instance) WHERE type = 'snapd';

-- down
DROP INDEX artefact_stale;
DROP INDEX artefact_by_instance;
DROP INDEX revision_by_file;
DROP INDEX snap_of_daemon;
