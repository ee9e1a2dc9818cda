package auth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/xdg-go/scram"

	"tidegate/internal/pgerr"
)

// The names of the SASL mechanisms: SCRAM alone, and bound to the TLS connection by its certificate.
const (
	mechanism     = "SCRAM-SHA-256"
	mechanismPlus = "SCRAM-SHA-256-PLUS"
)

// ErrPassword is the failure of a client that does not know the password: there may be no such user, no password of
// its, or another one. Which of these it was is not told, not even by the time that it takes.
var ErrPassword = errors.New("password authentication failed")

// Exchange is one SASL exchange, SCRAM-SHA-256 of RFC 5802 and 7677 as PostgreSQL has it: the name in it counts for
// nothing. Its errors are *pgerr.Error, or ErrPassword.
type Exchange struct {
	conversation *scram.ServerConversation
	binding      *scram.ChannelBinding // that the server offers; nil is none
	flag         byte                  // what the client says of it
	nonce        string                // of both
}

// SCRAM begins an exchange with a client that says it is this user. encrypted is the certificate that the connection
// shows; nil: it is not encrypted.
func (r *Rules) SCRAM(user string, encrypted *x509.Certificate) (*Exchange, error) {
	v := r.kept(user, scramKind)
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return v.scram, nil })
	if err != nil {
		return nil, err
	}
	if binding, ok := bindingOf(encrypted); ok {
		return &Exchange{conversation: server.NewConversationWithChannelBinding(binding), binding: &binding}, nil
	}
	return &Exchange{conversation: server.NewConversation()}, nil
}

// bindingOf gives what tls-server-end-point binds to (RFC 5929). Of a certificate whose signature has no digest of its
// own, as Ed25519, nothing is defined, and the exchange is offered unbound.
func bindingOf(shown *x509.Certificate) (b scram.ChannelBinding, ok bool) {
	if shown == nil {
		return b, false
	}
	b, err := scram.NewTLSServerEndpointBinding(&tls.ConnectionState{PeerCertificates: []*x509.Certificate{shown}})
	return b, err == nil
}

// Mechanisms are what the client may choose from.
func (x *Exchange) Mechanisms() []string {
	if x.binding != nil {
		return []string{mechanismPlus, mechanism}
	}
	return []string{mechanism}
}

// First answers the client's first message.
func (x *Exchange) First(chosen string, message []byte) (answer []byte, err error) {
	bound := x.binding != nil
	if chosen != mechanism && (chosen != mechanismPlus || !bound) {
		return nil, pgerr.New(pgerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	}
	if err := checkText(message); err != nil {
		return nil, err
	}
	if x.flag, err = checkFirst(string(message), chosen == mechanismPlus, bound); err != nil {
		return nil, err
	}
	if answer, err = x.step(message); err == nil {
		nonce, _, _ := bytes.Cut(answer, []byte(","))
		x.nonce = string(bytes.TrimPrefix(nonce, []byte("r=")))
	}
	return answer, err
}

// Final checks the client's proof. The answer is the server's own, which the client checks.
func (x *Exchange) Final(message []byte) (answer []byte, err error) {
	if err := checkText(message); err != nil {
		return nil, err
	}
	binding := []byte{x.flag, ',', ','}
	if x.flag == 'p' {
		binding = append([]byte("p=tls-server-end-point,,"), x.binding.Data...)
	}
	if err := checkFinal(string(message), x.flag, binding, x.nonce); err != nil {
		return nil, err
	}
	return x.step(bytes.TrimSuffix(message, []byte(","))) // with nothing behind it, as PostgreSQL takes one
}

func (x *Exchange) step(message []byte) ([]byte, error) {
	answer, err := x.conversation.Step(string(message))
	switch {
	case err == nil:
		return []byte(answer), nil
	case answer == scram.ErrInvalidProof:
		return nil, ErrPassword
	}
	// What PostgreSQL takes the library may not, of names for example.
	e := malformed("The message does not have the form of RFC 5802.")
	e.Err = err
	return nil, e
}
