drop table if exists shop.answers, shop.counted, shop.changes;
create table shop.answers (client int, site_id int, n bigint, load bigint, pv bigint, uu bigint);
create table shop.counted (site_id int primary key, n int, total bigint);
create table shop.changes (site_id int, delta int);
insert into shop.counted select site_id, 0, 0 from shop.sites;
