package gateway

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/auth"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// guest is a client that is not in yet.
type guest struct {
	server *Server
	socket *socket
	wire   *wire
	rules  *auth.Rules // those of when it came
	said   *startup
	user   *auth.User
	placed bool // it counts among the server's places
}

// enter takes a client from its first byte to its session, in PostgreSQL's order: what it says first, a place, who it
// is, and what it asks for. The session is nil if it wanted none.
func (g *guest) enter(ctx context.Context) (*session, error) {
	m, ok, err := g.readStartup(ctx)
	if err != nil || !ok {
		return nil, err
	}
	g.said = m
	g.negotiate()
	if m.user == "" {
		return nil, pgerr.New(pgerr.InvalidAuthorization, "no PostgreSQL user name specified in startup packet")
	}
	if m.replication {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "replication connections are not supported")
	}
	if err := g.takePlace(); err != nil {
		return nil, err
	}
	if err := g.authenticate(ctx); err != nil {
		return nil, err
	}
	g.wire.send(&pgproto3.AuthenticationOk{})
	if g.user = g.rules.User(m.user); g.user == nil {
		return nil, pgerr.New(pgerr.InvalidAuthorization, "role \"%s\" does not exist", m.user)
	}
	if m.database != g.server.options.Database {
		return nil, pgerr.New(pgerr.InvalidCatalogName, "database \"%s\" does not exist", m.database)
	}
	x, err := g.newSession(ctx)
	if err != nil {
		return nil, err
	}
	if m.redshift {
		g.tellDriver()
	}
	return x, g.register(x)
}

// negotiate tells the client what of its protocol is not known here.
func (g *guest) negotiate() {
	if m := g.said; m.minor > newestMinor || len(m.unknown) > 0 {
		g.wire.send(&pgproto3.NegotiateProtocolVersion{
			NewestMinorProtocol: protocolMajor<<16 | uint32(min(m.minor, newestMinor)), UnrecognizedOptions: m.unknown,
		})
	}
}

// turnAway tells a client why it is not let in.
func (g *guest) turnAway(err error) {
	s := g.server
	if errors.Is(err, errGone) {
		s.log.Debug("connection ended before its session", logkey.Address, g.socket.RemoteAddr().String(), logkey.Error, err)
		return
	}
	e, internal := flatten(err, "")
	if internal {
		s.log.Error("connection refused", logkey.Error, err)
	}
	g.wire.send(errorResponse(e, "FATAL"))
	if err := g.wire.flush(); err != nil {
		s.log.Debug("refusal not written", logkey.Error, err)
	}
}
