-- Where new objects of a source are looked for: its inputs by batch, and when all of it was last read.

CREATE INDEX input_seq ON input (table_id, seq, key);
ALTER TABLE tbl ADD COLUMN listed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tbl ADD COLUMN listed_by TEXT NOT NULL DEFAULT ''; -- version of the pipeline
