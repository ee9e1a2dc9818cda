package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"tidegate/etl/hotload"
	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/hot"
	"tidegate/internal/logkey"
	"tidegate/router"
)

// probeInterval is how often a hot store on a server is looked at.
const probeInterval = time.Second

// connectTimeout bounds how long the loader waits for a connection.
const connectTimeout = 5 * time.Second

// hotServer is a hot store that is a server of its own, which may be down, and another one when it is up again.
type hotServer struct {
	engine *hot.Engine
	loader *hotload.Loader
	table  *hotload.Server
	only   *hotOnly
	log    *slog.Logger
	// trusted is engine.Lost() + 1 when the tables were last found to be what the catalog says; 0: never.
	trusted atomic.Int64
}

func (p *parts) newHotServer(loader *hotload.Loader, opened *closeAll) (*hotServer, error) {
	e, err := hot.New(hot.Options{Kind: hot.PostgreSQL, URL: p.Hot.URL, Pool: p.Hot.Pool})
	if err != nil {
		return nil, err
	}
	opened.add(e.Close)
	return &hotServer{engine: e, loader: loader, table: p.postgresHot(nil, nil), only: p.newHotOnly(e), log: p.log}, nil
}

// postgresHot is the loader's side of the server.
func (p *parts) postgresHot(db *duck.DB, step func(string)) *hotload.Server {
	return &hotload.Server{
		Schema: p.Hot.Schema, Step: step, Dialect: &hotload.Postgres{Read: db, Encode: encodeBinary},
		Connect: func(ctx context.Context) (*pgconn.PgConn, error) {
			ctx, stop := context.WithTimeout(ctx, connectTimeout)
			defer stop()
			return pgconn.Connect(ctx, p.Hot.URL)
		},
	}
}

// encodeBinary makes the encoder of rows on their way into the hot store.
func encodeBinary(columns []engine.Column) (hotload.Encoder, error) {
	formats := make([]int16, len(columns))
	for i := range formats {
		formats[i] = encode.BinaryFormat
	}
	e, err := encode.New(columns, formats, time.UTC)
	if err != nil {
		return nil, fmt.Errorf("encode rows for the hot store: %w", err)
	}
	return e, nil
}

// tier is the hot tier as the router needs it.
func (s *hotServer) tier() *router.Hot {
	return &router.Hot{Engine: s.engine, Table: s.table.TableRef, Postgres: true, Down: s.down, Only: s.only}
}

func (s *hotServer) down() string {
	if why := s.engine.Down(); why != "" {
		return why
	}
	if s.trusted.Load() != int64(s.engine.Lost())+1 {
		return "its rows are not verified yet"
	}
	return ""
}

// keep probes the server, verifies its tables whenever it has come up, and lists its own relations, until ctx ends.
func (s *hotServer) keep(ctx context.Context) error {
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error {
		return s.engine.Watch(ctx, probeInterval, func(down string) {
			if down != "" {
				s.log.WarnContext(ctx, "hot store is down", logkey.Reason, down)
			} else {
				s.log.InfoContext(ctx, "hot store is up")
			}
		})
	})
	running.Go(func() error { return s.only.keep(ctx) })
	running.Go(func() error {
		for {
			s.verify(ctx)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(probeInterval):
			}
		}
	})
	return running.Wait()
}

func (s *hotServer) verify(ctx context.Context) {
	lost := int64(s.engine.Lost())
	if s.engine.Down() != "" || s.trusted.Load() == lost+1 {
		return
	}
	s.loader.Distrust()
	if err := s.loader.Verify(ctx); err != nil {
		if ctx.Err() == nil {
			s.log.WarnContext(ctx, "verify the hot store", logkey.Error, err)
		}
		return
	}
	s.trusted.Store(lost + 1)
}
