create schema shop;
comment on schema shop is 'what is sold';
create table shop.sites (site_id int primary key, name varchar(40) not null, price numeric(12,2) check (price > 0), opened date default current_date);
comment on table shop.sites is 'sites with a contract';
comment on column shop.sites.price is 'a month, in euros';
create index sites_name on shop.sites (name, opened desc);
create table shop.visits (visit_id bigint generated always as identity primary key, site_id int not null references shop.sites, at timestamptz not null default '2018-02-15 12:00:00+00', note text);
create view shop.cheap as select site_id, price from shop.sites where price < 5;
insert into shop.sites select i, 'site ' || i, i * 1.25, date '2018-01-01' + i from generate_series(1, 20) i;
insert into shop.visits (site_id, note) select 1 + i % 20, repeat('visit ', i % 7) || i from generate_series(1, 5000) i;
create table shop.kinds (id int primary key, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(20,4), t text, v varchar(20), c char(5),
	x bytea, d date, tm time, ts timestamp, tstz timestamptz, iv interval, u uuid, j json, jb jsonb, ia int[], ta text[], na numeric[], o oid);
insert into shop.kinds values
	(1, true, 32767, 2147483647, 9223372036854775807, 1.5, 0.1, 12345678901234567890.123456789, 1.25, 'plain', 'varying', 'char',
	 '\x00ff10', '2018-02-15', '12:34:56.789', '2018-02-15 12:34:56.789012', '2018-02-15 12:34:56.789012+00', '1 year 2 mons 3 days 04:05:06.7',
	 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2.50, null], "b": "x"}', '{"b": "x", "a": [1, 2.50, null]}', '{1,2,NULL}', '{a,"b c","d\"e"}', '{1.50,-2}', 4294967295),
	(2, false, -32768, -2147483648, -9223372036854775808, -1e30, 'NaN', 'NaN', -0.0001, E'tab\tline\nquote''"\\end', 'größe', 'ü',
	 '', '0044-03-15 BC', '00:00:00', '0044-03-15 00:00:00 BC', '9999-12-31 23:59:59.999999+00', '-1 mons +2 days -00:00:00.000001',
	 '00000000-0000-0000-0000-000000000000', '[]', '{}', '{}', '{}', '{NaN}', 0),
	(3, null, 0, 0, 0, 'Infinity', '-Infinity', 0.000, 0, '日本語 🚀', '', '', '\xdeadbeef', 'infinity', '23:59:59.999999', 'infinity', '-infinity', '0',
	 'ffffffff-ffff-ffff-ffff-ffffffffffff', '"text"', 'null', '{{1,2},{3,4}}', '{NULL,"NULL",""}', null, 26),
	(4, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
create table shop.zoned (id int, at timetz);
insert into shop.zoned values (1, '12:34:56.789+05:30'), (2, '24:00:00-12'), (3, null);
