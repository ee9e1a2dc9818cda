-- A load stays what it is when a compaction takes the rows of its pair over: it has one more row here, of the compaction's
-- pair, from the generation on in which the one before ended.
ALTER TABLE hot_part DROP CONSTRAINT hot_part_pkey;
ALTER TABLE hot_part ADD PRIMARY KEY (table_id, load_seq, begin_generation);
