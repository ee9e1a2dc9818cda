package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/auth"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// maxAnswerBytes bounds the message by which a client proves who it is, as PG_MAX_AUTH_TOKEN_LENGTH.
const maxAnswerBytes = 65535

// authenticate has the client prove that it is the user that it says.
func (g *guest) authenticate(ctx context.Context) error {
	r, name := g.rules, g.said.user
	method := r.MethodFor(g.said.redshift)
	if err := g.checkEncryption(method); err != nil {
		return err
	}
	shown := g.socket.certificate()
	if shown == nil && (r.ClientCert != auth.NoCert || method == auth.Cert) {
		return pgerr.New(pgerr.InvalidAuthorization, "connection requires a valid client certificate")
	}
	if err := g.waitForTurn(); err != nil {
		return err
	}
	err := g.prove(method)
	if err == nil && (method == auth.Cert || r.ClientCert == auth.VerifyFull) && !auth.Names(shown, name) {
		err = auth.ErrPassword
	}
	if errors.Is(err, auth.ErrPassword) {
		return g.refuse(ctx, method)
	}
	return err
}

// checkEncryption keeps clients from sending a password that others can read.
func (g *guest) checkEncryption(m auth.Method) error {
	if g.socket.encrypted() || !g.rules.TLSRequired && m != auth.Password && m != auth.Cert {
		return nil
	}
	return pgerr.New(pgerr.InvalidAuthorization, "connections without TLS are not allowed for user \"%s\"", g.said.user).
		WithHint("Connect with sslmode=require or a stricter one.")
}

// refuse tells what failed in PostgreSQL's words, which are the same for a user that is not there.
func (g *guest) refuse(ctx context.Context, m auth.Method) error {
	g.server.backoff.Failed(g.address(), time.Now())
	_, known := g.rules.Users[g.said.user]
	g.server.log.InfoContext(ctx, "authentication failed", logkey.User, g.said.user,
		logkey.Address, g.socket.RemoteAddr().String(), "method", string(m), "known", known)
	if m == auth.Cert || m == auth.Trust {
		return pgerr.New(pgerr.InvalidAuthorization, "certificate authentication failed for user \"%s\"", g.said.user)
	}
	return pgerr.New(pgerr.InvalidPassword, "password authentication failed for user \"%s\"", g.said.user)
}

// waitForTurn makes who guesses passwords wait.
func (g *guest) waitForTurn() error {
	wait := g.server.backoff.Wait(g.address(), time.Now())
	if wait == 0 {
		return nil
	}
	if wait > g.server.options.StartupTimeout {
		return pgerr.New(pgerr.CannotConnectNow, "too many failed logins from this address").WithHint("Try again in some minutes.")
	}
	select {
	case <-time.After(wait):
		return nil
	case <-g.server.closing:
		return errStopping()
	}
}

func (g *guest) address() netip.Addr {
	a, err := netip.ParseAddrPort(g.socket.RemoteAddr().String())
	if err != nil {
		return netip.Addr{} // not TCP: all of these are one
	}
	return a.Addr()
}

// prove runs the method's dialogue. Its error is auth.ErrPassword for a client that does not know the password.
func (g *guest) prove(m auth.Method) error {
	switch name := g.said.user; {
	case m == auth.Trust || m == auth.Cert:
		return nil
	case m == auth.Password:
		g.wire.send(&pgproto3.AuthenticationCleartextPassword{})
		password, err := g.password()
		if err == nil && !g.rules.Check(name, password) {
			err = auth.ErrPassword
		}
		return err
	case m == auth.MD5 && (g.said.redshift || g.rules.HasMD5(name)):
		return g.proveMD5()
	}
	return g.proveSCRAM()
}

func (g *guest) proveMD5() error {
	m := &pgproto3.AuthenticationMD5Password{}
	if _, err := rand.Read(m.Salt[:]); err != nil {
		return fmt.Errorf("make a salt: %w", err)
	}
	g.wire.send(m)
	answer, err := g.password()
	if err == nil && !g.rules.CheckMD5(g.said.user, m.Salt[:], answer) {
		err = auth.ErrPassword
	}
	return err
}

func (g *guest) proveSCRAM() error {
	x, err := g.rules.SCRAM(g.said.user, g.socket.shown(g.rules))
	if err != nil {
		return err
	}
	g.wire.send(&pgproto3.AuthenticationSASL{AuthMechanisms: x.Mechanisms()})
	chosen, message, err := g.saslInitial()
	if err != nil {
		return err
	}
	answer, err := x.First(chosen, message)
	if err != nil {
		return err
	}
	g.wire.send(&pgproto3.AuthenticationSASLContinue{Data: answer})
	if message, err = g.answer(sasl); err != nil {
		return err
	}
	if answer, err = x.Final(message); err != nil {
		return err
	}
	g.wire.send(&pgproto3.AuthenticationSASLFinal{Data: answer})
	return nil
}

// saslInitial reads a SASLInitialResponse. A client that sends no message with it is asked for one.
func (g *guest) saslInitial() (mechanism string, message []byte, err error) {
	body, err := g.answer(sasl)
	if err != nil {
		return "", nil, err
	}
	name, rest, ok := bytes.Cut(body, []byte{0})
	if !ok {
		return "", nil, pgerr.New(pgerr.ProtocolViolation, "invalid string in message")
	}
	if len(rest) < 4 {
		return "", nil, pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
	}
	size, message := binary.BigEndian.Uint32(rest), rest[4:]
	switch {
	case size == 1<<32-1 && len(message) == 0:
		g.wire.send(&pgproto3.AuthenticationSASLContinue{})
		message, err = g.answer(sasl)
	case uint64(size) > uint64(len(message)):
		err = pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
	case int(size) < len(message):
		err = pgerr.New(pgerr.ProtocolViolation, "invalid message format")
	}
	return string(name), message, err
}

// password reads a PasswordMessage.
func (g *guest) password() (string, error) {
	body, err := g.answer("password")
	if err != nil {
		return "", err
	}
	switch text, rest, ok := bytes.Cut(body, []byte{0}); {
	case !ok || len(rest) > 0:
		return "", pgerr.New(pgerr.ProtocolViolation, "invalid password packet size")
	case len(text) == 0:
		return "", pgerr.New(pgerr.InvalidPassword, "empty password returned by client")
	default:
		return string(text), nil
	}
}

// answer asks with what was sent last, and reads the body of the client's message. A client that is silent for too
// long is left without a word, as in PostgreSQL.
func (g *guest) answer(kind string) ([]byte, error) {
	if err := g.wire.flush(); err != nil {
		return nil, err
	}
	head, err := g.socket.peek(1)
	if err != nil {
		return nil, err
	}
	if head[0] != 'p' {
		return nil, pgerr.New(pgerr.ProtocolViolation, "expected %s response, got message type %d", kind, head[0])
	}
	if head, err = g.socket.peek(5); err != nil {
		return nil, err
	}
	switch size := binary.BigEndian.Uint32(head[1:]); {
	case size >= 4 && size <= maxAnswerBytes:
		message, err := g.socket.take(int(size) + 1)
		if err != nil {
			return nil, err
		}
		return message[5:], nil
	case kind == sasl:
		return nil, auth.ErrPassword
	default:
		return nil, fmt.Errorf("%w: invalid message length", errGone)
	}
}

// sasl is what PostgreSQL calls an answer of that kind.
const sasl = "SASL"
