# JSON, WITH, set operations, names, errors, what BI tools send.
select query::json -> 'utm', query::json ->> 'q', query::json -> 'utm' ->> 'source', query::json ->> 'page', count(*) from web.events group by query::json ->> 'q', query::json -> 'utm' ->> 'source', query::json ->> 'page', (query::json -> 'utm')::text, query having count(*) > 30
select query::json ->> 'q' as q, count(*) from web.events where query::json ->> 'q' is not null group by 1
select (query::json ->> 'page')::int as page, count(*) from web.events group by 1
select query::json -> 'q', query::json -> 'page', query::json ->> 0, query::json -> 'nope', query::json ->> 'utm' from web.events where dt = '2018-02-03' and site_id = 2
select query -> 'q' from web.events
select query ->> 'q' from web.events
select json_extract_path_text(query::json, 'utm', 'source'), count(*) from web.events group by 1
select '{bad'::json
select ('{bad' || '')::json
select path::json from web.events limit 1
select json_array_length('[1,2,3]'), json_array_length('[]')
select json_array_length('{"a":1}')
select '{"a\\b": 1, "a''b": 2}'::json ->> 'a\b', '{"a''b": 2}'::json ->> 'a''b', '{"naïve": 7}'::json ->> 'naïve', '{"a b": 7}'::json ->> 'a b'
with a as (select site_id, count(*) as n from web.events where dt = '2018-02-03' group by 1), b as (select site_id, max(n) over () as m, n from a) select * from b
with a as (select * from web.events) select count(*) from a where dt = '2018-02-03' union all select count(*) from a where dt = '2018-02-04'
with a as (select * from web.events where dt < '2018-02-05') select x.n, y.n from (select count(*) as n from a where site_id = 3) x, (select count(*) as n from a where load_ms > 100) y
with recursive t(n) as (select 1 union all select n + 1 from t where n < 100) select sum(n), count(*) from t
with recursive t(n) as (values (1) union select (n * 2) % 37 from t) select count(*), sum(n) from t
with recursive d(day) as (select date '2018-02-01' union all select day + 1 from d where day < '2018-02-14') select d.day, sum(s.pv) from d left join web.site_daily s on s.dt = d.day::text group by 1
with recursive t(n, s) as (select 1, 'a'::text union all select n + 1, s || 'b' from t where n < 5) select * from t
with recursive t(n, s) as (select 1, 'a' union all select n + 1, s || 'b' from t where n < 5) select * from t
with recursive fib(a, b) as (select 0, 1 union all select b, a + b from fib where b < 1000) select a from fib
with recursive t as (select 1 as n union all select n + 1 from t where n < 3), u as (select n * 2 as m from t) select * from u
with a as materialized (select 1 as x), b as not materialized (select x + 1 as y from a) select * from a, b
with a(x, y) as (select site_id, sum(pv) from web.site_daily group by 1) select x, y from a where x < 3
with web as (select 1 as x) select * from web
with events as (select 1 as x) select x, (select count(*) from web.events) from events
with a as (select ts, site_id from web.events order by ts desc limit 10) select count(*), count(distinct site_id) from a
with a as (select 1 as x) select * from (with a as (select 2 as x) select * from a) q, a
with a as (select site_id from web.site_daily where pv > 250) select count(*) from web.events where site_id in (select site_id from a)
with a as (select site_id from web.site_daily where pv > 250) select count(*) from web.events e where exists (select 1 from a where a.site_id = e.site_id)
select site_id from web.site_daily union select site_id * 1.5 from web.site_daily
select 1 union select 2.5 union select null
select 1 union all select '2'
select 'a' union all select null
select null union all select 1
select null union select null
select '1' union select 'a'
select 1 union select 'a'
select 1 union select date '2018-01-01'
select 1, 2 union select 1
select site_id from web.events intersect select site_id + 5 from web.events
select site_id from web.events except select site_id + 5 from web.events
select dt from web.site_daily except all select dt from web.site_daily where site_id > 3
select dt from web.site_daily where site_id < 4 intersect all select dt from web.site_daily where pv > 200
select site_id from web.site_daily where dt = '2018-02-01' union all select site_id from web.site_daily where dt = '2018-02-02' order by 1 limit 5
=(select site_id from web.site_daily where dt = '2018-02-01' order by pv desc, site_id limit 2) union all (select site_id from web.site_daily where dt = '2018-02-02' order by pv, site_id limit 2) order by 1
=select dt as day, 1 as k from web.site_daily union select dt, 2 from web.site_daily order by k desc, day limit 20
select 1 union select 2 intersect select 2 except select 1
select date '2018-01-01' union select timestamp '2018-01-01 10:00' union select timestamptz '2018-01-01 10:00+00'
select 1::smallint union select 2::bigint union select 3::real
select load_ms from web.events where site_id = 1 and dt = '2018-02-03' union select null
values (1, 'a'), (2, null), (null, 'c')
values (1), (2.5), (null)
=values (3), (1), (2) order by 1
=select * from (values (1, 'a'), (2, 'b')) as v(n, s) order by n desc
select * from (select dt, 'e' as src, count(*) as n from web.events group by 1 union all select dt, 'd', sum(pv) from web.site_daily group by 1) x where src = 'd' and dt < '2018-02-03'
select * from (select dt, site_id from web.events where site_id < 3 union select dt, site_id from web.site_daily where site_id > 18) x where dt = '2018-02-03'
select count(*) from (select ts from web.events where dt = '2018-02-01' union all select ts from web.events where dt = '2018-02-02') x where ts > '2018-02-01 12:00'
select site_id as s, count(*) from web.events group by s having count(*) > 3000
select site_id % 3 as dt, count(*) from web.site_daily group by dt
select upper(domain) as domain, count(*) from web.events group by domain
select upper(domain) as d, count(*) from web.events group by d
select lower(domain) as domain, count(*) from web.events group by 1
select site_id, ts from web.events group by site_id
select site_id, count(*) from web.events
select count(*) from web.events where count(*) > 1
select site_id + 1, count(*) from web.events group by site_id + 1
select site_id + 1 + 0, count(*) from web.events group by site_id
select (site_id + 1) * 2, count(*) from web.events group by site_id + 1
select dt, count(*) from web.events group by dt order by count(*) desc, dt limit 3
=select dt, count(*) as n from web.events group by dt order by n desc, dt limit 3
=select dt, count(*) as n from web.events group by dt order by count(*) + 1 desc, max(ts) limit 3
=select dt, site_id from web.site_daily order by site_id desc nulls last, dt asc nulls first limit 5
=select user_id, load_ms from web.events where dt = '2018-02-03' and site_id = 3 order by user_id nulls first, load_ms desc, ts, event_id
=select user_id, load_ms from web.events where dt = '2018-02-03' and site_id = 3 order by user_id desc, load_ms, ts, event_id
=select load_ms from web.events where dt = '2018-02-03' and site_id = 3 order by load_ms is null, load_ms
=select path from web.events where dt = '2018-02-03' and site_id < 4 order by path collate "C", ts
=select path from web.events where dt = '2018-02-03' and site_id < 4 order by lower(path), ts
=select path, length(path) as l from web.events where dt = '2018-02-03' and site_id < 4 order by l desc, path, ts
=select site_id, pv from web.site_daily where dt = '2018-02-03' order by case when site_id = 7 then 0 else 1 end, pv desc, site_id
select dt as d from web.site_daily order by d || 'x'
select dt as d from web.site_daily where d = '2018-02-03'
select e.* from web.site_daily e where e.dt = '2018-02-03' and events.site_id = 3
select nosuch from web.events
select web.events.dt from web.events where web.events.site_id = 1 and web.events.dt = '2018-02-01' group by 1
select events.dt from web.events group by events.dt
select EVENTS.DT from WEB.Events group by Dt
select "DT" from web.events
select e.dt from web.events
select * from web.nosuch
select * from nosuch.events
select nosuch(1)
select count(*) from web.events e, web.events e
select dt from web.events, web.site_daily
select 1 where false
select 1 from web.events where
select 'unterminated
select * from web.events e join web.site_daily d on dt = dt
select count(*) from web.events where site_id
select count(*) from web.events where ts = 5
select count(*) from web.events where ts > 'yesterdayy'
select sum(path) from web.events
select path + 1 from web.events
select 'a' + 1
select '5' + 1, '2018-02-03'::date + 1, '5' * '3'
select '5' || 1, 5 || '1'
select not 1
select case when 1 then 2 end
select coalesce(1, 'a')
select coalesce(ts, 1) from web.events
select greatest(1, 'a')
select length(1)
select substr(123, 1, 2)
select upper(1)
select 1 in ('a')
select 1 = 'a'
select 1 = true
select 1 between '0' and 2
select ts in ('2018-02-03') from web.events limit 0
select count(*) from web.events where ts in ('2018-02-03 00:09:00', null)
select count(*) from web.events group by ()
select max(dt) filter (where site_id = 3), count(*) filter (where false), sum(pv) filter (where pv > 100000) from web.site_daily
select count(*) from web.events for update
select 1; select 2
select row_number() over (order by dt, site_id), * from web.site_daily where dt = '2018-02-03'
select * from web.site_daily where row_number() over () < 3
select sum(count(*)) from web.events
select * from web.site_daily where pv > (select avg(pv) from web.site_daily) and dt = '2018-02-05'
select site_id, avg(pv) from web.site_daily group by 1 having avg(pv) > (select avg(pv) from web.site_daily)
select x, y from (select site_id as x, dt as y from web.site_daily) as t(a, b)
select a, b from (select site_id as x, dt as y from web.site_daily where pv > 250) as t(a, b)
select t.a, y from (select site_id as x, dt as y from web.site_daily where pv > 250) as t(a)
select count(*) from (select 1 from web.events where site_id = 1) x
select count(*) from (select distinct dt, site_id from web.events) x where site_id = 4
select max(n) from (select user_id, count(*) as n from web.events group by user_id) x
select max(n) from (select user_id, count(*) as n from web.events group by user_id) x where user_id is not null
select n, count(*) from (select user_id, count(*) as n from web.events group by user_id) x group by n
select "Site", "Total" from (select site_id as "Site", sum(pv) as "Total" from web.site_daily group by 1) t where "Site" < 4
select "a", "A" from (select 1 as "a", 2 as "A") t
select a."x y" from (select 1 as "x y") a
select s.site_id, s.n, t.m from (select site_id, count(*) as n from web.events group by 1) s left join (select site_id, max(load_ms) as m from web.events where load_ms > 2500 group by 1) t using (site_id)
select date_trunc('day', ts)::date as "day", site_id, count(distinct user_id) as uu, sum(load_ms) / nullif(count(load_ms), 0) as avg_ms from web.events where ts >= timestamp '2018-02-02' and ts < timestamp '2018-02-04' group by 1, 2
select cast(ts as date) as d, count(1) as "Records" from web.events group by cast(ts as date)
select (((date_part('YEAR', ts)::integer) * 100) + date_part('month', ts)::integer) as ym, count(*) from web.events group by 1
select date_trunc('QUARTER', ts) as "tqr:ts:ok", sum(1) as "sum:Records:ok" from web.events group by 1
select min(ts) as lo, max(ts) as hi from web.events having count(1) > 0
select sum(case when load_ms > 500 then 1 else 0 end)::float / nullif(count(*), 0)::float as share from web.events
select extract(epoch from max(ts) - min(ts)) / 86400 from web.events
select count(*) from web.events where ts >= (now() + interval '-30 day')::date
select floor(load_ms / 100.0) * 100 as bin, count(*) from web.events group by 1
select (load_ms / 100) * 100 as bin, count(*) from web.events group by 1
select trunc(load_ms::numeric, -2), round(load_ms, -2), round(load_ms::numeric / 100), count(*) from web.events group by 1, 2, 3
