-- One row per flight, as it is in the file.
select
    date::timestamp   as date,
    delay::bigint     as delay,
    distance::bigint  as distance,
    origin::text      as origin,
    destination::text as destination
from source
