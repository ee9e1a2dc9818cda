-- The tables of catalog/sqlite/migrations up to 0010.sql, where what the columns mean is said. Text is compared by its
-- bytes, as SQLite does.

CREATE TABLE catalog (
    id             bigint  NOT NULL,        -- no two catalogs have the same
    schema_version integer NOT NULL         -- the number of migrations that it has
);
INSERT INTO catalog VALUES (hashtextextended(gen_random_uuid()::text, 0), 0);

CREATE TABLE tbl (
    table_id    bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name        text COLLATE "C" NOT NULL UNIQUE,
    batch_seq   bigint NOT NULL DEFAULT 0,
    load_seq    bigint NOT NULL DEFAULT 0,
    hot_changes bigint NOT NULL DEFAULT 0,
    listed_at   bigint NOT NULL DEFAULT 0,
    listed_by   text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE TABLE generation (
    number       bigint PRIMARY KEY,
    committed_at bigint NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    table_id     bigint NOT NULL REFERENCES tbl
);
CREATE INDEX generation_table ON generation (table_id, number);

CREATE TABLE definition (
    table_id         bigint NOT NULL REFERENCES tbl,
    begin_generation bigint NOT NULL,
    end_generation   bigint,
    schema_version   bigint NOT NULL,
    definition       text COLLATE "C" NOT NULL,
    PRIMARY KEY (table_id, begin_generation)
);

CREATE TABLE part (
    partition_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    table_id     bigint NOT NULL REFERENCES tbl,
    value        text COLLATE "C" NOT NULL,
    UNIQUE (table_id, value)
);

CREATE TABLE batch (
    batch_id     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    table_id     bigint NOT NULL REFERENCES tbl,
    batch        text COLLATE "C" NOT NULL,
    revision     bigint NOT NULL,
    seq          bigint NOT NULL,
    state        text COLLATE "C" NOT NULL,
    kind         text COLLATE "C" NOT NULL DEFAULT '',
    pipeline     text COLLATE "C" NOT NULL DEFAULT '',
    version      text COLLATE "C" NOT NULL DEFAULT '',
    read         bigint NOT NULL,
    blank        bigint NOT NULL,
    rejected     bigint NOT NULL,
    filtered     bigint NOT NULL,
    deduplicated bigint NOT NULL,
    emitted      bigint NOT NULL,
    truncated    bigint NOT NULL DEFAULT 0,
    bytes_in     bigint NOT NULL,
    bytes_out    bigint NOT NULL,
    started_at   bigint NOT NULL,
    committed_at bigint NOT NULL DEFAULT 0,
    generation   bigint NOT NULL DEFAULT 0,
    content      text COLLATE "C" NOT NULL DEFAULT '',
    reason       text COLLATE "C" NOT NULL DEFAULT '',
    notes        text COLLATE "C" NOT NULL DEFAULT '',
    place        bigint NOT NULL DEFAULT 0,
    arrived_at   bigint NOT NULL DEFAULT 0,
    remade_by    bigint NOT NULL DEFAULT 0,
    stale        bigint NOT NULL DEFAULT 0,
    UNIQUE (table_id, batch, revision)
);
CREATE UNIQUE INDEX batch_seq ON batch (table_id, seq) WHERE state <> 'failed';
CREATE INDEX batch_place ON batch (table_id, place);
CREATE INDEX batch_stale ON batch (table_id) WHERE stale = 1;

CREATE TABLE input (
    table_id bigint NOT NULL REFERENCES tbl,
    key      text COLLATE "C" NOT NULL,
    etag     text COLLATE "C" NOT NULL,
    size     bigint NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (table_id, key)
);
CREATE INDEX input_seq ON input (table_id, seq, key);

CREATE TABLE file (
    file_id          bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    table_id         bigint NOT NULL REFERENCES tbl,
    batch_id         bigint NOT NULL REFERENCES batch,
    partition_id     bigint NOT NULL REFERENCES part,
    path             text COLLATE "C" NOT NULL,
    rows             bigint NOT NULL,
    bytes            bigint NOT NULL,
    footer_bytes     bigint NOT NULL,
    schema_version   bigint NOT NULL,
    begin_generation bigint NOT NULL,
    end_generation   bigint,
    stats            bytea  NOT NULL,
    etag             text COLLATE "C" NOT NULL DEFAULT '',
    gone             bigint NOT NULL DEFAULT 0
);
CREATE INDEX file_begin ON file (table_id, begin_generation);
CREATE INDEX file_end   ON file (table_id, end_generation);
CREATE INDEX file_pair  ON file (batch_id, partition_id);
CREATE UNIQUE INDEX file_live ON file (table_id, path) WHERE end_generation IS NULL;

CREATE TABLE hot_schema (
    table_id bigint NOT NULL REFERENCES tbl,
    version  bigint NOT NULL,
    columns  text COLLATE "C" NOT NULL,
    PRIMARY KEY (table_id, version)
);

CREATE TABLE hot_part (
    table_id           bigint NOT NULL REFERENCES tbl,
    load_seq           bigint NOT NULL,
    batch_id           bigint NOT NULL REFERENCES batch,
    partition_id       bigint NOT NULL REFERENCES part,
    hot_schema_version bigint NOT NULL,
    begin_generation   bigint NOT NULL,
    end_generation     bigint,
    purged             bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (table_id, load_seq)
);
CREATE INDEX hot_part_pair ON hot_part (batch_id, partition_id);

CREATE TABLE hot_day (
    table_id           bigint NOT NULL REFERENCES tbl,
    day                bigint NOT NULL,
    hot_schema_version bigint NOT NULL,
    rows               bigint NOT NULL,
    sum                text COLLATE "C" NOT NULL,
    difference         text COLLATE "C" NOT NULL,
    begin_generation   bigint NOT NULL,
    end_generation     bigint,
    PRIMARY KEY (table_id, day, begin_generation)
);

CREATE TABLE hot_check (
    table_id           bigint PRIMARY KEY REFERENCES tbl,
    checked_at         bigint NOT NULL,
    hot_schema_version bigint NOT NULL,
    "collation"        text COLLATE "C" NOT NULL,
    notes              text COLLATE "C" NOT NULL
);

CREATE TABLE horizon (
    "only" bigint PRIMARY KEY CHECK ("only" = 1),
    number bigint NOT NULL
);
INSERT INTO horizon VALUES (1, 0);

CREATE TABLE reader (
    id      text COLLATE "C" PRIMARY KEY,
    oldest  bigint NOT NULL,
    horizon bigint NOT NULL,
    until   bigint NOT NULL
);

CREATE TABLE lease (
    token    bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    table_id bigint NOT NULL REFERENCES tbl,
    piece    text COLLATE "C" NOT NULL,
    owner    text COLLATE "C" NOT NULL,
    until    bigint NOT NULL,
    UNIQUE (table_id, piece)
);
CREATE TABLE lease_input (
    table_id bigint NOT NULL,
    key      text COLLATE "C" NOT NULL,
    etag     text COLLATE "C" NOT NULL,
    token    bigint NOT NULL REFERENCES lease ON DELETE CASCADE,
    PRIMARY KEY (table_id, key)
);
CREATE INDEX lease_input_by_token ON lease_input (token);

CREATE TABLE incident (
    incident_id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    table_id    bigint NOT NULL REFERENCES tbl,
    kind        text COLLATE "C" NOT NULL,
    rule        text COLLATE "C" NOT NULL,
    batch       text COLLATE "C" NOT NULL,
    text        text COLLATE "C" NOT NULL,
    opened_at   bigint NOT NULL,
    seen_at     bigint NOT NULL,
    resolved_at bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX incident_open ON incident (table_id, kind, rule) WHERE resolved_at = 0;

CREATE TABLE notice (
    incident_id bigint NOT NULL REFERENCES incident,
    event       text COLLATE "C" NOT NULL,
    at          bigint NOT NULL,
    PRIMARY KEY (incident_id, event)
);
CREATE INDEX notice_at ON notice (at);

CREATE TABLE delivery (
    incident_id  bigint NOT NULL REFERENCES incident,
    event        text COLLATE "C" NOT NULL,
    target       text COLLATE "C" NOT NULL,
    attempts     bigint NOT NULL,
    next_at      bigint NOT NULL,
    delivered_at bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (incident_id, event, target)
);
