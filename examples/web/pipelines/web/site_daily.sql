-- Page views (pv) and exactly counted visitors (uu) per site and day. Only days that changed are rebuilt.
select
    dt,
    site_id,
    count(*)::bigint                as pv,
    count(distinct user_id)::bigint as uu,
    count(load_ms)::bigint          as timed,
    sum(load_ms)::bigint            as load_ms_sum
from web.events
group by dt, site_id
