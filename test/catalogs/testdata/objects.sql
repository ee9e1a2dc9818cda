CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'What is sold';
CREATE SEQUENCE shop.numbers AS integer START WITH 10 INCREMENT BY 5 MAXVALUE 1000 CYCLE;
CREATE TABLE shop.kinds (
  id bigint PRIMARY KEY, small smallint, yes boolean, r real, d double precision, n numeric(12, 3), t text, v varchar(20),
  day date, at timestamp, atz timestamptz, tod time, u uuid, b bytea, j json, jb jsonb, span interval
);
INSERT INTO shop.kinds VALUES
  (1, 7, true, 1.5, 1e300, 12.340, 'a''b', 'väter', '2018-02-03', '2018-02-03 04:05:06.789', '2018-02-03 04:05:06+09', '04:05:06',
   '00000000-0000-0000-0000-00000000000a', '\x00ff', '{"a": [1]}', '{"b": null}', '1 mon 2 days 03:04:05'),
  (2, -7, false, 'NaN', '-Infinity', -0.001, '', ' x', '0044-03-15 BC', 'infinity', '-infinity', '24:00:00',
   'ffffffff-ffff-ffff-ffff-ffffffffffff', '', '[]', '"text"', '-1 year'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
