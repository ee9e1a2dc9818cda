-- Batches that are made again of their objects, see catalog.RecordRemake. place and arrived_at are seq and committed_at,
-- of a remake the latest of those in whose place it is.
ALTER TABLE batch ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN arrived_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN remade_by INTEGER NOT NULL DEFAULT 0; -- seq of what was made in its place
ALTER TABLE batch ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;     -- 1: rows that it lost to others are there no more
UPDATE batch SET place = seq, arrived_at = committed_at;
CREATE INDEX batch_place ON batch (table_id, place);
CREATE INDEX batch_stale ON batch (table_id) WHERE stale = 1;
