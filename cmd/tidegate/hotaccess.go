package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshiftserverless"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/etl/hotload"
	"tidegate/gateway/encode"
	"tidegate/internal/awsconfig"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/hot"
	"tidegate/internal/engine/hot/iam"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/s3"
)

// connectTimeout bounds how long the loader waits for a connection.
const connectTimeout = 5 * time.Second

// hotAccess is how the server of the hot store is reached, by its loader and by queries alike.
type hotAccess struct {
	config      *pgconn.Config
	credentials hot.Credentials // nil: those of the URL
}

// newHotAccess reads how to reach the hot store. It asks nobody yet.
func (p *parts) newHotAccess(ctx context.Context) (*hotAccess, error) {
	config, err := pgconn.ParseConfig(p.Hot.URL)
	if err != nil {
		return nil, fmt.Errorf("read hot.url: %w", err)
	}
	// Redshift refuses parameters that it does not know.
	config.RuntimeParams = map[string]string{"application_name": "tidegate", "client_encoding": "UTF8"}
	a := &hotAccess{config: config}
	given := p.Hot.IAM
	if given == (iamConfig{}) {
		return a, nil
	}
	s := p.Lake.S3
	aws, err := awsconfig.Load(ctx, awsconfig.Options{Region: s.Region, Profile: s.Profile, RoleARN: s.RoleARN})
	if err != nil {
		return nil, fmt.Errorf("credentials of the hot store: %w", err)
	}
	source := iam.Workgroup(redshiftserverless.NewFromConfig(aws), given.Workgroup, config.Database)
	if given.Cluster != "" {
		source = iam.Cluster(redshift.NewFromConfig(aws), given.Cluster, given.DBUser, config.Database)
	}
	a.credentials = iam.NewCache(source)
	return a, nil
}

// connect opens a connection for the loader.
func (a *hotAccess) connect(ctx context.Context) (*pgconn.PgConn, error) {
	ctx, stop := context.WithTimeout(ctx, connectTimeout)
	defer stop()
	config := a.config.Copy()
	if a.credentials != nil {
		user, password, err := a.credentials.Get(ctx)
		if err != nil {
			return nil, err
		}
		config.User, config.Password = user, password
	}
	return pgconn.ConnectConfig(ctx, config)
}

// hotTables is the loader's side of the server. db and step may be nil for one that only counts.
func (p *parts) hotTables(ctx context.Context, a *hotAccess, db *duck.DB, step func(string)) (*hotload.Server, error) {
	s := &hotload.Server{Schema: p.Hot.Schema, Connect: a.connect, Step: step}
	if p.Hot.Kind == "postgres" {
		s.Dialect = &hotload.Postgres{Read: db, Encode: encodeBinary}
		return s, nil
	}
	stage, err := s3.Open(ctx, p.stage(), p.Lake.S3.options())
	if err != nil {
		return nil, fmt.Errorf("hot.stage: %w", err)
	}
	work, err := p.hotWork()
	if err != nil {
		return nil, err
	}
	s.Dialect = &hotload.Redshift{Read: db, WorkDir: work, Lake: p.lake, Stage: stage, IAMRole: p.Hot.IAMRole}
	return s, nil
}

// hotWork is the folder of the loader. It is absolute, as DuckDB's fence wants it.
func (p *parts) hotWork() (string, error) { return filepath.Abs(p.scratch("hotload")) }

// encodeBinary makes the encoder of rows on their way into the hot store.
func encodeBinary(columns []engine.Column) (hotload.Encoder, error) {
	formats := make([]int16, len(columns))
	for i := range formats {
		formats[i] = encode.BinaryFormat
	}
	e, err := encode.New(columns, formats, pgtypes.Style{})
	if err != nil {
		return nil, fmt.Errorf("encode rows for the hot store: %w", err)
	}
	return e, nil
}
