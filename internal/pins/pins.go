//go:build pins

// Package pins keeps modules in go.mod that the next steps need and nothing imports yet: their versions were
// resolved as one set with those in use. Nothing builds it; `go mod tidy` reads it. A line goes when its module is
// imported where it is used.
package pins

import (
	_ "github.com/aws/aws-sdk-go-v2/service/glue"  // publishing and importing tables
	_ "github.com/axiomhq/hyperloglog"             // approximate distinct counts
	_ "github.com/jackc/pgx/v5/pgxpool"            // Redshift and PostgreSQL as hot store
	_ "github.com/johannesboyne/gofakes3"          // S3 in tests
	_ "github.com/rogpeppe/go-internal/testscript" // stories of the command line
)
