-- What a batch's making found beside its counts: JSON of catalog.Notes, '' for nothing.
ALTER TABLE batch ADD COLUMN notes TEXT NOT NULL DEFAULT '';
