-- Adopted tables: files that others replace under one path, and days that were compared with the warehouse.

-- A path is that of one live file; it may have been another's before. SQLite cannot drop the old constraint.
CREATE TABLE file_next (
    file_id          INTEGER PRIMARY KEY,
    table_id         INTEGER NOT NULL REFERENCES tbl,
    batch_id         INTEGER NOT NULL REFERENCES batch,
    partition_id     INTEGER NOT NULL REFERENCES part,
    path             TEXT    NOT NULL,
    rows             INTEGER NOT NULL,
    bytes            INTEGER NOT NULL,
    footer_bytes     INTEGER NOT NULL,
    schema_version   INTEGER NOT NULL,
    begin_generation INTEGER NOT NULL,
    end_generation   INTEGER,
    stats            BLOB    NOT NULL,      -- stats.go
    etag             TEXT    NOT NULL DEFAULT ''
);
INSERT INTO file_next SELECT file_id, table_id, batch_id, partition_id, path, rows, bytes, footer_bytes, schema_version,
    begin_generation, end_generation, stats, etag FROM file;
DROP TABLE file;
ALTER TABLE file_next RENAME TO file;
CREATE INDEX file_begin ON file (table_id, begin_generation);
CREATE INDEX file_end   ON file (table_id, end_generation);
CREATE INDEX file_pair  ON file (batch_id, partition_id);
CREATE UNIQUE INDEX file_live ON file (table_id, path) WHERE end_generation IS NULL;

CREATE TABLE hot_day (
    table_id           INTEGER NOT NULL REFERENCES tbl,
    day                INTEGER NOT NULL,    -- from 1970-01-01, in the table's zone
    hot_schema_version INTEGER NOT NULL,    -- the columns that were compared
    rows               INTEGER NOT NULL,    -- in the lake
    sum                TEXT    NOT NULL,    -- of these rows
    difference         TEXT    NOT NULL,    -- '': none, the day is hot
    begin_generation   INTEGER NOT NULL,
    end_generation     INTEGER,
    PRIMARY KEY (table_id, day, begin_generation)
) WITHOUT ROWID;

-- The newest comparison of a table.
CREATE TABLE hot_check (
    table_id    INTEGER PRIMARY KEY REFERENCES tbl,
    checked_at  INTEGER NOT NULL,
    hot_schema_version INTEGER NOT NULL,    -- 0: the warehouse has no such table
    collation   TEXT    NOT NULL,
    notes       TEXT    NOT NULL            -- JSON array
);
