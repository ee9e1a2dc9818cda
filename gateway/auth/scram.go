package auth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

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
	bound        bool   // the server offers a channel to bind to
	wanted       string // the kind of channel that the client binds to; "" is none
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
		return &Exchange{conversation: server.NewConversationWithChannelBinding(binding), bound: true}, nil
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
	if x.bound {
		return []string{mechanismPlus, mechanism}
	}
	return []string{mechanism}
}

// choose checks the mechanism that the client has chosen against the beginning of its first message.
func (x *Exchange) choose(chosen string, first []byte) error {
	flag, _, _ := bytes.Cut(first, []byte(","))
	binds := bytes.HasPrefix(flag, []byte("p"))
	x.wanted = strings.TrimPrefix(string(flag[min(len(flag), 1):]), "=")
	switch {
	case chosen != mechanism && (chosen != mechanismPlus || !x.bound):
		return pgerr.New(pgerr.ProtocolViolation, "client selected an invalid SASL authentication mechanism")
	case chosen == mechanismPlus && !binds:
		return malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
	case chosen == mechanism && binds:
		return malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
	}
	return nil
}

// First answers the client's first message.
func (x *Exchange) First(chosen string, message []byte) (answer []byte, err error) {
	if err := x.choose(chosen, message); err != nil {
		return nil, err
	}
	answer, err = x.step(message)
	if err == nil && x.conversation.AuthzID() != "" {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	}
	return answer, err
}

// Final checks the client's proof. The answer is the server's own, which the client checks.
func (x *Exchange) Final(message []byte) (answer []byte, err error) { return x.step(message) }

func (x *Exchange) step(message []byte) ([]byte, error) {
	switch {
	case len(message) == 0:
		return nil, malformed("The message is empty.")
	case bytes.IndexByte(message, 0) >= 0:
		return nil, malformed("Message length does not match input length.")
	}
	answer, err := x.conversation.Step(string(message))
	if err == nil {
		return []byte(answer), nil
	}
	switch answer {
	case scram.ErrInvalidProof:
		return nil, ErrPassword
	case scram.ErrServerDoesSupportChannelBinding:
		return nil, pgerr.New(pgerr.InvalidAuthorization, "SCRAM channel binding negotiation error").WithDetail(
			"The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.")
	case scram.ErrUnsupportedChannelBindingType, scram.ErrChannelBindingNotSupported:
		return nil, pgerr.New(pgerr.ProtocolViolation, "unsupported SCRAM channel-binding type \"%s\"", x.wanted)
	case scram.ErrChannelBindingsDontMatch:
		if x.wanted == "" {
			return nil, pgerr.New(pgerr.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
		}
		return nil, pgerr.New(pgerr.InvalidAuthorization, "SCRAM channel binding check failed")
	}
	e := malformed("The message does not have the form of RFC 5802.")
	e.Err = err
	return nil, e
}

func malformed(detail string) *pgerr.Error {
	return pgerr.New(pgerr.ProtocolViolation, "malformed SCRAM message").WithDetail("%s", detail)
}
