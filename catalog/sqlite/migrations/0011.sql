-- A load stays what it is when a compaction takes the rows of its pair over: it has one more row here, of the compaction's
-- pair, from the generation on in which the one before ended.
CREATE TABLE hot_part_next (
    table_id           INTEGER NOT NULL REFERENCES tbl,
    load_seq           INTEGER NOT NULL,
    batch_id           INTEGER NOT NULL REFERENCES batch,
    partition_id       INTEGER NOT NULL REFERENCES part,
    hot_schema_version INTEGER NOT NULL,
    begin_generation   INTEGER NOT NULL,
    end_generation     INTEGER,
    purged             INTEGER NOT NULL DEFAULT 0, -- 1: ended, and the rows are no longer in the hot table
    PRIMARY KEY (table_id, load_seq, begin_generation)
) WITHOUT ROWID;
INSERT INTO hot_part_next SELECT table_id, load_seq, batch_id, partition_id, hot_schema_version, begin_generation, end_generation, purged FROM hot_part;
DROP TABLE hot_part;
ALTER TABLE hot_part_next RENAME TO hot_part;
CREATE INDEX hot_part_pair ON hot_part (batch_id, partition_id);
