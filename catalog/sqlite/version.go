package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"sync"

	"tidegate/catalog/metastore"
)

// commits notices what anybody commits. PRAGMA data_version of one connection moves when any other one has committed, in
// this process or another; this one never writes, so it sees the writes of this process too.
type commits struct {
	mu     sync.Mutex
	conn   *stdsql.Conn // guarded by mu, as all; nil before the first look and after an error
	opened int64        // connections so far: versions of two have nothing to do with each other
	index  walIndex
	last   metastore.Version // while index is unchanged
}

// Version gives another value after each commit.
func (d *database) Version(ctx context.Context) (metastore.Version, error) {
	c := &d.commits
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && c.index.unchanged() {
		return c.last, nil
	}
	// Not the caller's context: a caller that goes away must not cost the others the connection.
	v, err := c.look(context.WithoutCancel(ctx), d)
	if err != nil {
		return v, errors.Join(err, c.forget())
	}
	return v, nil
}

func (c *commits) look(ctx context.Context, d *database) (v metastore.Version, err error) {
	if c.conn == nil {
		if c.conn, err = d.db.Conn(ctx); err != nil {
			return v, err
		}
		c.opened++
	}
	header := c.index.read() // before the version: a commit between them is seen the next time
	var version int64
	if err := c.conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version); err != nil {
		return v, err
	}
	c.index.seen = header
	c.last = metastore.Version{Change: c.opened<<32 | int64(uint32(version))}
	if c.index.file == nil { // the connection has read, so it holds the file from now on
		if err := c.index.open(d.path); err != nil {
			return v, err
		}
	}
	return c.last, nil
}

// forget closes what the next look opens again.
func (c *commits) forget() error {
	if c.conn == nil {
		return nil
	}
	err := errors.Join(c.conn.Close(), c.index.close())
	c.conn = nil
	return err
}

func (c *commits) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forget()
}
