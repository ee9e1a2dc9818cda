# Numbers, casts, predicates, statistics.
select 2.5::int, 3.5::int, -2.5::int, 2.5::float8::int, 3.5::float8::int, 1.5::float8::bigint, 0.5::float8::smallint, -0.5::float8::int, 1e10::float8::bigint
select 99999999999::int
select 3000000000::float8::int
select 40000::smallint
select 'nan'::float8::int
select 2147483647 + 1
select site_id + 2147483647 from web.events where site_id = 1 limit 1
select load_ms * 10000000 from web.events where load_ms > 3000 limit 1
select (-2147483648) - 1
select -(-2147483648)
select abs(-2147483648)
select abs((-32768)::smallint)
select 9223372036854775807 + 1
select 9223372036854775807 * 2
select -9223372036854775808 - 1
select (-9223372036854775808) / (-1)
select (-2147483648) / (-1)
select (-2147483648) % (-1)
select (-9223372036854775808) % (-1)
select 32767::smallint + 1::smallint
select sum(9223372036854775807) from web.site_daily
select sum(pv * 100000000000000) from web.site_daily
select sum(pv * 9223372036854775807) from web.site_daily
select sum(pv::numeric * 100000000000000000000) from web.site_daily
select 1 / 0
select 1.0 / 0
select 1::float8 / 0
select 1 % 0
select 1.5 % 0
select mod(1, 0)
select pv / (site_id - site_id) from web.site_daily
select pv / nullif(site_id - 3, 0), count(*) from web.site_daily where dt = '2018-02-03' group by 1
select -7 / 2, 7 / -2, -7 % 2, 7 % -2, -7 % -2, mod(-7, 3), -7.5 % 2, 7.5 % -2
select 7 / 2, 7 / 2.0, 7.0 / 2, 7::float8 / 2, 1 / 3.0, 10 / 4 * 4, 2 ^ 3, 2 ^ 0.5, 2 ^ -1, -2 ^ 2
select (-8) ^ 0.5
select 0 ^ -1
select sqrt(-1)
select ln(0)
select ln(-1)
select '1e400'::float8
select round(2.5), round(3.5), round(-2.5), round(2.5::float8), round(3.5::float8), round(2.345, 2), round(-2.345, 2), round(1234.5, -2), round(15, -1), round(25::numeric, -1), trunc(2.999, 2), trunc(-2.9), trunc(-2.9::float8), trunc(1299, -2)
select ceil(2.1), floor(-2.1), ceil(2.1::float8), floor(-2.1::float8), ceiling(-0.5), sign(-2.5), sign(0), abs(-2.5), abs(-2)
select ceil(5), round(5), floor(load_ms), count(*) from web.events where load_ms < 65 group by 3
select round(avg(load_ms), 2), round(avg(load_ms)::numeric, 3), avg(load_ms)::int, round(avg(load_ms)) from web.events
select round(sum(load_ms) / 3.0, 2), sum(load_ms) / count(*), sum(load_ms) * 1.0 / count(*), sum(load_ms)::float8 / count(*) from web.events
select round(100.0 * count(load_ms) / count(*), 1), round(100.0 * count(load_ms) / count(*), 4) from web.events group by site_id
select 100 * count(load_ms) / count(*), count(*) / 7, count(*) % 7 from web.events group by site_id
select 0.1 + 0.2, 0.1::float8 + 0.2::float8, 1.10, 1.10 + 1, 1.5 * 1.50, 3.00 - 1, -1.0, 1e3, 1.5e-3, 1e0
select 12345678901234567890, 12345678901234567890 * 10, 0.00000000000000000001, 123456789.123456789 * 987654321.987654321
select 1.23456789012345::numeric, '1.23456789012345'::numeric, ('1.2345678901' || '2345')::numeric, (path || '')::numeric from web.events where false
select (load_ms / 7.0::float8)::numeric from web.events where load_ms = 100 limit 1
select 1.005::numeric(10,2), 1.015::numeric(3,2), 999.995::numeric(5,2)
select 123.45::numeric(5,2), -1.995::numeric(10,2), 12::numeric(10,2), 1.5::float8::numeric(10,3), '1.23456'::numeric(6,3)
select load_ms::numeric(4,2) from web.events where load_ms = 100 limit 1
select load_ms::numeric(10,2), load_ms::numeric, load_ms::float8, load_ms::real, load_ms::text, load_ms::varchar(2), load_ms::bigint, load_ms::smallint from web.events where load_ms between 100 and 103
select '12'::int, ' 12 '::int, '-5'::int, '+5'::int, '0012'::int
select '12.5'::int
select 'abc'::int
select ''::int
select '1e3'::int
select '0x10'::int
select '1_000'::int
select path::int from web.events limit 1
select substr(dt, 1, 4)::int, substr(dt, 6, 2)::int, substr(dt, 9)::smallint, count(*) from web.events group by 1, 2, 3
select substr(path, 11)::int from web.events where path like '/articles/%' and load_ms > 3000
select ('12' || '.5')::int from web.site_daily limit 1
select (dt || 'x')::int from web.site_daily limit 1
select ('99999999' || '999')::int
select ('1e' || '3')::float8, ('1e' || '3')::numeric, ('nan' || '')::float8, (' 1.5 ' || '')::float8, ('infinity' || '')::float8, ('.5' || '')::numeric
select ('abc' || '')::float8
select ('1_0' || '')::float8
select ('' || '')::float8
select ('1.5.5' || '')::numeric
select ('t' || '')::bool, ('yes' || '')::bool, ('0' || '')::bool, (' off ' || '')::bool
select ('2' || '')::bool
select 'maybe'::bool
select true::int, 0::bool, 5::bool, true::text, 't'::bool, false::varchar, (load_ms > 100)::text, (load_ms > 100)::int, count(*) from web.events group by 7, 8
select 1::float8, 1.0::float8, 1e15::float8, 1e16::float8, 123456789012345680::float8, 1e-5::float8, 0.0001::float8, -0.0::float8, 1.1::real, 16777217::real, 1e10::real, 'infinity'::float8, 'nan'::float8
select max(x), min(x), sum(x) from (values (1.5::float8), ('nan'), (null), (-2)) v(x)
=select x from (values (1.5::float8), ('nan'), (null), (-2), ('infinity')) v(x) order by x desc
select @ -5, |/ 4, ||/ 8, 5 !
select +5, - 5, - -5, -(5), -load_ms, count(*) from web.events where load_ms = 100 group by load_ms
select 1 = 1.0, 1 < 1.5, 1::smallint = 1::bigint, 0.1 = 0.1::float8, 0.1::float4 = 0.1::float8, 16777217 = 16777217::real, 9007199254740993 = 9007199254740993::float8, '1' = 1
select load_ms = 100.0, load_ms = 100.5, count(*) from web.events where load_ms between 99.5 and 100.5 group by 1, 2
select count(*) from web.events where load_ms > 99.5 and load_ms < 1e3
select count(*) from web.events where load_ms = '100'
select count(*) from web.events where load_ms = 'abc'
select count(*) from web.events where load_ms > 99999999999
select count(*) from web.events where load_ms > 1e30
select count(*) from web.events where load_ms / 100 = 3
select count(*) from web.events where load_ms::float8 = 100.0::float8
select count(*) from web.events where load_ms::text = '100'
select count(*) from web.events where site_id + 1 = 3 and -site_id < -1
select count(*) from web.events where load_ms is distinct from 100
select count(*) from web.events where load_ms is not distinct from null
select count(*) from web.events where not (load_ms > 100)
select count(*) from web.events where (load_ms > 100) is unknown
select count(*) from web.events where (load_ms > 100) is not false
select count(*) from web.events where not (load_ms > 100 and site_id = 3)
select count(*) from web.events where not (load_ms > 100 or site_id = 3)
select count(*) from web.events where load_ms = load_ms
select count(*) from web.events where null
select count(*) from web.events where 1 = 0
select count(*), min(ts), max(load_ms) from web.events where 1 = 0
select count(*) from web.events where dt = null
select count(*) from web.events where dt <> '2018-02-03' and dt is not null
select count(*) from web.events where dt >= '2018-02-1'
select count(*) from web.events where dt > '2018-02-1'
select count(*) from web.events where dt between '2018-02' and '2018-02-05x'
select count(*) from web.events where dt like '2018-02-0%'
select count(*) from web.events where dt in ('2018-02-03', '2018-2-4', null)
select count(*) from web.events where dt not in ('2018-02-03', null)
select count(*) from web.events where dt = '2018-02-03' or dt = '2018-02-05' and site_id = 3
select count(*) from web.events where dt::date = '2018-02-03'
select count(*) from web.events where dt = ts::date::text
select count(*) from web.events where dt = date '2018-02-03'
select count(*) from web.events where dt = '2018-02-03'::varchar(7)
select count(*) from web.events where dt::varchar(7) = '2018-02'
select count(*) from web.events where left(dt, 7) = '2018-02' and right(dt, 2) = '03'
select count(*) from web.events where upper(dt) = '2018-02-03'
select count(*) from web.events where dt || '' = '2018-02-03'
select count(*) from web.events where dt < '2018-02-03' and dt > '2018-02-05'
select count(*), count(load_ms), count(user_id), count(dt), min(dt), max(dt), min(load_ms), max(load_ms), min(ts), max(ts), min(path), max(path), min(user_id), max(user_id) from web.events
select count(*), count(load_ms), min(load_ms), max(ts) from web.events where dt >= '2018-02-05'
select count(*), count(load_ms), min(load_ms), max(ts) from web.events where dt = '1999-01-01'
select min(ts), max(ts) from web.events where ts >= '2018-02-01' and ts < '2018-03-01'
select min(ts), max(ts) from web.events where ts >= '2018-02-03 12:00'
select min(user_agent), max(user_agent), min(query), max(query), min(experiment), max(experiment), count(experiment), count(referrer), min(referrer), max(referrer) from web.events
select count(experiment), min(experiment) from web.events where dt < '2018-02-03'
select count(*) from web.events where experiment is null and dt < '2018-02-03'
select count(*) from web.events where experiment is not null
select count(*) from web.events where experiment is null
select count(*), count(*), count(1), count(null), count('x'), count(dt) as n from web.events
select count(*) + 1, max(site_id) * 2 from web.events
select count(*) from web.events having count(*) > 100000
select count(*) from web.events limit 0
select max(pv), min(uu), count(load_ms_sum), max(load_ms_sum) from web.site_daily
select max(pv), min(uu) from web.site_daily where site_id between 1 and 20
select max(pv), min(uu) from web.site_daily where site_id >= 3
select count(*) from web.site_daily where pv >= 0 and site_id > 0
select max(x) from (select max(ts) as x from web.events) y
select count(*) from web.events e where e.ts > (select max(ts) - interval '1 day' from web.events)
select * from (select count(*) as n from web.events) a, (select max(ts) as m from web.events) b
select count(*) from web.events union all select count(*) from web.site_daily
select max(site_id)::text || 'x', min(ts)::date from web.events
select distinct count(*) from web.events
select count(*) from web.events order by 1
select count(*) as ts from web.events order by ts
select true, false, null, 'x', 1, 1.5, date '2018-01-01', 'a' as "A b", 1 as "Q""q"
select 1 as a, 2 as a, count(*), count(*), max(pv), pv + 1, site_id::text, coalesce(1, 2), case when true then 1 end, case when true then pv end, -pv, (pv), nullif(1,2), greatest(1,2), extract(year from date '2018-01-01'), cast(pv as bigint), 'x'::text, exists(select 1), (select 5), (select 5 as z) from web.site_daily group by pv, site_id limit 0
select round(avg(load_ms), 2), round(avg(load_ms)::numeric, 3), avg(load_ms)::int, round(avg(load_ms)), avg(load_ms)::numeric(10,2), floor(avg(load_ms)), ceil(avg(pv)), trunc(avg(pv), 1) from web.events join web.site_daily using (dt, site_id)
select site_id, round(avg(load_ms), 2), round(avg(pv) * 100 / 7, 1), round(sum(load_ms) / 3.0, 2), round(100.0 * count(load_ms) / count(*), 1), round(stddev(load_ms), 3) from web.events join web.site_daily using (dt, site_id) group by 1
select round(x / 2.0), (x / 2.0)::int, round(x / 8.0, 2), round(x / 200.0, 2), floor(x / 0.1), ceil(x / 0.1), (x / 2.0)::numeric(5,0), round(-x / 2.0), x::float8 / 2, round(x::float8 / 2), (x::float8 / 2)::int, trunc(x / 3.0, 4), round(coalesce(x / 2.0, 0)), round(case when x > 3 then x / 2.0 end), round(nullif(x / 2.0, 1)) from generate_series(1, 50) x
select round(a), round(a, 2), a::int from (select avg(v) as a from (values (1), (2)) t(v)) q
with q as (select avg(v) as a from (values (0.005), (0.005), (0.01)) t(v)) select round(a, 2), round(a, 3) from q
select round(sum(x / 2.0)), round(max(x / 2.0)), round(avg(x / 2.0), 3) from generate_series(1, 5) x
select round(x / 3.0 + 0.5), round((x / 2.0) + 1::float8) from generate_series(1, 9) x
select 1.005::float8::numeric(10,2), 2.675::float8::numeric(10,2), 0.1::float8::numeric(5,1), (x / 7.0::float8)::numeric(10,3) from generate_series(1, 20) x
select 1e21::float8::numeric(10,2)
select reverse('abc'), reverse(''), reverse(null), reverse(E'a\nb'), reverse('e' || chr(769) || 'x'), reverse('añb天')
select path, reverse(path) from web.events where dt = '2018-02-02'
select round(5, -1), round(4, -1), round(0.5, -1), round(99.99, -2), round(50, -2), round(49.999, -2), trunc(99, -2)
select distinct nullif(path, '/'), nullif(site_id, 3) from web.events where site_id < 4 and load_ms < 80
select round(count(*) / 7.0, 2)::text from web.site_daily
select to_date('2018-02-30', 'YYYY-MM-DD')
select load_ms::numeric(4,2) from web.events where load_ms = 100 limit 1
select sum(load_ms) / count(*)::numeric, round(sum(load_ms)::numeric / count(*), 4) from web.events
select site_id, round(sum(pv)::numeric / sum(sum(pv)) over () * 100, 2) as pct from web.site_daily group by 1
select dt, round(avg(pv) over (order by dt rows between 6 preceding and current row), 2) from web.site_daily where site_id = 3
