package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// TestRedshiftDialect serves the demo in the dialect redshift over the stand-in: averages of whole numbers are whole on
// both tiers, and a client that writes values into its text has to know that a backslash escapes there.
func TestRedshiftDialect(t *testing.T) {
	s3 := testkit.S3(t)
	store := startWarehouse(t, s3)
	for _, variable := range s3.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate-data/demo.yml"), fmt.Sprintf(
		"data_dir: ./tidegate-data\npipelines: ./tidegate-data/pipelines\n"+
			"lake: { location: 's3://%s/lake', s3: { endpoint: %q, path_style: true } }\n"+
			"hot: { kind: redshift, url: %q, pool: 4, iam_role: default }\n", // whose dialect is Redshift's
		s3.Bucket(t), s3.Endpoint, store.url()))
	s := start(t, dir, demoArgs...)
	c := s.connect(t)
	const averages = "select /*+ tidegate engine(%s) */ site_id, avg(site_id + 1), avg(distinct load_ms) from web.events group by 1 order by 1"
	cold := table(t, c, fmt.Sprintf(averages, "cold"))
	if d := cmp.Diff(cold, table(t, c, fmt.Sprintf(averages, "hot"))); d != "" || len(cold) == 0 {
		t.Errorf("hot and cold differ: %s", d)
	}
	const query = "select avg(site_id) from web.events where site_id = $1"
	var average int64
	if err := c.QueryRow(t.Context(), query, pgx.QueryExecModeExec, 3).Scan(&average); err != nil || average != 3 {
		t.Errorf("the average is %d: %v", average, err)
	}
	err := c.QueryRow(t.Context(), query, pgx.QueryExecModeSimpleProtocol, 3).Scan(&average)
	if err == nil || !strings.Contains(err.Error(), "standard_conforming_strings") {
		t.Errorf("pgx writes the value into the text: %v", err)
	}
	s.interrupt(t)
}
