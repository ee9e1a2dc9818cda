select dt::date as day, site_id, pv, uu, timed, load_ms_sum from web.site_daily
