-- SPDX-License-Identifier: Apache-2.0
-- up
-- Each commit that moves links asks what is stale, and marks what belongs to one snap: never by reading all of them.
CREATE INDEX artefact_stale ON artefact (kind, instance) WHERE is_stale = 1;
CREATE INDEX artefact_by_instance ON artefact (instance, kind);

-- down
DROP INDEX artefact_stale;
DROP INDEX artefact_by_instance;
