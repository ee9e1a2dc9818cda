select site_id, name, price from {{ source('shop', 'sites') }} where price >= 10
