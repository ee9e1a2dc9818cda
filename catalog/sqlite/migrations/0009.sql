-- What is wrong with the batches of tables, see catalog.Incident.
CREATE TABLE incident (
    incident_id INTEGER PRIMARY KEY,
    table_id    INTEGER NOT NULL REFERENCES tbl,
    kind        TEXT    NOT NULL,
    rule        TEXT    NOT NULL,
    batch       TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    resolved_at INTEGER NOT NULL DEFAULT 0  -- 0: it is open
);
CREATE UNIQUE INDEX incident_open ON incident (table_id, kind, rule) WHERE resolved_at = 0;

-- The outbox: what people are to be told.
CREATE TABLE notice (
    incident_id INTEGER NOT NULL REFERENCES incident,
    event       TEXT    NOT NULL,           -- opened, resolved
    at          INTEGER NOT NULL,
    PRIMARY KEY (incident_id, event)
) WITHOUT ROWID;
CREATE INDEX notice_at ON notice (at);

-- How far each target was told. A row is there from the first attempt on.
CREATE TABLE delivery (
    incident_id  INTEGER NOT NULL REFERENCES incident,
    event        TEXT    NOT NULL,
    target       TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,          -- no attempt before
    delivered_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (incident_id, event, target)
) WITHOUT ROWID;
