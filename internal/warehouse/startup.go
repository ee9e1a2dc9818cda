package warehouse

import (
	"context"
	"errors"

	wire "github.com/jeroenrinzema/psql-wire"
	"github.com/jeroenrinzema/psql-wire/codes"
	psqlerr "github.com/jeroenrinzema/psql-wire/errors"
	"github.com/jeroenrinzema/psql-wire/pkg/buffer"
	"github.com/jeroenrinzema/psql-wire/pkg/types"

	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

type wireStatus = types.ServerStatus

// connOf finds the connection that a context of psql-wire belongs to.
func connOf(ctx context.Context) *conn { return wire.RemoteAddress(ctx).(remote).conn }

// startup gives the parameters of the startup message, those in "options" among them.
func startup(ctx context.Context) (map[string]string, error) {
	parameters := map[string]string{}
	for name, value := range wire.ClientParameters(ctx) {
		parameters[string(name)] = value
	}
	return startupOptions(parameters)
}

// authenticate checks the startup message and the password, and tells the client that it is in.
func (w *Warehouse) authenticate(ctx context.Context, writer *buffer.Writer, reader *buffer.Reader) (context.Context, error) {
	parameters, err := startup(ctx)
	if err == nil {
		err = checkStartup(parameters)
	}
	if err != nil {
		return ctx, fatal(writer, err)
	}
	if w.o.Authenticate == nil {
		writer.Start(types.ServerAuth)
		writer.AddInt32(0)
		return ctx, writer.End()
	}
	check := func(ctx context.Context, _, user, password string) (context.Context, bool, error) {
		return ctx, w.o.Authenticate(user, password), nil
	}
	return wire.ClearTextPassword(check)(ctx, writer, reader)
}

// fatal tells the client why the connection ends.
func fatal(writer *buffer.Writer, err error) error {
	told := psqlerr.WithSeverity(wireError(err), psqlerr.LevelFatal)
	return errors.Join(told, wire.WriteUnterminatedError(writer, told))
}

// open makes the session of a client that is in.
func (w *Warehouse) open(ctx context.Context) (context.Context, error) {
	parameters, err := startup(ctx)
	if err != nil {
		return ctx, err
	}
	c := connOf(ctx)
	s, err := w.newSession(ctx, c, parameters)
	if err != nil {
		w.log.ErrorContext(ctx, "open session", logkey.Conn, c.pid, logkey.Error, err)
		return ctx, err
	}
	w.mu.Lock()
	w.sessions[c.pid] = s
	w.mu.Unlock()
	return context.WithValue(ctx, sessionKey{}, s), nil
}

// close ends a client's session.
func (w *Warehouse) close(ctx context.Context) error {
	s := sessionOf(ctx)
	w.mu.Lock()
	delete(w.sessions, s.conn.pid)
	w.mu.Unlock()
	s.close(ctx)
	return nil
}

func backendKey(ctx context.Context) (pid, secret int32) {
	c := connOf(ctx)
	return c.pid, c.secret
}

// cancelRequest ends the statement that a session is running; a wrong key is ignored, as PostgreSQL does.
func (w *Warehouse) cancelRequest(_ context.Context, pid, secret int32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.sessions[pid]; s != nil && s.conn.secret == secret {
		s.cancel(s.canceled())
	}
	return nil
}

// syncMessages ends the transaction around the messages of the extended protocol up to Sync.
func syncMessages(ctx context.Context, failed bool) error {
	s := sessionOf(ctx)
	if s.tx != txImplicit {
		return nil
	}
	end := s.commit
	if failed {
		end = s.rollback
	}
	if err := end(ctx); err != nil {
		return wireError(err)
	}
	return nil
}

// wireError makes of an error what psql-wire writes: our SQLSTATE, detail and hint.
func wireError(err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		e = pgerr.New(pgerr.InternalError, "%s", err.Error())
	}
	told := psqlerr.WithCode(errors.New(e.Message), codes.Code(e.Code))
	if e.Detail != "" {
		told = psqlerr.WithDetail(told, e.Detail)
	}
	if e.Hint != "" {
		told = psqlerr.WithHint(told, e.Hint)
	}
	if errors.Is(err, errDropped) {
		return psqlerr.WithSeverity(told, psqlerr.LevelFatal) // psql-wire then gives the connection up
	}
	return told
}
