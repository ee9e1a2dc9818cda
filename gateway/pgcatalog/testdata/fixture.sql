-- The tables of webContents, for PostgreSQL 15.
create role demo login;
drop extension plpgsql;
create schema web;
create schema tidegate;
create table web.events (
  event_id text not null, ts timestamptz not null, site_id int, domain varchar(255), path varchar(2048), user_id bigint, load_ms int,
  score numeric(12,2), ratio double precision, ok boolean, query json, day date, dt varchar(13));
comment on table web.events is 'Page views, one row per event';
comment on column web.events.path is 'URL path';
create table web.site_daily (dt varchar(13), site_id int, pv bigint, uu bigint);
create view tidegate.tiers as select ''::text as table_name, ''::text as tier, 0::int as columns, 0::bigint as rows;
