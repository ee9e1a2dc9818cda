# Values: CASE, text, patterns.
select case when load_ms > 100 then 1 else 2.5 end as c, count(*) from web.events group by 1
select case when load_ms > 100 then 1 end, count(*) from web.events group by 1
select case site_id when 1 then 'one' when 2 then 'two' else path end, count(*) from web.events where site_id < 3 and load_ms < 70 group by 1
select case when load_ms is null then 'none' when load_ms < 200 then 'fast' else 'slow' end as bucket, count(*), min(load_ms), max(load_ms) from web.events group by bucket
select coalesce(load_ms, -1), count(*) from web.events where site_id = 3 group by 1
select coalesce(load_ms, 0.5), count(*) from web.events where site_id = 3 group by 1
select coalesce(user_id, referrer, 'none'), count(*) from web.events where site_id = 3 group by 1 having count(*) > 2
select nullif(site_id, 3), count(*) from web.events group by 1
select nullif(load_ms, null), count(*) from web.events where site_id = 3 group by 1
select greatest(load_ms, 500, null), least(load_ms, 500.5), count(*) from web.events where site_id = 3 group by 1, 2
select greatest(user_id, path), count(*) from web.events where site_id = 3 and load_ms > 1000 group by 1
select greatest(null::int, null), least(1, 2.5), greatest('a', 'B'), greatest(1, '7')
select coalesce(null, null), coalesce(null, 1), nullif('a', 'b'), nullif(1, 1.0)
select case when true then 1 else 1/0 end
select case when site_id > 0 then 1 else 1 / (site_id - site_id) end, count(*) from web.events group by 1
select count(*) from web.events where case when site_id = 1 then dt = '2018-02-03' else load_ms > 2000 end
select sum(case when site_id = 1 then 1 else 0 end), sum(case when site_id = 1 then 1.5 end), count(case when load_ms > 500 then 1 end) from web.events
select avg(case when site_id = 1 then load_ms end), avg(load_ms::float8), avg(load_ms), stddev(load_ms), variance(load_ms), var_pop(load_ms), stddev_pop(load_ms) from web.events
select count(*), sum(load_ms), min(load_ms), max(load_ms), avg(load_ms) from web.events where site_id = 999
select sum(pv), sum(pv::numeric), sum(pv::float8), avg(pv), sum(site_id), sum(site_id::smallint) from web.site_daily
select bool_and(load_ms > 50), bool_or(load_ms > 3100), every(site_id > 0) from web.events
select string_agg(dt, ',' order by dt desc) from web.site_daily where site_id = 2
select site_id, string_agg(pv::text, '|' order by pv, dt) from web.site_daily group by site_id
select string_agg(distinct domain, ',' order by domain) from web.events
select percentile_cont(0.5) within group (order by load_ms), percentile_disc(0.95) within group (order by load_ms) from web.events
select site_id, percentile_cont(0.9) within group (order by load_ms), percentile_disc(0.1) within group (order by load_ms desc) from web.events group by site_id
select corr(pv, uu), covar_pop(pv, uu), regr_slope(pv, uu), regr_count(pv, uu) from web.site_daily
select bit_and(site_id), bit_or(site_id) from web.events
select path, length(path), upper(path), lower(path), reverse(path), left(path, 3), right(path, 3), left(path, -3), right(path, -3), octet_length(path) from (select distinct path from web.events where path ~ '[^ -~]') x
select substr(path, 2, 5), substr(path, 0, 5), substr(path, -2, 5), substring(path from 3), substring(path from 2 for 2) from (select distinct path from web.events where site_id < 4) x
select position('a' in path), strpos(path, 'ï'), split_part(path, '/', 2), split_part(path, '/', -1), split_part(path, '/', 9), replace(path, '/', '::'), translate(path, '/aé', 'xy') from (select distinct path from web.events where site_id < 6) x
select lpad(path, 12, '*'), rpad(path, 12, 'xy'), lpad(path, 4), rpad(path, 3), btrim(path, '/0'), ltrim(path, '/a'), rtrim(path, '0123456789'), trim(both '/' from path), trim(leading from path) from (select distinct path from web.events where site_id < 6) x
select path || '?' || site_id, path || null, concat(path, null, site_id), concat_ws('-', path, null, dt), path || load_ms from web.events where site_id = 3 and load_ms < 90
select md5(path), ascii(path), ascii(substr(path, 2)), chr(site_id + 64), chr(8364), repeat(path, 2), starts_with(path, '/na') from web.events where site_id = 3 and load_ms < 90
select length(user_id), upper(user_id), user_id || 'x', substr(user_id, 1, 2), count(*) from web.events where user_id is null group by 1, 2, 3, 4
select upper('straße')
select upper('ﬁ'), upper('ŉ'), lower('İSTANBUL'), upper('ı'), lower('ẞ'), upper('ß')
select lower('ΑΣ'), upper('ǆ'), lower('Ǆ'), upper('µ'), upper('ÿ')
select reverse('añb'), reverse('e' || chr(769) || 'x'), length('e' || chr(769)), left('e' || chr(769) || 'x', 1), length('👍🏽'), reverse('👍🏽a'), left('👍🏽a', 1)
select lpad('👍🏽a', 5, 'x'), rpad('e' || chr(769), 4, 'x'), substr('e' || chr(769) || 'x', 2, 1), right('e' || chr(769) || 'x', 2)
select length(E'a\nb'), length(''), '' is null, length(null), left('abc', 0), left('abc', -5), right('abc', -5), repeat('a', 0), repeat('a', -1)
select position('' in 'abc'), strpos('', 'a'), strpos('', ''), split_part('a,b', ',', 3), split_part('', ',', 1), split_part('a,b,c', ',', -2), replace('aaa', 'a', ''), translate('12345', '143', 'ax')
select split_part('abc', '', 1), split_part('abc', '', 2), split_part('abc', '', -1)
select split_part('a,b', ',', 0)
select substr('hello', 2, -1)
select chr(0)
select ascii('é'), ascii('€'), ascii('👍'), ascii('')
select trim('  x  '), btrim(E'\tx\t'), btrim('xxaxx', 'x'), btrim('xyaxy', 'yx'), ltrim('', 'x'), btrim('abc', '')
select 'a' || 1, 1 || 'a', 'a' || 1.50, 'x' || true, 'x' || date '2018-01-01', 'x' || null
select concat(true, 1, null, 1.5, 'x', date '2018-01-01'), concat_ws(null, 'a', 'b'), concat_ws(',', null, null), concat()
select 'abc' < 'abd', 'a' < 'B', 'Z' < 'a', 'é' > 'z', '' < 'a', 'a ' = 'a'
select quote_literal('a''b'), quote_ident('A b')
select count(*) from web.events where path like '/na%'
select count(*) from web.events where path like '/na_ve%'
select count(*) from web.events where path ilike '/NAÏVE%'
select count(*) from web.events where path ilike '/zÜRICH%'
select count(*) from web.events where path ilike '/ШТОРМ%'
select count(*) from web.events where path not like '/%'
select count(*) from web.events where user_id not like 'u%' or user_id is null
select count(*) from web.events where user_agent like '%Safari/537.36' and user_agent not like '%Chrome%'
select count(*) from web.events where referrer like '%\%%'
select count(*) from web.events where referrer like '%q=_n%'
select 'a%b' like 'a\%b', 'axb' like 'a\%b', 'a\b' like 'a\\b', 'a_b' like 'a#_b' escape '#', 'axb' like 'a#_b' escape '#', 'a\b' like 'a\b' escape '', 'ab' like 'a\b'
select 'a' like '', '' like '', '' like '%', 'abc' like '%', 'abc' like '___', 'abc' like '____', 'añc' like 'a_c', E'a\nb' like 'a_b', E'a\nb' like '%b'
select 'abc' like null, null like 'a', 'ABC' ilike 'a_c', 'ÄÖ' ilike 'äö', 'ß' ilike 'SS', 'İ' ilike 'i'
select 'a' like 'a' escape 'xx'
select path like domain, count(*) from web.events group by 1
select count(*) from web.events where path like '%' || site_id || '%'
select count(*) from web.events where path like 'a' || '\' || '%'
select count(*) from web.events where path ~ '^/articles/[0-9]+$'
select count(*) from web.events where path ~* 'ARTICLES'
select count(*) from web.events where path !~ 'a'
select count(*) from web.events where path !~* '^/[A-Z]{4}'
select count(*) from web.events where path ~ '\d{3}'
select count(*) from web.events where path ~ '/\w+/'
select count(*) from web.events where path ~ '/[[:alpha:]]+/'
select count(*) from web.events where path ~ '/[a-z]*ï[a-z]*/'
select count(*) from web.events where path ~ '\W'
select count(*) from web.events where user_id ~ '^u[0-9a-f]{2}'
select count(*) from web.events where path ~ ''
select E'a\nb' ~ 'a.b', E'a\nb' ~ '^b', E'a\nb' ~ 'a$', E'ab\n' ~ 'b$'
select 'abc' ~ 'a|b', 'abc' ~ '(b)(c)', 'abc' ~ 'a{1,2}', 'abc' ~ '^(?:a|x)bc$', 'a.c' ~ 'a\.c', 'a+c' ~ 'a[+]c', 'aa' ~ 'a{2}', 'a{' ~ 'a\{'
select 'x' ~ '('
select 'x' ~ 'a{2,1}'
select 'x' ~ '*a'
select 'x' ~ '+'
select 'x' ~ '[b-a]'
select 'x' ~ 'a**'
select 'x' ~ 'a++'
select 'a{' ~ 'a{', 'a{,2}' ~ 'a{,2}'
select 'a\d' ~ 'a[\d]', 'a-' ~ 'a[\-]', 'a]' ~ 'a[]]', 'a^' ~ 'a[\^]', 'a[' ~ 'a[[]'
select 'a\' ~ '[\]'
select regexp_replace('a1b22', '\d+', '#', 'g'), regexp_replace('éa', '\w', '#', 'g'), regexp_replace('  a  b ', '\s+', ' ', 'g')
select regexp_replace(path, '[0-9]+', 'N'), count(*) from web.events group by 1
select regexp_replace(domain, '\..*$', ''), count(*) from web.events group by 1
select regexp_replace(user_agent, '(Chrome|Safari|Firefox)/(\d+).*', '\1 \2'), count(*) from web.events group by 1
