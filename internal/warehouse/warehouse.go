// Package warehouse is a stand-in for Amazon Redshift on laptops and in tests: psql-wire in front, an engine of
// Tidegate's behind, and between them the rules that a loader meets: what COPY and UNLOAD accept, how identifiers and
// lengths are counted, which parameters are refused, who waits for whom, and failures on demand.
//
// docs/warehouse.md lists each rule with its source, and what is not imitated. Read Warehouse.Serve first, then
// session.plan (what a statement does) and session.run (its transaction).
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgtype"
	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// serverVersion and versionText are how tools know Redshift.
const (
	serverVersion = "8.0.2"
	versionText   = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), " +
		"Redshift 1.0.99999 (Tidegate's stand-in)"
)

// Database opens sessions of the engine behind. They must also be able to Describe.
type Database interface {
	Session(ctx context.Context) (engine.Session, error)
}

// Options say what a Warehouse is made of.
type Options struct {
	Database Database
	// Stage is a folder that the engine may read and write: objects lie there while COPY and UNLOAD work on them.
	Stage string
	// Open gives the bucket of an s3:// URL by its name; its keys are the keys of the URL. An error that is
	// storage.ErrNotFound says that there is no such bucket. It may be nil: then COPY and UNLOAD find no bucket.
	Open func(bucket string) (storage.Bucket, error)
	// Authenticate checks a password; nil lets everyone in without one.
	Authenticate func(user, password string) bool
	// Faults are in force from the beginning.
	Faults []Fault
	Log    *slog.Logger // nil: nothing is logged
}

// Warehouse serves one database. It is safe for concurrent use.
type Warehouse struct {
	o       Options
	log     *slog.Logger
	locks   *locks
	faults  faults
	queries atomic.Int64 // number of the last statement
	pids    atomic.Int32

	mu       sync.Mutex
	conns    map[int32]*conn    // guarded by mu; by pid
	sessions map[int32]*session // guarded by mu; by pid
}

// New makes a warehouse and the system views in its database.
func New(ctx context.Context, o Options) (*Warehouse, error) {
	w := &Warehouse{
		o: o, log: o.Log, locks: newLocks(), conns: map[int32]*conn{}, sessions: map[int32]*session{},
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if w.o.Open == nil {
		w.o.Open = func(bucket string) (storage.Bucket, error) {
			return nil, fmt.Errorf("bucket %s: %w", bucket, storage.ErrNotFound)
		}
	}
	for _, f := range o.Faults {
		w.faults.add(f)
	}
	if err := w.clearStage(); err != nil {
		return nil, err
	}
	if err := w.makeSystem(ctx); err != nil {
		return nil, fmt.Errorf("make system views: %w", err)
	}
	return w, nil
}

// Fail puts a fault in force until withdraw is called.
func (w *Warehouse) Fail(f Fault) (withdraw func()) { return w.faults.add(f) }

// DropConnections resets every connection, as a cluster does that restarts.
func (w *Warehouse) DropConnections() {
	w.mu.Lock()
	open := make([]*conn, 0, len(w.conns))
	for _, c := range w.conns {
		open = append(open, c)
	}
	w.mu.Unlock()
	for _, c := range open {
		c.abort()
	}
}

// Serve answers clients until ctx ends, then ends their connections and returns nil. It closes l.
func (w *Warehouse) Serve(ctx context.Context, l net.Listener) error {
	server, err := wire.NewServer(w.parse,
		// psql-wire logs texts and parameters, which are customers' data.
		wire.Logger(slog.New(slog.DiscardHandler)),
		wire.GlobalParameters(wire.Parameters{
			"integer_datetimes": "on", "DateStyle": "ISO, MDY", "TimeZone": "UTC",
		}),
		wire.SessionAuthStrategy(w.authenticate),
		wire.SessionMiddleware(w.open),
		wire.CloseConn(w.close),
		wire.TxStatus(func(ctx context.Context) wireStatus { return sessionOf(ctx).status() }),
		wire.SyncConn(syncMessages),
		wire.BackendKeyData(backendKey),
		wire.CancelRequest(w.cancelRequest),
		wire.ExtendTypes(registerTypes),
	)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	w.log.InfoContext(ctx, "warehouse ready", logkey.Address, l.Addr().String())
	stop := context.AfterFunc(ctx, func() {
		_ = l.Close() // Serve below closes it again
		w.shutDown(context.Cause(ctx))
	})
	defer stop()
	err = server.Serve(listener{Listener: l, accepted: func(c net.Conn) (*conn, bool) { return w.accept(ctx, c) }})
	w.shutDown(errors.New("the warehouse is shutting down"))
	closed := server.Close()
	server.Wait()
	return errors.Join(err, ignoreClosed(closed))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// shutDown ends every running statement and connection.
func (w *Warehouse) shutDown(cause error) {
	w.mu.Lock()
	for _, s := range w.sessions {
		s.cancel(cause)
	}
	w.mu.Unlock()
	w.DropConnections()
}

// accept lets a client in, unless a fault refuses it.
func (w *Warehouse) accept(ctx context.Context, raw net.Conn) (*conn, bool) {
	c := newConn(raw, w.pids.Add(1), w.forget)
	w.mu.Lock()
	w.conns[c.pid] = c
	w.mu.Unlock()
	if err := w.faults.strike(ctx, OnConnect, "", c); err != nil {
		c.abort()
		return nil, false
	}
	return c, true
}

func (w *Warehouse) forget(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c.pid)
}

// registerTypes replaces the library's encoders by one that sends values as they are.
func registerTypes(m *pgtype.Map) {
	for _, oid := range sentTypes() {
		m.RegisterType(&pgtype.Type{Name: fmt.Sprintf("oid%d", oid), OID: oid, Codec: codec{}})
	}
}
