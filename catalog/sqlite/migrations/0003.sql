-- Rows of the batch in which a value was cut to its column's length.
ALTER TABLE batch ADD COLUMN truncated INTEGER NOT NULL DEFAULT 0;
