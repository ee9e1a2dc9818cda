package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/etl/hotload"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/hot"
	"tidegate/internal/logkey"
	"tidegate/router"
)

// probeInterval is how often a hot store on a server is looked at.
const probeInterval = time.Second

// hotServer is a hot store that is a server of its own, which may be down, and another one when it is up again.
type hotServer struct {
	engine *hot.Engine
	loader *hotload.Loader
	table  *hotload.Server
	only   *hotOnly
	days   *adoptedDays // of tables that the server has and Tidegate does not load
	log    *slog.Logger
	// trusted is engine.Lost() + 1 when the tables were last found to be what the catalog says; 0: never.
	trusted atomic.Int64
	// suspect says that a statement found a table to be another than it should be.
	suspect atomic.Bool
	looked  time.Time // at the tables' columns; for keep alone
}

func (p *parts) newHotServer(ctx context.Context, loader *hotload.Loader, db *duck.DB, step func(string), opened *closeAll) (*hotServer, error) {
	access, err := p.newHotAccess(ctx)
	if err != nil {
		return nil, err
	}
	table, err := p.hotTables(ctx, access, db, step)
	if err != nil {
		return nil, err
	}
	loader.Hot = table
	spool := p.scratch("spool")
	if err := os.MkdirAll(spool, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for slow clients: %w", err)
	}
	spoolBytes, _ := parseBytes(p.Hot.Spool) // checked
	e, err := hot.New(hot.Options{
		Kind: hot.Kind(p.Hot.Kind), URL: p.Hot.URL, Pool: p.Hot.Pool, Credentials: access.credentials,
		SpoolDir: spool, SpoolBytes: spoolBytes,
	})
	if err != nil {
		return nil, err
	}
	opened.add(e.Close)
	return &hotServer{engine: e, loader: loader, table: table, only: p.newHotOnly(e), log: p.log}, nil
}

// tier is the hot tier as the router needs it.
func (s *hotServer) tier() *router.Hot {
	return &router.Hot{
		Engine: s.engine, Table: s.table.TableRef, Postgres: true, Parameters: s.engine.TakesArgs(), Down: s.down, Only: s.only,
		Altered: s.loader.Altered, Suspect: func() { s.suspect.Store(true) }, Distrust: s.days.distrust,
		Redshift: s.engine.Kind() == hot.Redshift,
	}
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

// keep probes the server, verifies its tables whenever it has come up, lists its own relations and compares adopted
// ones, until ctx ends.
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
	running.Go(func() error { return s.days.keep(ctx) })
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
	if s.engine.Down() != "" {
		return
	}
	if s.trusted.Load() == lost+1 {
		s.recheck(ctx)
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

// alteredInterval is how often tables that were altered are looked at, for whether they have been put right.
const alteredInterval = 5 * time.Second

// recheck looks at the tables' columns if a statement gave reason to, or some are known to be altered.
func (s *hotServer) recheck(ctx context.Context) {
	again := s.loader.AnyAltered() && time.Since(s.looked) > alteredInterval
	if !s.suspect.Swap(false) && !again {
		return
	}
	s.looked = time.Now()
	if err := s.loader.Recheck(ctx); err != nil && ctx.Err() == nil {
		s.suspect.Store(true)
		s.log.WarnContext(ctx, "look at the hot store's tables", logkey.Error, err)
	}
}
