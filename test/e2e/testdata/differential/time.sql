# Time, in three zones.
# zone UTC
select date_trunc('day', ts), count(*) from web.events group by 1
=select date_trunc('week', ts) as w, count(*) from web.events group by w order by w
select date_trunc('hour', ts), count(*) from web.events where dt = '2018-02-03' group by 1
select date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts), date_trunc('decade', ts), count(*) from web.events group by 1, 2, 3, 4
select date_trunc('minute', ts), date_trunc('second', ts), date_trunc('milliseconds', ts), ts from web.events where site_id = 3 and load_ms < 90
select extract(year from ts), extract(month from ts), extract(day from ts), extract(hour from ts), extract(dow from ts), extract(isodow from ts), extract(doy from ts), extract(week from ts), extract(quarter from ts), count(*) from web.events where site_id = 1 group by 1,2,3,4,5,6,7,8,9
select extract(second from ts), extract(minute from ts), extract(epoch from ts), extract(milliseconds from ts), extract(microseconds from ts), date_part('epoch', ts), date_part('second', ts), date_part('dow', ts) from web.events where site_id = 3 and load_ms < 90
select ts::date, count(*) from web.events group by 1
select ts::date::text, ts::time, ts::text, ts::timestamp from web.events where site_id = 3 and load_ms < 90
select count(*) from web.events where ts between '2018-02-03' and '2018-02-04'
select count(*) from web.events where ts between '2018-02-03 00:00:00+09' and '2018-02-04 00:00:00+09'
select count(*) from web.events where ts between timestamp '2018-02-03 10:00' and timestamp '2018-02-03 12:30:15.5'
select count(*) from web.events where ts between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts not between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts between symmetric date '2018-02-06' and date '2018-02-04'
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + 1
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + interval '1 day'
select count(*) from web.events where ts >= '2018-02-03' and ts < '2018-02-03'::timestamp + interval '36 hours'
select count(*) from web.events where ts::date = '2018-02-03'
select count(*) from web.events where ts::date = date '2018-02-03' or ts::date > '2018-02-12'
select count(*) from web.events where ts::date <> '2018-02-03'
select count(*) from web.events where ts::date in ('2018-02-03', '2018-02-05')
select count(*) from web.events where ts::date between '2018-02-03' and '2018-02-05'
select count(*) from web.events where date_trunc('day', ts) = '2018-02-03'
select count(*) from web.events where date_trunc('day', ts) = date '2018-02-03'
select count(*) from web.events where date_trunc('week', ts) = '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) >= '2018-02-06'
select count(*) from web.events where date_trunc('week', ts) > '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) <= '2018-02-05'
select count(*) from web.events where date_trunc('hour', ts) = '2018-02-05 10:00:00'
select count(*) from web.events where date_trunc('hour', ts) between '2018-02-05 10:30:00' and '2018-02-05 12:00:00'
select count(*) from web.events where date_trunc('month', ts) = '2018-02-01'
select count(*) from web.events where extract(hour from ts) between 9 and 17
select count(*) from web.events where extract(dow from ts) in (0, 6)
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') = '2018-02-03'
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') <> dt
select count(*) from web.events where dt::date <> ts::date
select count(*) from web.events where ts > '2018-02-03'::date::timestamp
select count(*) from web.events where ts at time zone 'Asia/Tokyo' >= '2018-02-03'
select count(*) from web.events where (ts at time zone 'Asia/Tokyo')::date = '2018-02-03'
select (ts at time zone 'Asia/Tokyo')::date, count(*) from web.events group by 1
select date_trunc('day', ts at time zone 'America/Los_Angeles'), count(*) from web.events group by 1
select date_trunc('day', ts, 'Asia/Tokyo'), count(*) from web.events group by 1
select dt::timestamptz, count(*) from web.events group by 1
select dt::timestamp, dt::date, count(*) from web.events group by 1, 2
select dt::date + 1, dt::date - 1, dt::date - date '2018-01-01', dt::date + interval '1 month', dt::date + time '10:00', count(*) from web.events group by dt
select ts + interval '1 day', ts - interval '1 hour', ts + interval '1 month', ts - interval '1 month 1 day 1 second', ts - timestamptz '2018-02-01' from web.events where site_id = 3 and load_ms < 90
select max(ts) - min(ts), min(ts)::date - max(ts)::date from web.events
select avg(extract(epoch from ts)) from web.events where site_id = 1
select to_char(ts, 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(ts, 'Mon DD, YYYY'), to_char(ts, 'Dy FMDay FMMonth DDD IW IYYY HH12 AM US') from web.events where site_id = 3 and load_ms < 90
select interval '1 day 2 hours', interval '90 minutes', interval '1 year 2 months 3 days', -interval '1 day', interval '1 day' * 2.5, interval '36 hours' = interval '1 day 12 hours', interval '1 month' = interval '30 days', interval '1.5 days', interval '-1 day 2 hours'
select timestamptz '2018-03-11 01:59:59' + interval '1 second', timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-03-11 12:00' - interval '1 day', timestamptz '2018-03-11 12:00' - interval '24 hours'
select timestamptz '2018-03-11 02:30:00', timestamptz '2018-11-04 01:30:00', timestamptz '2018-11-04 01:30:00' + interval '1 hour'
select timestamp '2018-03-11 02:30:00' at time zone 'America/New_York', timestamp '2018-11-04 01:30:00' at time zone 'America/New_York', timestamptz '2018-11-04 06:30:00+00' at time zone 'America/New_York'
select d, d::timestamptz, date_trunc('hour', d::timestamptz) from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 05:00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-03-11 04:30+00', timestamptz '2018-03-11 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-11-04 03:30+00', timestamptz '2018-11-04 09:00+00', interval '30 minutes') as g(d)
select d from generate_series(timestamptz '2018-03-10 12:00', timestamptz '2018-03-13 12:00', interval '1 day') as g(d)
select d from generate_series(timestamptz '2018-11-03 12:00', timestamptz '2018-11-06 12:00', interval '1 day') as g(d)
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.ts::date = d::date group by 1
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.dt = to_char(d, 'YYYY-MM-DD') group by 1
select n, count(e.ts) from generate_series(0, 25, 5) as n left join web.events e on e.site_id = n group by n
select date '2018-02-30'
select '2018-13-01'::date
select timestamp '2018-02-03 25:00'
select dt::date from web.events where dt = '2018-02-03x' limit 1
select (path)::date from web.events limit 1
select date '2018-02-03' = timestamp '2018-02-03 00:00', date '2018-02-03' < timestamptz '2018-02-03 00:00:01', timestamptz '2018-02-03' = timestamp '2018-02-03'
select date 'infinity' > date '2018-01-01', timestamptz '-infinity' < now(), date '0044-03-15 BC', timestamp '10000-01-01', date '99999-01-01'
select count(*) from web.events where ts < 'infinity' and ts > '-infinity'
select count(*), min(ts), max(ts) from web.events where ts < 'infinity'
select count(*) from web.events where ts > now()
select count(*) from web.events where ts < current_date and ts < current_timestamp and ts < localtimestamp
select count(*) from web.events where ts > now() - interval '100 years'
select now() = current_timestamp, current_date = now()::date, now()::timestamp = localtimestamp
select extract(epoch from interval '1 month'), extract(epoch from interval '1 day 01:02:03.5'), extract(hour from interval '25 hours'), extract(day from interval '40 days'), extract(month from interval '14 months'), extract(year from interval '14 months')
select date_part('year', date '2018-02-03'), date_part('epoch', timestamp '1969-12-31 23:59:59.5'), extract(epoch from timestamp '1969-12-31 23:59:59.5'), extract(second from timestamp '1969-12-31 23:59:59.5'), extract(milliseconds from time '10:00:01.5'), extract(epoch from time '10:00:01.5'), extract(decade from date '2018-01-01')
select extract(hour from date '2018-01-01')
select date_trunc('foo', now())
select make_date(2018, 2, 3), make_date(2018, 2, 30)
select to_date('2018-02-03', 'YYYY-MM-DD'), to_timestamp('2018-02-03 10:00', 'YYYY-MM-DD HH24:MI'), to_timestamp(1517652000.5)
select to_date('2018-02-30', 'YYYY-MM-DD')
select '2018-02-03 10:00:00'::timestamptz at time zone 'UTC', '2018-02-03 10:00:00+03'::timestamp
select ts at time zone 'EST5EDT' from web.events limit 0
select timestamptz '2018-07-01 00:00+00' at time zone 'EST'
select timestamptz '2018-07-01 00:00+00' at time zone 'utc', timestamptz '2018-07-01 00:00+00' at time zone 'asia/tokyo'
select count(*), sum(n) from generate_series(1, 1000000) n
select n from generate_series(5, 1, -2) n
select n from generate_series(5, 1) n
select n from generate_series(1, 5, 0) n
select n from generate_series(null, 5) n
select n from generate_series(1, null::int) n
select d.site_id, n from web.site_daily d, generate_series(1, d.site_id) n where d.dt = '2018-02-01' and d.site_id < 4
select d.site_id, n from web.site_daily d left join lateral generate_series(1, d.site_id - 2) n on true where d.dt = '2018-02-01' and d.site_id < 5
select d.site_id, n, o from web.site_daily d, generate_series(d.site_id, 1, -1) with ordinality as g(n, o) where d.dt = '2018-02-01' and d.site_id < 4
select t from generate_series(timestamp '2018-01-31', timestamp '2018-05-31', interval '1 month') t
select t::date from generate_series(timestamptz '2018-01-31', timestamptz '2018-02-03', interval '1 day') t
select t from generate_series(date '2018-01-31', date '2018-02-03', interval '1 day') t
select t, n from generate_series(timestamp '2018-01-31', timestamp '2018-02-03', interval '1 day') with ordinality as t(t, n)
select (select count(*) from generate_series(1, d.site_id) n) as c, site_id from web.site_daily d where dt = '2018-02-01'
select n, n::bigint * n from generate_series(9223372036854775805, 9223372036854775807) n
select n from generate_series(9223372036854775805, 9223372036854775807) n
select nullif(path, 'x') from web.events limit 0
select nullif(site_id, 3), nullif(site_id, 3::bigint), nullif(pv, 3), nullif('a', null), nullif(null, 1), nullif(site_id, '3') from web.site_daily limit 0
select round(load_ms, -2), round(load_ms, -1), round(load_ms, 1), round(load_ms::numeric, -3), trunc(load_ms, -2), count(*) from web.events group by load_ms
select round(1234567.891, -3), round(-155, -1), round(5, -1), round(4, -1), round(0.5, -1), trunc(-155, -1)
select date '2018-01-01' + 2147483647
select 'a b' ~ 'a\sb', E'a\u3000b' ~ 'a\sb', E'a\u3000b' ~ 'a[[:space:]]b', E'a\u3000b' ~ 'a\Sb', 'é_1' ~ '^\w+$', 'é-1' ~ '^[\w-]+$', 'a]b' ~ 'a[]x]b', 'a[b' ~ 'a[[x]b', 'ab' ~ 'a[^]x]', 'x.y' ~ '^[a-z.]+$'
select 'ab' ~ '[[:alpha:'
select 'ab' ~ '[[:foo:]]'
select 'ab' ~ '[a'
select 'ab' ~ 'a\'
select regexp_replace('www.a.b', '^(www\.|m\.)', ''), regexp_replace('https://x.y/z', '^https?://([^/]+).*$', '\1'), regexp_replace('a  b', '\s+', ' ', 'g')
select regexp_replace(path, '/[0-9]+$', '/N'), count(*) from web.events group by 1
select regexp_replace('aXbXc', 'X.*?c', '-'), regexp_replace('abcabc', '(b)(c)', '\2\1', 'g'), regexp_replace('naïve', '\w+', 'W')
select timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-11-03 01:30:00' + interval '1 day', timestamptz '2018-11-05 01:30:00' - interval '1 day', timestamptz '2018-11-04 01:30:00-04' + interval '1 hour', timestamptz '2018-01-31 02:30' + interval '1 month 1 day 2 hours'
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month' from generate_series(timestamptz '2018-03-10 05:30+00', timestamptz '2018-03-12 09:00+00', interval '30 minutes') as g(d)
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month', d - interval '1 month 2 hours' from generate_series(timestamptz '2018-11-03 03:30+00', timestamptz '2018-11-05 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('minute', d), date_trunc('second', d), date_trunc('day', d), date_trunc('week', d) from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), extract(epoch from d), to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), d - timestamptz '2018-03-01', to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-03-11 03:30:15.5+00', timestamptz '2018-03-11 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'europe/berlin' from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 04:30', interval '30 minutes') as g(w)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'utc' from generate_series(timestamp '2018-11-04 00:30', timestamp '2018-11-04 04:30', interval '30 minutes') as g(w)
select timestamptz '2018-02-03' at time zone 'nosuch/zone'
select upper('straße ẞ'), upper('ß'), upper(''), upper(null), upper('ßß')
# zone America/New_York
select date_trunc('day', ts), count(*) from web.events group by 1
=select date_trunc('week', ts) as w, count(*) from web.events group by w order by w
select date_trunc('hour', ts), count(*) from web.events where dt = '2018-02-03' group by 1
select date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts), date_trunc('decade', ts), count(*) from web.events group by 1, 2, 3, 4
select date_trunc('minute', ts), date_trunc('second', ts), date_trunc('milliseconds', ts), ts from web.events where site_id = 3 and load_ms < 90
select extract(year from ts), extract(month from ts), extract(day from ts), extract(hour from ts), extract(dow from ts), extract(isodow from ts), extract(doy from ts), extract(week from ts), extract(quarter from ts), count(*) from web.events where site_id = 1 group by 1,2,3,4,5,6,7,8,9
select extract(second from ts), extract(minute from ts), extract(epoch from ts), extract(milliseconds from ts), extract(microseconds from ts), date_part('epoch', ts), date_part('second', ts), date_part('dow', ts) from web.events where site_id = 3 and load_ms < 90
select ts::date, count(*) from web.events group by 1
select ts::date::text, ts::time, ts::text, ts::timestamp from web.events where site_id = 3 and load_ms < 90
select count(*) from web.events where ts between '2018-02-03' and '2018-02-04'
select count(*) from web.events where ts between '2018-02-03 00:00:00+09' and '2018-02-04 00:00:00+09'
select count(*) from web.events where ts between timestamp '2018-02-03 10:00' and timestamp '2018-02-03 12:30:15.5'
select count(*) from web.events where ts between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts not between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts between symmetric date '2018-02-06' and date '2018-02-04'
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + 1
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + interval '1 day'
select count(*) from web.events where ts >= '2018-02-03' and ts < '2018-02-03'::timestamp + interval '36 hours'
select count(*) from web.events where ts::date = '2018-02-03'
select count(*) from web.events where ts::date = date '2018-02-03' or ts::date > '2018-02-12'
select count(*) from web.events where ts::date <> '2018-02-03'
select count(*) from web.events where ts::date in ('2018-02-03', '2018-02-05')
select count(*) from web.events where ts::date between '2018-02-03' and '2018-02-05'
select count(*) from web.events where date_trunc('day', ts) = '2018-02-03'
select count(*) from web.events where date_trunc('day', ts) = date '2018-02-03'
select count(*) from web.events where date_trunc('week', ts) = '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) >= '2018-02-06'
select count(*) from web.events where date_trunc('week', ts) > '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) <= '2018-02-05'
select count(*) from web.events where date_trunc('hour', ts) = '2018-02-05 10:00:00'
select count(*) from web.events where date_trunc('hour', ts) between '2018-02-05 10:30:00' and '2018-02-05 12:00:00'
select count(*) from web.events where date_trunc('month', ts) = '2018-02-01'
select count(*) from web.events where extract(hour from ts) between 9 and 17
select count(*) from web.events where extract(dow from ts) in (0, 6)
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') = '2018-02-03'
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') <> dt
select count(*) from web.events where dt::date <> ts::date
select count(*) from web.events where ts > '2018-02-03'::date::timestamp
select count(*) from web.events where ts at time zone 'Asia/Tokyo' >= '2018-02-03'
select count(*) from web.events where (ts at time zone 'Asia/Tokyo')::date = '2018-02-03'
select (ts at time zone 'Asia/Tokyo')::date, count(*) from web.events group by 1
select date_trunc('day', ts at time zone 'America/Los_Angeles'), count(*) from web.events group by 1
select date_trunc('day', ts, 'Asia/Tokyo'), count(*) from web.events group by 1
select dt::timestamptz, count(*) from web.events group by 1
select dt::timestamp, dt::date, count(*) from web.events group by 1, 2
select dt::date + 1, dt::date - 1, dt::date - date '2018-01-01', dt::date + interval '1 month', dt::date + time '10:00', count(*) from web.events group by dt
select ts + interval '1 day', ts - interval '1 hour', ts + interval '1 month', ts - interval '1 month 1 day 1 second', ts - timestamptz '2018-02-01' from web.events where site_id = 3 and load_ms < 90
select max(ts) - min(ts), min(ts)::date - max(ts)::date from web.events
select avg(extract(epoch from ts)) from web.events where site_id = 1
select to_char(ts, 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(ts, 'Mon DD, YYYY'), to_char(ts, 'Dy FMDay FMMonth DDD IW IYYY HH12 AM US') from web.events where site_id = 3 and load_ms < 90
select interval '1 day 2 hours', interval '90 minutes', interval '1 year 2 months 3 days', -interval '1 day', interval '1 day' * 2.5, interval '36 hours' = interval '1 day 12 hours', interval '1 month' = interval '30 days', interval '1.5 days', interval '-1 day 2 hours'
select timestamptz '2018-03-11 01:59:59' + interval '1 second', timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-03-11 12:00' - interval '1 day', timestamptz '2018-03-11 12:00' - interval '24 hours'
select timestamptz '2018-03-11 02:30:00', timestamptz '2018-11-04 01:30:00', timestamptz '2018-11-04 01:30:00' + interval '1 hour'
select timestamp '2018-03-11 02:30:00' at time zone 'America/New_York', timestamp '2018-11-04 01:30:00' at time zone 'America/New_York', timestamptz '2018-11-04 06:30:00+00' at time zone 'America/New_York'
select d, d::timestamptz, date_trunc('hour', d::timestamptz) from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 05:00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-03-11 04:30+00', timestamptz '2018-03-11 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-11-04 03:30+00', timestamptz '2018-11-04 09:00+00', interval '30 minutes') as g(d)
select d from generate_series(timestamptz '2018-03-10 12:00', timestamptz '2018-03-13 12:00', interval '1 day') as g(d)
select d from generate_series(timestamptz '2018-11-03 12:00', timestamptz '2018-11-06 12:00', interval '1 day') as g(d)
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.ts::date = d::date group by 1
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.dt = to_char(d, 'YYYY-MM-DD') group by 1
select n, count(e.ts) from generate_series(0, 25, 5) as n left join web.events e on e.site_id = n group by n
select date '2018-02-30'
select '2018-13-01'::date
select timestamp '2018-02-03 25:00'
select dt::date from web.events where dt = '2018-02-03x' limit 1
select (path)::date from web.events limit 1
select date '2018-02-03' = timestamp '2018-02-03 00:00', date '2018-02-03' < timestamptz '2018-02-03 00:00:01', timestamptz '2018-02-03' = timestamp '2018-02-03'
select date 'infinity' > date '2018-01-01', timestamptz '-infinity' < now(), date '0044-03-15 BC', timestamp '10000-01-01', date '99999-01-01'
select count(*) from web.events where ts < 'infinity' and ts > '-infinity'
select count(*), min(ts), max(ts) from web.events where ts < 'infinity'
select count(*) from web.events where ts > now()
select count(*) from web.events where ts < current_date and ts < current_timestamp and ts < localtimestamp
select count(*) from web.events where ts > now() - interval '100 years'
select now() = current_timestamp, current_date = now()::date, now()::timestamp = localtimestamp
select extract(epoch from interval '1 month'), extract(epoch from interval '1 day 01:02:03.5'), extract(hour from interval '25 hours'), extract(day from interval '40 days'), extract(month from interval '14 months'), extract(year from interval '14 months')
select date_part('year', date '2018-02-03'), date_part('epoch', timestamp '1969-12-31 23:59:59.5'), extract(epoch from timestamp '1969-12-31 23:59:59.5'), extract(second from timestamp '1969-12-31 23:59:59.5'), extract(milliseconds from time '10:00:01.5'), extract(epoch from time '10:00:01.5'), extract(decade from date '2018-01-01')
select extract(hour from date '2018-01-01')
select date_trunc('foo', now())
select make_date(2018, 2, 3), make_date(2018, 2, 30)
select to_date('2018-02-03', 'YYYY-MM-DD'), to_timestamp('2018-02-03 10:00', 'YYYY-MM-DD HH24:MI'), to_timestamp(1517652000.5)
select to_date('2018-02-30', 'YYYY-MM-DD')
select '2018-02-03 10:00:00'::timestamptz at time zone 'UTC', '2018-02-03 10:00:00+03'::timestamp
select ts at time zone 'EST5EDT' from web.events limit 0
select timestamptz '2018-07-01 00:00+00' at time zone 'EST'
select timestamptz '2018-07-01 00:00+00' at time zone 'utc', timestamptz '2018-07-01 00:00+00' at time zone 'asia/tokyo'
select count(*), sum(n) from generate_series(1, 1000000) n
select n from generate_series(5, 1, -2) n
select n from generate_series(5, 1) n
select n from generate_series(1, 5, 0) n
select n from generate_series(null, 5) n
select n from generate_series(1, null::int) n
select d.site_id, n from web.site_daily d, generate_series(1, d.site_id) n where d.dt = '2018-02-01' and d.site_id < 4
select d.site_id, n from web.site_daily d left join lateral generate_series(1, d.site_id - 2) n on true where d.dt = '2018-02-01' and d.site_id < 5
select d.site_id, n, o from web.site_daily d, generate_series(d.site_id, 1, -1) with ordinality as g(n, o) where d.dt = '2018-02-01' and d.site_id < 4
select t from generate_series(timestamp '2018-01-31', timestamp '2018-05-31', interval '1 month') t
select t::date from generate_series(timestamptz '2018-01-31', timestamptz '2018-02-03', interval '1 day') t
select t from generate_series(date '2018-01-31', date '2018-02-03', interval '1 day') t
select t, n from generate_series(timestamp '2018-01-31', timestamp '2018-02-03', interval '1 day') with ordinality as t(t, n)
select (select count(*) from generate_series(1, d.site_id) n) as c, site_id from web.site_daily d where dt = '2018-02-01'
select n, n::bigint * n from generate_series(9223372036854775805, 9223372036854775807) n
select n from generate_series(9223372036854775805, 9223372036854775807) n
select nullif(path, 'x') from web.events limit 0
select nullif(site_id, 3), nullif(site_id, 3::bigint), nullif(pv, 3), nullif('a', null), nullif(null, 1), nullif(site_id, '3') from web.site_daily limit 0
select round(load_ms, -2), round(load_ms, -1), round(load_ms, 1), round(load_ms::numeric, -3), trunc(load_ms, -2), count(*) from web.events group by load_ms
select round(1234567.891, -3), round(-155, -1), round(5, -1), round(4, -1), round(0.5, -1), trunc(-155, -1)
select date '2018-01-01' + 2147483647
select 'a b' ~ 'a\sb', E'a\u3000b' ~ 'a\sb', E'a\u3000b' ~ 'a[[:space:]]b', E'a\u3000b' ~ 'a\Sb', 'é_1' ~ '^\w+$', 'é-1' ~ '^[\w-]+$', 'a]b' ~ 'a[]x]b', 'a[b' ~ 'a[[x]b', 'ab' ~ 'a[^]x]', 'x.y' ~ '^[a-z.]+$'
select 'ab' ~ '[[:alpha:'
select 'ab' ~ '[[:foo:]]'
select 'ab' ~ '[a'
select 'ab' ~ 'a\'
select regexp_replace('www.a.b', '^(www\.|m\.)', ''), regexp_replace('https://x.y/z', '^https?://([^/]+).*$', '\1'), regexp_replace('a  b', '\s+', ' ', 'g')
select regexp_replace(path, '/[0-9]+$', '/N'), count(*) from web.events group by 1
select regexp_replace('aXbXc', 'X.*?c', '-'), regexp_replace('abcabc', '(b)(c)', '\2\1', 'g'), regexp_replace('naïve', '\w+', 'W')
select timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-11-03 01:30:00' + interval '1 day', timestamptz '2018-11-05 01:30:00' - interval '1 day', timestamptz '2018-11-04 01:30:00-04' + interval '1 hour', timestamptz '2018-01-31 02:30' + interval '1 month 1 day 2 hours'
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month' from generate_series(timestamptz '2018-03-10 05:30+00', timestamptz '2018-03-12 09:00+00', interval '30 minutes') as g(d)
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month', d - interval '1 month 2 hours' from generate_series(timestamptz '2018-11-03 03:30+00', timestamptz '2018-11-05 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('minute', d), date_trunc('second', d), date_trunc('day', d), date_trunc('week', d) from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), extract(epoch from d), to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), d - timestamptz '2018-03-01', to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-03-11 03:30:15.5+00', timestamptz '2018-03-11 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'europe/berlin' from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 04:30', interval '30 minutes') as g(w)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'utc' from generate_series(timestamp '2018-11-04 00:30', timestamp '2018-11-04 04:30', interval '30 minutes') as g(w)
select timestamptz '2018-02-03' at time zone 'nosuch/zone'
select upper('straße ẞ'), upper('ß'), upper(''), upper(null), upper('ßß')
# zone Asia/Kolkata
select date_trunc('day', ts), count(*) from web.events group by 1
=select date_trunc('week', ts) as w, count(*) from web.events group by w order by w
select date_trunc('hour', ts), count(*) from web.events where dt = '2018-02-03' group by 1
select date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts), date_trunc('decade', ts), count(*) from web.events group by 1, 2, 3, 4
select date_trunc('minute', ts), date_trunc('second', ts), date_trunc('milliseconds', ts), ts from web.events where site_id = 3 and load_ms < 90
select extract(year from ts), extract(month from ts), extract(day from ts), extract(hour from ts), extract(dow from ts), extract(isodow from ts), extract(doy from ts), extract(week from ts), extract(quarter from ts), count(*) from web.events where site_id = 1 group by 1,2,3,4,5,6,7,8,9
select extract(second from ts), extract(minute from ts), extract(epoch from ts), extract(milliseconds from ts), extract(microseconds from ts), date_part('epoch', ts), date_part('second', ts), date_part('dow', ts) from web.events where site_id = 3 and load_ms < 90
select ts::date, count(*) from web.events group by 1
select ts::date::text, ts::time, ts::text, ts::timestamp from web.events where site_id = 3 and load_ms < 90
select count(*) from web.events where ts between '2018-02-03' and '2018-02-04'
select count(*) from web.events where ts between '2018-02-03 00:00:00+09' and '2018-02-04 00:00:00+09'
select count(*) from web.events where ts between timestamp '2018-02-03 10:00' and timestamp '2018-02-03 12:30:15.5'
select count(*) from web.events where ts between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts not between date '2018-02-03' and date '2018-02-04'
select count(*) from web.events where ts between symmetric date '2018-02-06' and date '2018-02-04'
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + 1
select count(*) from web.events where ts >= date '2018-02-03' and ts < date '2018-02-03' + interval '1 day'
select count(*) from web.events where ts >= '2018-02-03' and ts < '2018-02-03'::timestamp + interval '36 hours'
select count(*) from web.events where ts::date = '2018-02-03'
select count(*) from web.events where ts::date = date '2018-02-03' or ts::date > '2018-02-12'
select count(*) from web.events where ts::date <> '2018-02-03'
select count(*) from web.events where ts::date in ('2018-02-03', '2018-02-05')
select count(*) from web.events where ts::date between '2018-02-03' and '2018-02-05'
select count(*) from web.events where date_trunc('day', ts) = '2018-02-03'
select count(*) from web.events where date_trunc('day', ts) = date '2018-02-03'
select count(*) from web.events where date_trunc('week', ts) = '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) >= '2018-02-06'
select count(*) from web.events where date_trunc('week', ts) > '2018-02-05'
select count(*) from web.events where date_trunc('week', ts) <= '2018-02-05'
select count(*) from web.events where date_trunc('hour', ts) = '2018-02-05 10:00:00'
select count(*) from web.events where date_trunc('hour', ts) between '2018-02-05 10:30:00' and '2018-02-05 12:00:00'
select count(*) from web.events where date_trunc('month', ts) = '2018-02-01'
select count(*) from web.events where extract(hour from ts) between 9 and 17
select count(*) from web.events where extract(dow from ts) in (0, 6)
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') = '2018-02-03'
select count(*) from web.events where to_char(ts, 'YYYY-MM-DD') <> dt
select count(*) from web.events where dt::date <> ts::date
select count(*) from web.events where ts > '2018-02-03'::date::timestamp
select count(*) from web.events where ts at time zone 'Asia/Tokyo' >= '2018-02-03'
select count(*) from web.events where (ts at time zone 'Asia/Tokyo')::date = '2018-02-03'
select (ts at time zone 'Asia/Tokyo')::date, count(*) from web.events group by 1
select date_trunc('day', ts at time zone 'America/Los_Angeles'), count(*) from web.events group by 1
select date_trunc('day', ts, 'Asia/Tokyo'), count(*) from web.events group by 1
select dt::timestamptz, count(*) from web.events group by 1
select dt::timestamp, dt::date, count(*) from web.events group by 1, 2
select dt::date + 1, dt::date - 1, dt::date - date '2018-01-01', dt::date + interval '1 month', dt::date + time '10:00', count(*) from web.events group by dt
select ts + interval '1 day', ts - interval '1 hour', ts + interval '1 month', ts - interval '1 month 1 day 1 second', ts - timestamptz '2018-02-01' from web.events where site_id = 3 and load_ms < 90
select max(ts) - min(ts), min(ts)::date - max(ts)::date from web.events
select avg(extract(epoch from ts)) from web.events where site_id = 1
select to_char(ts, 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(ts, 'Mon DD, YYYY'), to_char(ts, 'Dy FMDay FMMonth DDD IW IYYY HH12 AM US') from web.events where site_id = 3 and load_ms < 90
select interval '1 day 2 hours', interval '90 minutes', interval '1 year 2 months 3 days', -interval '1 day', interval '1 day' * 2.5, interval '36 hours' = interval '1 day 12 hours', interval '1 month' = interval '30 days', interval '1.5 days', interval '-1 day 2 hours'
select timestamptz '2018-03-11 01:59:59' + interval '1 second', timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-03-11 12:00' - interval '1 day', timestamptz '2018-03-11 12:00' - interval '24 hours'
select timestamptz '2018-03-11 02:30:00', timestamptz '2018-11-04 01:30:00', timestamptz '2018-11-04 01:30:00' + interval '1 hour'
select timestamp '2018-03-11 02:30:00' at time zone 'America/New_York', timestamp '2018-11-04 01:30:00' at time zone 'America/New_York', timestamptz '2018-11-04 06:30:00+00' at time zone 'America/New_York'
select d, d::timestamptz, date_trunc('hour', d::timestamptz) from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 05:00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-03-11 04:30+00', timestamptz '2018-03-11 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('day', d), d::date, extract(hour from d), to_char(d, 'HH24:MI') from generate_series(timestamptz '2018-11-04 03:30+00', timestamptz '2018-11-04 09:00+00', interval '30 minutes') as g(d)
select d from generate_series(timestamptz '2018-03-10 12:00', timestamptz '2018-03-13 12:00', interval '1 day') as g(d)
select d from generate_series(timestamptz '2018-11-03 12:00', timestamptz '2018-11-06 12:00', interval '1 day') as g(d)
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.ts::date = d::date group by 1
select d::date, count(e.ts) from generate_series(timestamp '2018-01-30', timestamp '2018-02-04', interval '1 day') as g(d) left join web.events e on e.dt = to_char(d, 'YYYY-MM-DD') group by 1
select n, count(e.ts) from generate_series(0, 25, 5) as n left join web.events e on e.site_id = n group by n
select date '2018-02-30'
select '2018-13-01'::date
select timestamp '2018-02-03 25:00'
select dt::date from web.events where dt = '2018-02-03x' limit 1
select (path)::date from web.events limit 1
select date '2018-02-03' = timestamp '2018-02-03 00:00', date '2018-02-03' < timestamptz '2018-02-03 00:00:01', timestamptz '2018-02-03' = timestamp '2018-02-03'
select date 'infinity' > date '2018-01-01', timestamptz '-infinity' < now(), date '0044-03-15 BC', timestamp '10000-01-01', date '99999-01-01'
select count(*) from web.events where ts < 'infinity' and ts > '-infinity'
select count(*), min(ts), max(ts) from web.events where ts < 'infinity'
select count(*) from web.events where ts > now()
select count(*) from web.events where ts < current_date and ts < current_timestamp and ts < localtimestamp
select count(*) from web.events where ts > now() - interval '100 years'
select now() = current_timestamp, current_date = now()::date, now()::timestamp = localtimestamp
select extract(epoch from interval '1 month'), extract(epoch from interval '1 day 01:02:03.5'), extract(hour from interval '25 hours'), extract(day from interval '40 days'), extract(month from interval '14 months'), extract(year from interval '14 months')
select date_part('year', date '2018-02-03'), date_part('epoch', timestamp '1969-12-31 23:59:59.5'), extract(epoch from timestamp '1969-12-31 23:59:59.5'), extract(second from timestamp '1969-12-31 23:59:59.5'), extract(milliseconds from time '10:00:01.5'), extract(epoch from time '10:00:01.5'), extract(decade from date '2018-01-01')
select extract(hour from date '2018-01-01')
select date_trunc('foo', now())
select make_date(2018, 2, 3), make_date(2018, 2, 30)
select to_date('2018-02-03', 'YYYY-MM-DD'), to_timestamp('2018-02-03 10:00', 'YYYY-MM-DD HH24:MI'), to_timestamp(1517652000.5)
select to_date('2018-02-30', 'YYYY-MM-DD')
select '2018-02-03 10:00:00'::timestamptz at time zone 'UTC', '2018-02-03 10:00:00+03'::timestamp
select ts at time zone 'EST5EDT' from web.events limit 0
select timestamptz '2018-07-01 00:00+00' at time zone 'EST'
select timestamptz '2018-07-01 00:00+00' at time zone 'utc', timestamptz '2018-07-01 00:00+00' at time zone 'asia/tokyo'
select count(*), sum(n) from generate_series(1, 1000000) n
select n from generate_series(5, 1, -2) n
select n from generate_series(5, 1) n
select n from generate_series(1, 5, 0) n
select n from generate_series(null, 5) n
select n from generate_series(1, null::int) n
select d.site_id, n from web.site_daily d, generate_series(1, d.site_id) n where d.dt = '2018-02-01' and d.site_id < 4
select d.site_id, n from web.site_daily d left join lateral generate_series(1, d.site_id - 2) n on true where d.dt = '2018-02-01' and d.site_id < 5
select d.site_id, n, o from web.site_daily d, generate_series(d.site_id, 1, -1) with ordinality as g(n, o) where d.dt = '2018-02-01' and d.site_id < 4
select t from generate_series(timestamp '2018-01-31', timestamp '2018-05-31', interval '1 month') t
select t::date from generate_series(timestamptz '2018-01-31', timestamptz '2018-02-03', interval '1 day') t
select t from generate_series(date '2018-01-31', date '2018-02-03', interval '1 day') t
select t, n from generate_series(timestamp '2018-01-31', timestamp '2018-02-03', interval '1 day') with ordinality as t(t, n)
select (select count(*) from generate_series(1, d.site_id) n) as c, site_id from web.site_daily d where dt = '2018-02-01'
select n, n::bigint * n from generate_series(9223372036854775805, 9223372036854775807) n
select n from generate_series(9223372036854775805, 9223372036854775807) n
select nullif(path, 'x') from web.events limit 0
select nullif(site_id, 3), nullif(site_id, 3::bigint), nullif(pv, 3), nullif('a', null), nullif(null, 1), nullif(site_id, '3') from web.site_daily limit 0
select round(load_ms, -2), round(load_ms, -1), round(load_ms, 1), round(load_ms::numeric, -3), trunc(load_ms, -2), count(*) from web.events group by load_ms
select round(1234567.891, -3), round(-155, -1), round(5, -1), round(4, -1), round(0.5, -1), trunc(-155, -1)
select date '2018-01-01' + 2147483647
select 'a b' ~ 'a\sb', E'a\u3000b' ~ 'a\sb', E'a\u3000b' ~ 'a[[:space:]]b', E'a\u3000b' ~ 'a\Sb', 'é_1' ~ '^\w+$', 'é-1' ~ '^[\w-]+$', 'a]b' ~ 'a[]x]b', 'a[b' ~ 'a[[x]b', 'ab' ~ 'a[^]x]', 'x.y' ~ '^[a-z.]+$'
select 'ab' ~ '[[:alpha:'
select 'ab' ~ '[[:foo:]]'
select 'ab' ~ '[a'
select 'ab' ~ 'a\'
select regexp_replace('www.a.b', '^(www\.|m\.)', ''), regexp_replace('https://x.y/z', '^https?://([^/]+).*$', '\1'), regexp_replace('a  b', '\s+', ' ', 'g')
select regexp_replace(path, '/[0-9]+$', '/N'), count(*) from web.events group by 1
select regexp_replace('aXbXc', 'X.*?c', '-'), regexp_replace('abcabc', '(b)(c)', '\2\1', 'g'), regexp_replace('naïve', '\w+', 'W')
select timestamptz '2018-03-10 02:30:00' + interval '1 day', timestamptz '2018-11-03 01:30:00' + interval '1 day', timestamptz '2018-11-05 01:30:00' - interval '1 day', timestamptz '2018-11-04 01:30:00-04' + interval '1 hour', timestamptz '2018-01-31 02:30' + interval '1 month 1 day 2 hours'
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month' from generate_series(timestamptz '2018-03-10 05:30+00', timestamptz '2018-03-12 09:00+00', interval '30 minutes') as g(d)
select d + interval '1 day', d - interval '1 day', d + interval '1 hour', d + interval '1 month', d - interval '1 month 2 hours' from generate_series(timestamptz '2018-11-03 03:30+00', timestamptz '2018-11-05 09:00+00', interval '30 minutes') as g(d)
select d, date_trunc('hour', d), date_trunc('minute', d), date_trunc('second', d), date_trunc('day', d), date_trunc('week', d) from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), extract(epoch from d), to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-11-04 03:30:15.5+00', timestamptz '2018-11-04 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select d, d::timestamp, d::timestamp::timestamptz, d::date::timestamptz, extract(hour from d), d - timestamptz '2018-03-01', to_char(d, 'YYYY-MM-DD HH24:MI') from generate_series(timestamptz '2018-03-11 03:30:15.5+00', timestamptz '2018-03-11 09:00+00', interval '17 minutes 0.25 seconds') as g(d)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'europe/berlin' from generate_series(timestamp '2018-03-11 00:30', timestamp '2018-03-11 04:30', interval '30 minutes') as g(w)
select w, w::timestamptz, w at time zone 'America/New_York', w at time zone 'utc' from generate_series(timestamp '2018-11-04 00:30', timestamp '2018-11-04 04:30', interval '30 minutes') as g(w)
select timestamptz '2018-02-03' at time zone 'nosuch/zone'
select upper('straße ẞ'), upper('ß'), upper(''), upper(null), upper('ßß')
