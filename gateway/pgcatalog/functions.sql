CREATE TABLE pgc._type AS
SELECT oid AS _t_oid, tg_format_type(oid, NULL::INTEGER) AS _t_text FROM pgc.pg_type
--
CREATE TABLE pgc._function AS
WITH argument AS (
  SELECT oid, unnest(coalesce(proallargtypes, proargtypes)) AS type, generate_subscripts(coalesce(proallargtypes, proargtypes), 1) AS i
  FROM pgc.pg_proc
), spelled AS (
  SELECT a.oid, a.i, p.prokind, p.proargtypes, p.pronargdefaults, p.proargdefaults,
    coalesce(p.proargmodes[a.i], 'i') AS mode, nullif(p.proargnames[a.i], '') AS name, t._t_text AS type_text
  FROM argument a JOIN pgc.pg_proc p USING (oid) JOIN pgc._type t ON t._t_oid = a.type
), numbered AS (
  SELECT *, count(*) FILTER (WHERE mode IN ('i', 'b', 'v')) OVER (PARTITION BY oid ORDER BY i) AS input
  FROM spelled
), written AS (
  SELECT oid, i, mode,
    CASE mode WHEN 'b' THEN 'INOUT ' WHEN 'o' THEN 'OUT ' WHEN 'v' THEN 'VARIADIC ' ELSE CASE WHEN prokind = 'p' THEN 'IN ' ELSE '' END END
    || coalesce((CASE WHEN regexp_full_match(name, '[a-z_][a-z0-9_$]*') AND k.word IS NULL THEN name ELSE '"' || replace(name, '"', '""') || '"' END) || ' ', '') || type_text AS plain,
    CASE WHEN mode IN ('i', 'b', 'v') AND input > len(proargtypes) - pronargdefaults
      THEN ' DEFAULT ' || string_split(proargdefaults, ', ')[input - (len(proargtypes) - pronargdefaults)] ELSE '' END AS fallback,
    coalesce(name || ' ', '') || type_text AS field
  FROM numbered LEFT JOIN pgc._keyword k ON k.word = name AND k.category <> 'U'
), joined AS (
  SELECT w.oid,
    string_agg(CASE WHEN g.aggkind IN ('o', 'h') AND i = g.aggnumdirectargs + 1 THEN CASE WHEN i = 1 THEN 'ORDER BY ' ELSE ' ORDER BY ' END WHEN i = 1 THEN '' ELSE ', ' END || plain || fallback, '' ORDER BY i) FILTER (WHERE mode <> 't') AS args,
    string_agg(CASE WHEN g.aggkind IN ('o', 'h') AND i = g.aggnumdirectargs + 1 THEN CASE WHEN i = 1 THEN 'ORDER BY ' ELSE ' ORDER BY ' END WHEN i = 1 THEN '' ELSE ', ' END || plain, '' ORDER BY i) FILTER (WHERE mode <> 't') AS identity_args,
    'TABLE(' || string_agg(field, ', ' ORDER BY i) FILTER (WHERE mode = 't') || ')' AS table_result,
    max(CASE WHEN mode = 'v' THEN ', ' || plain END) AS variadic
  FROM written w LEFT JOIN pgc.pg_aggregate g ON g.aggfnoid = w.oid
  GROUP BY w.oid
)
SELECT p.oid AS _f_oid, p.proname AS _f_name, n.nspname AS _f_schema,
  coalesce(j.args, '')
    || CASE WHEN g.aggkind = 'h' AND p.provariadic <> 0 AND g.aggnumdirectargs = p.pronargs THEN ' ORDER BY ' || substr(j.variadic, 3) ELSE '' END AS _f_args,
  coalesce(j.identity_args, '')
    || CASE WHEN g.aggkind = 'h' AND p.provariadic <> 0 AND g.aggnumdirectargs = p.pronargs THEN ' ORDER BY ' || substr(j.variadic, 3) ELSE '' END AS _f_identity_args,
  CASE WHEN p.prokind = 'p' THEN NULL
    ELSE coalesce(j.table_result, CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || t._t_text) END AS _f_result
FROM pgc.pg_proc p
  JOIN pgc.pg_namespace n ON n.oid = p.pronamespace
  JOIN pgc._type t ON t._t_oid = p.prorettype
  LEFT JOIN pgc.pg_aggregate g ON g.aggfnoid = p.oid
  LEFT JOIN joined j ON j.oid = p.oid
--
CREATE TABLE pgc._operator AS
SELECT o.oid AS _o_oid,
  o.oprname || '(' || coalesce(l._t_text, 'NONE') || ',' || coalesce(r._t_text, 'NONE') || ')' AS _o_text
FROM pgc.pg_operator o LEFT JOIN pgc._type l ON l._t_oid = o.oprleft LEFT JOIN pgc._type r ON r._t_oid = o.oprright
