package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/sql"
)

// startupValues are the settings that the session begins with: what the startup message names itself is stronger than
// its options. Names that mean nothing to us are an error in options, which a person writes, and else ignored.
func startupValues(m *startup) (values, error) {
	options, err := parseOptions(m.options)
	if err != nil {
		return nil, err
	}
	v := values{"session_authorization": m.user}
	for _, p := range options {
		if err := v.begin(m.user, p); err != nil {
			return nil, err
		}
	}
	for _, p := range m.settings {
		if findSetting(p.name) == nil && !strings.Contains(p.name, ".") {
			continue
		}
		if err := v.begin(m.user, p); err != nil {
			return nil, err
		}
	}
	if m.redshift {
		v["server_version"], v["server_version_num"] = redshiftServerVersion, "80002"
	}
	return v, nil
}

// begin sets a value of a user's session that begins.
func (v values) begin(user string, p pair) error {
	value, err := written(p.name, p.value, "")
	if err == nil {
		err = allowIdentity(user, p.name, value)
	}
	if err == nil {
		v[p.name] = value
	}
	return err
}

// greet tells the client what its session is like: settings and cancel key.
func (s *session) greet() error {
	s.reported = values{}
	s.refresh()
	s.report()
	s.wire.send(&pgproto3.BackendKeyData{ProcessID: uint32(s.pid), SecretKey: s.secret})
	return s.ready()
}

// tellDriver tells one of Redshift's drivers that metadata comes by SHOW statements, of one database, and that rows come as
// PostgreSQL describes them.
func (g *guest) tellDriver() {
	for _, p := range []pair{{"server_protocol_version", "0"}, {"show_discovery", "4"}, {"datashare_enabled", "off"}, {"external_database", "off"}} {
		g.wire.send(&pgproto3.ParameterStatus{Name: p.name, Value: p.value})
	}
}

// newSession makes a session of a checked startup message.
func (g *guest) newSession(ctx context.Context) (*session, error) {
	s, c, m := g.server, g.socket, g.said
	start, err := startupValues(m)
	if err != nil {
		return nil, err
	}
	server, err := g.ownValues(ctx)
	if err != nil {
		return nil, err
	}
	x := &session{
		server:     s,
		socket:     c,
		in:         newInbox(c, s.options.MaxMessage),
		wire:       g.wire,
		traced:     s.log.Enabled(ctx, slog.LevelDebug),
		secret:     make([]byte, m.cancelKeyBytes()),
		settings:   &settings{server: server, startup: maps.Clone(start), version: 1},
		statements: map[string]*prepared{},
		portals:    map[string]*portal{},
		ended:      make(chan struct{}),
		parking:    parking{store: s.options.Spool, after: s.options.ParkAfter},
	}
	if value, said := start[conformingStrings]; said {
		if err := allowEscapes(s.escapes(), conformingStrings, value); err != nil {
			return nil, err
		}
	}
	x.state = State{User: m.user, Database: m.database, Version: s.options.Version, settings: x.settings}
	if m.redshift {
		x.state.Version = redshiftVersionText
	}
	for _, p := range m.settings {
		x.tellClipped(p.name, p.value)
	}
	return x, nil
}

// ownValues are the settings that begin otherwise here than in PostgreSQL.
func (g *guest) ownValues(ctx context.Context) (values, error) {
	o := &g.server.options
	v := values{}
	for name, value := range o.Settings {
		if err := v.begin(g.said.user, pair{name, value}); err != nil {
			return nil, fmt.Errorf("begin with %s %q: %w", name, value, err)
		}
	}
	if o.Dialect == sql.Redshift {
		v[conformingStrings] = "off"
	}
	if g.rules.TLS != nil {
		v["ssl"] = "on"
	}
	if o.SearchPath == nil {
		return v, nil
	}
	schemas, err := o.SearchPath(ctx, g.said.user)
	if err != nil {
		return nil, fmt.Errorf("find the search path: %w", err)
	}
	path, err := canonical("search_path", schemas, "")
	v["search_path"] = path
	return v, err
}

// redshiftVersionText is what version() answers to Redshift's drivers, which look for the words at its ends.
const redshiftVersionText = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0"
