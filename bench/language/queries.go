package language

import "strings"

// biQueryAgain is biQuery with other dates.
var biQueryAgain = strings.ReplaceAll(biQuery, "'2018-02-01 00:00:00'", "'2018-02-03 00:00:00'")

// biQuery is what a BI tool makes of a chart with a top ten, a share and a moving average: forty lines.
const biQuery = `SELECT "t"."day" AS "day",
       "t"."country" AS "country",
       "t"."domain" AS "domain",
       "t"."views" AS "views",
       "t"."users" AS "users",
       "t"."revenue" AS "revenue",
       CASE WHEN "t"."views" = 0 THEN NULL ELSE CAST("t"."revenue" AS numeric) / "t"."views" END AS "revenue_per_view",
       SUM("t"."views") OVER (PARTITION BY "t"."country" ORDER BY "t"."day" ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS "views_7d",
       RANK() OVER (PARTITION BY "t"."day" ORDER BY "t"."views" DESC) AS "rank_of_day"
FROM (
    SELECT DATE_TRUNC('day', "e"."ts") AS "day",
           COALESCE("s"."country", 'unknown') AS "country",
           LOWER("s"."domain") AS "domain",
           COUNT(*) AS "views",
           COUNT(DISTINCT "e"."user_id") AS "users",
           SUM(COALESCE("e"."amount", 0)) AS "revenue",
           AVG(CASE WHEN "e"."load_ms" BETWEEN 1 AND 60000 THEN "e"."load_ms" END) AS "load_ms",
           SUM(CASE WHEN "e"."referrer" LIKE '%search%' THEN 1 ELSE 0 END) AS "from_search",
           MAX("e"."ts") AS "last_seen"
    FROM "web"."events" AS "e"
    LEFT JOIN "web"."sites" AS "s" ON "s"."site_id" = "e"."site_id"
    WHERE "e"."ts" >= '2018-02-01 00:00:00'
      AND "e"."ts" < '2018-02-15 00:00:00'
      AND "e"."dt" IN ('2018-02-01', '2018-02-02', '2018-02-03', '2018-02-04')
      AND "e"."site_id" IN (1, 2, 3, 5, 8, 13, 21)
      AND ("e"."experiment" IS NULL OR "e"."experiment" <> 'control')
      AND "e"."path" NOT LIKE '/internal/%'
      AND COALESCE("e"."load_ms", 0) >= 0
    GROUP BY DATE_TRUNC('day', "e"."ts"),
             COALESCE("s"."country", 'unknown'),
             LOWER("s"."domain")
    HAVING COUNT(*) > 10
) AS "t"
WHERE "t"."country" <> 'unknown'
  AND "t"."users" >= 5
ORDER BY "t"."day" ASC NULLS LAST,
         "t"."views" DESC,
         "t"."domain" ASC
LIMIT 1000`

// pointQuery is a look-up of one user's day.
const pointQuery = `select ts, path, load_ms from web.events where user_id = 'u17' and ts >= '2018-02-14' and ts < '2018-02-15' order by ts limit 100`

const pointQueryAgain = `select ts, path, load_ms from web.events where user_id = 'u4711' and ts >= '2018-02-10' and ts < '2018-02-11' order by ts limit 100`
