package testkit_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// TestPostgres checks the promises that comparisons rest on.
func TestPostgres(t *testing.T) {
	t.Parallel()
	c, err := pgconn.Connect(t.Context(), testkit.Postgres(t).DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	r := c.ExecParams(t.Context(), `select current_setting('server_version_num')::int / 10000, current_setting('TimeZone'),
		current_setting('server_encoding'), current_setting('lc_collate'), current_user`, nil, nil, nil, nil).Read()
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	var got []string
	for _, v := range r.Rows[0] {
		got = append(got, string(v))
	}
	if diff := cmp.Diff([]string{"15", "UTC", "UTF8", "C.UTF-8", "postgres"}, got); diff != "" {
		t.Error(diff)
	}
}
