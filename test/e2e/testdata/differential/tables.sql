# Joins, subqueries, grouping, windows, previews.
select e.site_id, count(*), count(d.pv), sum(d.pv) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id and d.pv > 100 where e.dt between '2018-02-03' and '2018-02-05' group by e.site_id
select count(*) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id and e.site_id = 3
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id and d.dt = '2018-02-04'
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id where d.dt is null
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id and d.dt > '2018-02-10' where d.dt is null
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id and d.dt > '2018-02-10' where d.dt is null or d.dt > '2018-02-12'
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id where not (d.dt = '2018-02-04')
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id where (d.dt = '2018-02-04') is not true
select count(*), count(d.dt) from web.events e left join web.site_daily d on d.dt = e.dt and d.site_id = e.site_id where coalesce(d.dt, '2018-02-04') = '2018-02-04'
select count(*), count(e.ts) from web.site_daily d left join web.events e on e.dt = d.dt and e.site_id = d.site_id and e.load_ms > 3000
select count(*), count(e.ts) from web.events e right join web.site_daily d on e.dt = d.dt and e.site_id = d.site_id and e.load_ms > 3000 where d.site_id < 5
select count(*), count(a.dt), count(b.dt) from (select * from web.site_daily where dt < '2018-02-08') a full join (select * from web.site_daily where dt > '2018-02-04') b on a.dt = b.dt and a.site_id = b.site_id
select count(*), count(a.dt), count(b.dt) from (select * from web.site_daily where dt < '2018-02-08') a full join (select * from web.site_daily where dt > '2018-02-04') b on a.dt = b.dt and a.site_id = b.site_id where a.dt is null
select count(*), count(a.dt), count(b.dt) from (select * from web.site_daily where dt < '2018-02-08') a full join (select * from web.site_daily where dt > '2018-02-04') b using (dt, site_id) where dt = '2018-02-13'
select dt, site_id, a.pv, b.pv from web.site_daily a full join (select * from web.site_daily where dt > '2018-02-12') b using (dt, site_id) where site_id = 4
select a.dt, a.pv, b.pv, a.pv - b.pv as diff from web.site_daily a left join web.site_daily b on b.site_id = a.site_id and b.dt::date = a.dt::date - 1 where a.site_id = 7
select a.dt, a.pv, b.pv, a.pv - b.pv as diff from web.site_daily a left join web.site_daily b on b.site_id = a.site_id and b.dt::date = a.dt::date - 1 and a.dt <> '2018-02-05' where a.site_id = 7 and (b.dt >= '2018-02-03' or b.dt is null)
select count(*) from web.site_daily a, web.site_daily b where a.dt = b.dt and a.pv < b.pv and a.site_id in (1,2)
select count(*) from web.site_daily a cross join web.site_daily b where a.dt = '2018-02-01' and b.dt = '2018-02-02'
select count(*) from web.site_daily a natural join web.site_daily b
select * from web.site_daily a natural left join (select dt, site_id, count(*) as n from web.events where load_ms > 2500 group by dt, site_id) b where site_id < 3
select count(*) from web.site_daily a join web.site_daily b on a.site_id = b.site_id left join web.site_daily c on c.site_id = b.site_id and c.dt = '2018-02-02' and a.dt = '2018-02-03' where b.dt = '2018-02-04'
select count(*), count(c.dt) from web.site_daily a left join (web.site_daily b join web.site_daily c on b.dt = c.dt and c.pv > 150) on a.dt = b.dt and a.site_id = b.site_id
select count(*), count(c.dt), count(b.dt) from web.site_daily a left join (web.site_daily b left join web.site_daily c on b.dt = c.dt and c.site_id = b.site_id and c.pv > 150 and b.dt = '2018-02-03') on a.dt = b.dt and a.site_id = b.site_id and c.dt is null
select count(*), count(c.dt), count(b.dt) from (web.site_daily a left join web.site_daily b on a.dt = b.dt and a.site_id = b.site_id and b.pv > 100) right join web.site_daily c on c.dt = b.dt and c.site_id = b.site_id
select count(*) from web.events e join lateral (select d.pv from web.site_daily d where d.site_id = e.site_id and d.dt = e.dt) x on true where e.load_ms > 2000
select count(*), count(x.pv) from web.events e left join lateral (select d.pv from web.site_daily d where d.site_id = e.site_id and d.dt = e.dt and d.dt = '2018-02-02') x on true where e.load_ms > 2000
select count(*) from web.events where load_ms not in (100, 200)
select count(*) from web.events where load_ms not in (100, null)
select count(*) from web.events where load_ms in (100, null, 200)
select count(*) from web.events where user_id not in (select user_id from web.events where dt = '2018-02-01')
select count(*) from web.events where user_id not in (select user_id from web.events where dt = '2018-02-01' and user_id is not null)
select count(*) from web.events where user_id in (select user_id from web.events where dt = '2018-02-01')
select count(*) from web.events where (user_id in (select user_id from web.events where dt = '2018-02-01')) is null
select count(*) from web.events where load_ms > all (select load_ms from web.events where site_id = 20 and load_ms is not null)
select count(*) from web.events where load_ms > all (select load_ms from web.events where site_id = 20)
select count(*) from web.events where load_ms > any (select load_ms from web.events where site_id = 20)
select count(*) from web.events where load_ms < all (select load_ms from web.events where site_id = 2000)
select count(*) from web.events where (site_id, dt) in ((1, '2018-02-03'), (2, '2018-02-04'))
select count(*) from web.events where (site_id, dt) not in ((1, '2018-02-03'), (2, '2018-02-04'))
select count(*) from web.events where (site_id, load_ms) = (1, 100)
select count(*) from web.events where (site_id, load_ms) <> (1, 100)
select count(*) from web.events where site_id = any(array[1,2,3])
select count(*) from web.events where site_id <> all(array[1,2,3])
select count(*) from web.events where dt = any(array['2018-02-03','2018-02-05'])
select d.dt, d.site_id from web.site_daily d where d.pv = (select max(pv) from web.site_daily x where x.dt = d.dt)
select d.dt, d.site_id, (select count(*) from web.events e where e.dt = d.dt and e.site_id = d.site_id) as n from web.site_daily d where d.site_id < 4
select count(*) from web.events e where exists (select 1 from web.site_daily d where d.site_id = e.site_id and d.dt = e.dt and d.pv > 250)
select count(*) from web.events e where not exists (select 1 from web.site_daily d where d.site_id = e.site_id and d.dt = e.dt and d.pv > 100)
select count(*) from web.events e where not exists (select 1 from web.site_daily d where d.site_id = e.site_id and d.dt = '2018-02-01' and d.pv > 100)
select (select load_ms from web.events where site_id = 1)
select (select load_ms from web.events where site_id = 12345)
select d.site_id, (select sum(pv) from web.site_daily x where x.site_id = d.site_id and x.dt <= d.dt) from web.site_daily d where d.dt >= '2018-02-13'
select d.dt, d.site_id, (select max(e.load_ms) from web.events e where e.dt = d.dt and e.site_id = d.site_id and e.user_id is null) from web.site_daily d
select site_id, exists (select 1 from web.events e where e.site_id = d.site_id and load_ms > 3000) from web.site_daily d where dt = '2018-02-03'
=select distinct on (site_id) site_id, ts, load_ms from web.events order by site_id, ts desc, load_ms, path
=select distinct on (site_id) site_id, load_ms, ts from web.events order by site_id, load_ms desc nulls last, ts
=select distinct on (site_id) site_id, load_ms, ts from web.events order by site_id, load_ms desc, ts
=select distinct on (site_id % 3) site_id % 3 as m, dt, pv from web.site_daily order by site_id % 3, pv desc, dt, site_id
=select distinct site_id from web.events order by site_id desc
=select distinct site_id % 4 as x from web.events order by x
=select distinct dt, site_id from web.site_daily where pv > 150 order by 2, 1
select count(distinct user_id), count(distinct load_ms), count(distinct domain) from web.events
select site_id, count(distinct user_id) filter (where load_ms > 500) from web.events group by 1
select distinct user_id is null, load_ms is null from web.events
select dt, site_id, sum(pv) from web.site_daily group by grouping sets ((dt), (site_id), ())
select dt, site_id, sum(pv), grouping(dt), grouping(dt, site_id) from web.site_daily group by rollup (dt, site_id)
select dt, site_id % 2, sum(pv), grouping(site_id % 2) from web.site_daily group by cube (dt, site_id % 2)
select dt, site_id % 2, count(*) from web.site_daily where pv > 100000 group by cube (dt, site_id % 2)
select count(*), sum(pv) from web.site_daily where pv > 1000000 group by ()
select sum(pv) from web.site_daily where pv > 1000000
select coalesce(dt, 'total') as dt, sum(pv) from web.site_daily group by rollup(1)
select coalesce(dt, 'total') as d, sum(pv) from web.site_daily group by rollup(dt) order by 2
select user_id is null as u, dt, count(*) from web.events group by rollup (user_id is null, dt) having count(*) > 300
select dt, sum(pv) from web.site_daily group by dt having sum(pv) > (select avg(x) from (select sum(pv) as x from web.site_daily group by dt) s)
select site_id, case when grouping(dt) = 1 then 'all' else dt end as day, sum(pv) from web.site_daily where site_id in (1,2) group by grouping sets ((site_id, dt), (site_id))
=select dt, site_id, pv, sum(pv) over (partition by site_id order by dt) from web.site_daily where site_id in (1,2) order by 2, 1
=select dt, site_id, pv, sum(pv) over (partition by site_id order by dt rows between 2 preceding and current row) as s, avg(pv) over (partition by site_id order by dt rows between 2 preceding and 1 following) as a from web.site_daily where site_id in (1,2) order by 2, 1
=select dt, pv, rank() over (order by pv desc), dense_rank() over (order by pv desc), percent_rank() over (order by pv), cume_dist() over (order by pv), ntile(3) over (order by pv, dt) from web.site_daily where site_id = 5 order by dt
=select dt, pv, lag(pv) over w, lead(pv, 2) over w, lag(pv, 1, 0) over w, first_value(pv) over w, last_value(pv) over w, nth_value(pv, 2) over w from web.site_daily where site_id = 5 window w as (order by dt) order by dt
=select dt, pv, lag(pv, 1, -1.5) over w from web.site_daily where site_id = 5 window w as (order by dt) order by dt
=select ts, load_ms, lag(load_ms) over (partition by user_id order by ts, event_id) from web.events where site_id = 3 and user_id is not null and dt = '2018-02-03' order by user_id, ts, event_id
=select dt, pv, sum(pv) over (order by pv range between unbounded preceding and current row), sum(pv) over (order by pv groups between 1 preceding and 1 following) from web.site_daily where site_id = 5 order by dt
=select dt, sum(sum(pv)) over (order by dt) from web.site_daily group by dt order by dt
=select dt, sum(pv) as s, sum(pv) * 100.0 / sum(sum(pv)) over () as pct from web.site_daily group by dt order by dt
=select * from (select dt, site_id, pv, row_number() over (partition by dt order by pv desc, site_id) as rn from web.site_daily) x where rn <= 2 order by dt, rn
=select * from (select dt, site_id, pv, row_number() over (partition by dt order by pv desc, site_id) as rn from web.site_daily) x where rn <= 2 and dt = '2018-02-04' order by dt, rn
=select * from (select dt, site_id, pv, sum(pv) over (partition by site_id order by dt) as running from web.site_daily) x where dt = '2018-02-10' order by site_id
=select * from (select dt, site_id, pv, lag(pv) over (partition by site_id order by dt) as prev from web.site_daily) x where dt >= '2018-02-10' order by site_id, dt
=select dt, pv, max(pv) over (order by dt rows between unbounded preceding and 1 preceding) from web.site_daily where site_id = 5 order by dt
=select dt, load_ms, rank() over (partition by dt order by load_ms), rank() over (partition by dt order by load_ms desc) from web.events where site_id = 9 and dt = '2018-02-09' order by load_ms nulls first, ts
=select dt, count(*) filter (where pv > 100) over (order by dt) from web.site_daily where site_id = 5 order by dt
=select * from web.site_daily order by dt, site_id limit 7 offset 5
=select dt, site_id, pv from web.site_daily order by pv desc, dt, site_id limit 5
=select dt, site_id, pv as dt2 from web.site_daily order by pv % 7, -pv, dt, site_id limit 9
=select site_id as dt, pv from web.site_daily order by dt, pv limit 12
=select ts, event_id from web.events order by ts desc, event_id limit 10
=select ts from web.events order by ts desc limit 10
=select ts from web.events order by ts limit 10
=select ts from web.events order by ts desc limit 10 offset 1000
=select ts from web.events order by ts desc nulls last limit 3
=select ts from web.events order by 1 desc limit 3
=select dt from web.events order by dt desc limit 3
=select dt from web.events order by dt limit 3 offset 58000
=select load_ms from web.events order by load_ms desc limit 600
=select load_ms from web.events order by load_ms desc nulls last limit 20
=select load_ms from web.events order by load_ms nulls first limit 600
=select load_ms from web.events order by load_ms limit 20
=select referrer from web.events order by referrer desc limit 20
=select referrer from web.events order by referrer limit 20
=select user_id from web.events order by user_id limit 20
=select user_id from web.events order by user_id desc limit 3000
=select experiment from web.events order by experiment limit 40
=select experiment from web.events order by experiment desc limit 40
=select -load_ms as ts from web.events order by ts limit 5
=select site_id as ts from web.events order by ts desc limit 5
=select path from web.events order by path desc limit 5
=select path from web.events order by path limit 5
=select lower(domain) as domain from web.events order by domain desc limit 3
=select ts from (select ts from web.events order by ts limit 5) x order by ts desc limit 3
=select ts from (select * from web.events where site_id = 2) x order by ts desc limit 3
=select x.ts from (select ts as ts, dt from web.events) x where x.dt < '2018-02-05' order by x.ts desc limit 4
=select max(ts) from (select ts from web.events order by ts limit 5) x
=select count(*) from (select * from web.events limit 10) x
=select count(*) from (select * from web.events limit 10 offset 59340) x
?select * from web.events limit 10
?select * from web.events limit 59345
?select * from web.events limit 100 offset 59300
?select * from web.events offset 59300
?select * from web.events where load_ms > 3100 limit 100
?select * from web.events where user_id is null and dt = '2018-02-14' limit 10000
?select ts, path from web.events limit 0
?select ts from web.events limit null
?select 1 from web.events limit 20
?select ts from web.events limit 2.5
?select * from (select * from web.events where site_id = 20) x limit 10000
?select * from web.events fetch first 5 rows only
?select * from web.events fetch first row only
?table web.site_daily limit 6
=select ts from web.events order by ts desc limit all offset 59330
select ts from web.events limit -1
select ts from web.events limit 1 offset -1
