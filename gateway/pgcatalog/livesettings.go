package pgcatalog

// settingsText is pg_settings with the values of a session, which come as one text.
const settingsText = `(SELECT s.* REPLACE (coalesce(v.value, s.setting) AS setting,
	CASE WHEN v.value <> s.setting THEN 'session' ELSE s.source END AS source)
	FROM pgc.pg_settings s LEFT JOIN (SELECT unnest(from_json(%s, '[{"name": "VARCHAR", "value": "VARCHAR"}]'), recursive := true)) v
	ON v.name = s.name)`

// settingsSource gives the rows with the values as they are now.
func settingsSource(values []Setting) (string, error) {
	rows := make([]map[string]string, len(values))
	for i, s := range values {
		rows[i] = map[string]string{"name": s.Name, "value": s.Value}
	}
	return rowsIn(settingsText, rows)
}
