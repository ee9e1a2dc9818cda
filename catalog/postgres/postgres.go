// Package postgres opens a catalog in a schema of a PostgreSQL database, shared by processes of several machines.
//
// Writers take one advisory lock, whose holder is alone until its transaction ends. A connection that is lost is made anew
// and what was asked on it is asked again; what became of a transaction whose COMMIT nobody answered is found out by its
// number, so that every change is made once.
package postgres

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"tidegate/catalog/metastore"
)

const (
	// DefaultSchema has the catalog's tables where the URL does not name another one: postgres://…?search_path=NAME.
	DefaultSchema = "tidegate_catalog"

	// patience is how long a connection that is lost is tried again, and how long a new one may take.
	patience = 10 * time.Second
	// lockTimeout is how long a writer waits for another process. idleTimeout ends the transaction of one that stands
	// still, which would keep all others waiting.
	lockTimeout, idleTimeout = 30 * time.Second, 20 * time.Second

	connections = 6
)

// database is a metastore.Database in a PostgreSQL schema.
type database struct {
	name   string // without a password
	schema string
	db     *stdsql.DB
	asked  questions
}

// schemaName is what needs no quotes, so that search_path is one name.
var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// Check says what is wrong with a catalog's URL, without the password in it.
func Check(location string) error {
	_, _, err := configure(location)
	return err
}

// configure gives how to connect, and the schema.
func configure(location string) (*pgx.ConnConfig, string, error) {
	c, err := pgx.ParseConfig(location)
	if err != nil {
		return nil, "", err // pgx leaves the password out
	}
	for key, value := range map[string]string{
		"search_path":                         DefaultSchema,
		"application_name":                    "tidegate catalog",
		"lock_timeout":                        strconv.FormatInt(lockTimeout.Milliseconds(), 10),
		"idle_in_transaction_session_timeout": strconv.FormatInt(idleTimeout.Milliseconds(), 10),
		"client_encoding":                     "UTF8",
	} {
		if c.RuntimeParams[key] == "" {
			c.RuntimeParams[key] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = patience
	}
	// What follows the first @ is the host, as for libpq. It is not shown: part of it belongs to the password.
	if strings.Contains(c.Host, "@") {
		return nil, "", errors.New("its host has an @ in it; in a password write @ as %40, / as %2F")
	}
	schema := c.RuntimeParams["search_path"]
	if !schemaName.MatchString(schema) {
		return nil, "", fmt.Errorf("search_path is %q; name one schema, of lower-case letters, digits and _", schema)
	}
	return c, schema, nil
}

// Open opens the catalog in the schema of a database, which it makes if it is not there, and brings its tables up to date.
// location is a URL or a DSN as libpq reads it.
func Open(ctx context.Context, location string) (*metastore.Store, error) {
	c, schema, err := configure(location)
	if err != nil {
		return nil, fmt.Errorf("open the catalog: %w", err)
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	d := &database{name: nameOf(c, schema), schema: schema, db: db}
	d.asked.turn = make(chan struct{}, 1)
	if err := d.checkServer(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", d, err), db.Close())
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", d, err), db.Close())
	}
	return metastore.New(d), nil
}

// nameOf names a catalog as its URL does, without the password.
func nameOf(c *pgx.ConnConfig, schema string) string {
	named := url.URL{
		Scheme: "postgres", User: url.User(c.User), Host: net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), Path: c.Database,
		RawQuery: url.Values{"search_path": {schema}}.Encode(),
	}
	return named.String()
}

func (d *database) String() string { return d.name }

func (d *database) Close() error { return d.db.Close() }

// RowsPerInsert is large: every statement is a message to the server and back. 65,535 parameters are the most.
func (d *database) RowsPerInsert() int { return 500 }

// checkServer refuses a server that cannot hold a catalog.
func (d *database) checkServer(ctx context.Context) error {
	var version int
	var encoding string
	var standby bool
	err := d.Read(ctx, func(q metastore.Querier) error {
		return q.QueryRowContext(ctx, `SELECT CAST(current_setting('server_version_num') AS integer), current_setting('server_encoding'),
			pg_is_in_recovery()`).Scan(&version, &encoding, &standby)
	})
	switch {
	case err != nil:
		return err
	case version < 130000:
		return fmt.Errorf("its server is PostgreSQL %d; a catalog needs 13 or newer", version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("the database is encoded in %s; a catalog needs UTF8", encoding)
	case standby:
		return errors.New("its server is a standby; a catalog needs the primary (target_session_attrs=read-write finds it among several hosts)")
	}
	return nil
}
