-- The oldest generation that can be read: files that ended up to it may be gone.
CREATE TABLE horizon (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL
);
INSERT INTO horizon VALUES (1, 0);

-- Processes that answer queries, and what they read; see catalog.Reader.
CREATE TABLE reader (
    id      TEXT    PRIMARY KEY,
    oldest  INTEGER NOT NULL,
    horizon INTEGER NOT NULL,
    until   INTEGER NOT NULL
) WITHOUT ROWID;

-- 1: no generation that can be read has the file, and it is no longer in the lake.
ALTER TABLE file ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
