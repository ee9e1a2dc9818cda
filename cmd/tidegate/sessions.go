package main

import (
	"net"
	"sync/atomic"

	"tidegate/gateway"
	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/admission"
	"tidegate/router"
)

// sessions are the gateway's, as pg_stat_activity shows them and its functions end them.
type sessions struct {
	server atomic.Pointer[gateway.Server] // nil until it is there
	gate   *admission.Gate
	roles  func(user string) *router.Role // nil: no roles are configured
}

// backends gives every session, and of those of others no more than PostgreSQL would.
func (s *sessions) backends(asker engine.Asker) []pgcatalog.Backend {
	server := s.server.Load()
	if server == nil {
		return nil
	}
	all := make([]pgcatalog.Backend, 0, 16)
	for _, a := range server.Activities() {
		b := s.backend(a)
		if !s.sees(asker.User, a.User) {
			b = b.Hidden()
		}
		all = append(all, b)
	}
	return all
}

// live is what the catalog shows of sessions.
func (s *sessions) live() pgcatalog.Live {
	return pgcatalog.Live{Backends: s.backends, Settings: s.settings, Prepared: s.prepared, Cursors: s.cursors, Locks: s.locks}
}

func (s *sessions) prepared(asker engine.Asker) []pgcatalog.Prepared {
	server := s.server.Load()
	if server == nil {
		return nil
	}
	var all []pgcatalog.Prepared
	for _, p := range server.Prepared(asker.PID) {
		all = append(all, pgcatalog.Prepared{Name: p.Name, Statement: p.Text, At: p.At, Params: p.Params, SQL: p.SQL, Plans: p.Plans})
	}
	return all
}

func (s *sessions) cursors(asker engine.Asker) []pgcatalog.Cursor {
	server := s.server.Load()
	if server == nil {
		return nil
	}
	var all []pgcatalog.Cursor
	for _, c := range server.Cursors(asker.PID) {
		all = append(all, pgcatalog.Cursor{Name: c.Name, Statement: c.Text, At: c.At, Holds: c.Holds, Binary: c.Binary, Scrolling: c.Scrolling})
	}
	return all
}

func (s *sessions) locks() []pgcatalog.Lock {
	server := s.server.Load()
	if server == nil {
		return nil
	}
	var all []pgcatalog.Lock
	for _, l := range server.AdvisoryLocks() {
		all = append(all, pgcatalog.Lock{
			Class: l.Key.Class, Object: l.Key.Object, Sub: l.Key.Sub, PID: l.PID, Transaction: l.Transaction, Mode: l.Mode,
			Granted: l.Granted, Waits: l.Waits,
		})
	}
	return all
}

// settings gives those of the asker's session.
func (s *sessions) settings(asker engine.Asker) []pgcatalog.Setting {
	server := s.server.Load()
	if server == nil {
		return nil
	}
	var all []pgcatalog.Setting
	for name, value := range server.Settings(asker.PID) {
		all = append(all, pgcatalog.Setting{Name: name, Value: value})
	}
	return all
}

func (s *sessions) backend(a gateway.Activity) pgcatalog.Backend {
	b := pgcatalog.Backend{
		PID: a.PID, User: a.User, Database: a.Database, Application: a.Application, Began: a.Began, Transaction: a.Transaction,
		Query: a.Query, Changed: a.Changed, State: a.State, Text: a.Text,
	}
	if address, ok := a.Client.(*net.TCPAddr); ok {
		b.Address, b.Port = address.IP.String(), int32(address.Port)
	}
	switch {
	case a.Reading:
		b.WaitType, b.Wait = "Client", "ClientRead"
	case a.Blocked:
		b.WaitType, b.Wait = "Client", "ClientWrite"
	case s.gate.Waits(a.PID):
		b.WaitType, b.Wait = "Extension", "Admission"
	}
	return b
}

func (s *sessions) sees(user, other string) bool {
	if s.roles == nil || user == other {
		return true
	}
	role := s.roles(user)
	return role != nil && (role.Monitor || role.Admin)
}

// mayEnd reports whether a user may end what another does.
func (s *sessions) mayEnd(user, other string) bool {
	if s.roles == nil || user == other {
		return true
	}
	role := s.roles(user)
	return role != nil && role.Admin
}
