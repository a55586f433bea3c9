-- SPDX-License-Identifier: Apache-2.0
-- up
-- Who is (or was, and should not be again) connected with whom: intent, by names only.  Whether a connection is
-- live is the answer of a view; what is switched, disabled or refreshed away changes no row here.
CREATE TABLE connection (
        plug_snap TEXT NOT NULL CHECK (plug_snap <> ''),
        plug TEXT NOT NULL CHECK (plug <> ''),
        -- '' = a slot of the system itself.
        slot_snap TEXT NOT NULL,
        slot TEXT NOT NULL CHECK (slot <> ''),
        interface TEXT NOT NULL CHECK (interface <> ''),
        is_auto INTEGER NOT NULL DEFAULT 0 CHECK (is_auto IN (0, 1)),
        -- Made automatically and then taken apart by hand: never made automatically again.
        is_undesired INTEGER NOT NULL DEFAULT 0 CHECK (is_undesired IN (0, 1)),
        plug_attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(plug_attributes)),
        slot_attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(slot_attributes)),
        PRIMARY KEY (plug_snap, plug, slot_snap, slot),
        CHECK (is_undesired <= is_auto)
) STRICT;
CREATE INDEX connection_by_slot ON connection (slot_snap, slot);

INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, is_auto, is_undesired, plug_attributes,
        slot_attributes)
SELECT row->>'plug_snap', row->>'plug', row->>'slot_snap', row->>'slot', row->>'interface', row->>'is_auto',
        row->>'is_undesired', row->>'plug_attributes', row->>'slot_attributes'
FROM parked WHERE schema = 2 AND table_name = 'connection';
DELETE FROM parked WHERE schema = 2 AND table_name = 'connection';

-- down
INSERT INTO parked (schema, table_name, row)
SELECT 2, 'connection', json_object('plug_snap', plug_snap, 'plug', plug, 'slot_snap', slot_snap, 'slot', slot,
        'interface', interface, 'is_auto', is_auto, 'is_undesired', is_undesired, 'plug_attributes', plug_attributes,
        'slot_attributes', slot_attributes) FROM connection;
DROP TABLE connection;
