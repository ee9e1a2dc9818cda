-- The ETag under which a file of the lake was committed; '' for files from before it was kept.
ALTER TABLE file ADD COLUMN etag TEXT NOT NULL DEFAULT '';
