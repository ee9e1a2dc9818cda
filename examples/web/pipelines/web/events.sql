-- One row per page view. Every record of the source becomes a row, but for the health checks of the load balancer.
select
    event_id::text       as event_id,
    ts::timestamptz      as ts,
    site_id::int         as site_id,
    lower(domain)::text  as domain,
    path::text           as path,
    user_id::text        as user_id,
    referrer::text       as referrer,
    user_agent::text     as user_agent,
    load_ms::int         as load_ms,
    query::text          as query,
    experiment::text     as experiment
from source
where user_agent is null
   or user_agent not like 'kube-probe/%'
