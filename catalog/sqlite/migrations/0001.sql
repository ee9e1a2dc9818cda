-- Times are microseconds from 1970-01-01 UTC. A row is live from begin_generation until end_generation (NULL: still).

CREATE TABLE generation (
    number       INTEGER PRIMARY KEY,
    committed_at INTEGER NOT NULL,
    kind         TEXT    NOT NULL,          -- append, replace, cover
    table_id     INTEGER NOT NULL REFERENCES tbl
);
CREATE INDEX generation_table ON generation (table_id, number);

-- A name gets its row with the first reservation or failure; it is a table from its first definition on.
CREATE TABLE tbl (
    table_id    INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,    -- schema.table
    batch_seq   INTEGER NOT NULL DEFAULT 0, -- last one given
    load_seq    INTEGER NOT NULL DEFAULT 0, -- last one given
    hot_changes INTEGER NOT NULL DEFAULT 0  -- changes of hot_part that made no generation
);

CREATE TABLE definition (
    table_id         INTEGER NOT NULL REFERENCES tbl,
    begin_generation INTEGER NOT NULL,
    end_generation   INTEGER,
    schema_version   INTEGER NOT NULL,
    definition       TEXT    NOT NULL,      -- JSON of catalog.Table
    PRIMARY KEY (table_id, begin_generation)
) WITHOUT ROWID;

CREATE TABLE part (
    partition_id INTEGER PRIMARY KEY,
    table_id     INTEGER NOT NULL REFERENCES tbl,
    value        TEXT    NOT NULL,          -- dt=2018-02-15/site_id=3
    UNIQUE (table_id, value)
);

CREATE TABLE batch (
    batch_id     INTEGER PRIMARY KEY,
    table_id     INTEGER NOT NULL REFERENCES tbl,
    batch        TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    state        TEXT    NOT NULL,          -- committed, replaced, failed
    kind         TEXT    NOT NULL DEFAULT '',
    pipeline     TEXT    NOT NULL DEFAULT '',
    version      TEXT    NOT NULL DEFAULT '',
    read         INTEGER NOT NULL,
    blank        INTEGER NOT NULL,
    rejected     INTEGER NOT NULL,
    filtered     INTEGER NOT NULL,
    deduplicated INTEGER NOT NULL,
    emitted      INTEGER NOT NULL,
    bytes_in     INTEGER NOT NULL,
    bytes_out    INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    committed_at INTEGER NOT NULL DEFAULT 0,
    generation   INTEGER NOT NULL DEFAULT 0, -- that published it
    content      TEXT    NOT NULL DEFAULT '', -- hash of what the record says
    reason       TEXT    NOT NULL DEFAULT '',
    UNIQUE (table_id, batch, revision)
);
CREATE UNIQUE INDEX batch_seq ON batch (table_id, seq) WHERE state <> 'failed';

-- The ledger of inputs: the newest published state of each key.
CREATE TABLE input (
    table_id INTEGER NOT NULL REFERENCES tbl,
    key      TEXT    NOT NULL,
    etag     TEXT    NOT NULL,
    size     INTEGER NOT NULL,
    seq      INTEGER NOT NULL,              -- of the batch that read it
    PRIMARY KEY (table_id, key)
) WITHOUT ROWID;

CREATE TABLE file (
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
    UNIQUE (table_id, path)
);
CREATE INDEX file_begin ON file (table_id, begin_generation);
CREATE INDEX file_end   ON file (table_id, end_generation);
CREATE INDEX file_pair  ON file (batch_id, partition_id);

CREATE TABLE hot_schema (
    table_id INTEGER NOT NULL REFERENCES tbl,
    version  INTEGER NOT NULL,
    columns  TEXT    NOT NULL,              -- JSON array of names
    PRIMARY KEY (table_id, version)
) WITHOUT ROWID;

CREATE TABLE hot_part (
    table_id           INTEGER NOT NULL REFERENCES tbl,
    load_seq           INTEGER NOT NULL,
    batch_id           INTEGER NOT NULL REFERENCES batch,
    partition_id       INTEGER NOT NULL REFERENCES part,
    hot_schema_version INTEGER NOT NULL,
    begin_generation   INTEGER NOT NULL,
    end_generation     INTEGER,
    purged             INTEGER NOT NULL DEFAULT 0, -- 1: ended, and the rows are no longer in the hot table
    PRIMARY KEY (table_id, load_seq)
) WITHOUT ROWID;
CREATE INDEX hot_part_pair ON hot_part (batch_id, partition_id);
