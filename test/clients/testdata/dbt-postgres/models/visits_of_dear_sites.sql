select s.name, count(*) as visits
from {{ source('shop', 'visits') }} as v join {{ ref('dear_sites') }} as s on s.site_id = v.site_id
group by s.name
