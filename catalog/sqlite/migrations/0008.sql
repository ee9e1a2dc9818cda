-- Who works on what of a table until when; see catalog.Lease. Tokens are never used again.
CREATE TABLE lease (
    token    INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id INTEGER NOT NULL REFERENCES tbl,
    piece    TEXT    NOT NULL,
    owner    TEXT    NOT NULL,
    until    INTEGER NOT NULL,
    UNIQUE (table_id, piece)
);
CREATE TABLE lease_input (
    table_id INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    etag     TEXT    NOT NULL,
    token    INTEGER NOT NULL REFERENCES lease ON DELETE CASCADE,
    PRIMARY KEY (table_id, key)
) WITHOUT ROWID;
CREATE INDEX lease_input_by_token ON lease_input (token);
