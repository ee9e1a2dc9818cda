// Package auth says who may come in and checks how they prove who they are: verifiers of passwords as PostgreSQL
// keeps them, the SCRAM exchange, certificates, and the back-off of addresses that guess.
//
// The package speaks no protocol: gateway/authenticate.go sends and reads what it makes and checks.
package auth

import (
	"crypto/tls"
	"crypto/x509"
)

// ALPN is the protocol's name in TLS, registered with IANA. A client that begins with TLS must name it.
const ALPN = "postgresql"

// Method is how a client proves who it is, by the name that pg_hba.conf has for it.
type Method string

// The methods. Password is asked for over TLS only.
const (
	Trust    Method = "trust"
	SCRAM    Method = "scram-sha-256"
	MD5      Method = "md5" // of users whose verifier is of that kind; of others SCRAM
	Password Method = "password"
	Cert     Method = "cert"
)

// ClientCert is what is asked of a client's certificate beside the method, as clientcert of pg_hba.conf.
type ClientCert string

// What may be asked for.
const (
	NoCert     ClientCert = ""            // one is checked if it comes
	VerifyCA   ClientCert = "verify-ca"   // one of ours must come
	VerifyFull ClientCert = "verify-full" // and its common name must be the user's
)

// Rules are who may come in, and how. They do not change: who has new ones makes others.
type Rules struct {
	// TLS is the server's side of an encrypted connection; nil: encryption is declined. Its first certificate is the
	// one that is shown, with Leaf set; NextProtos has ALPN; with ClientCAs every certificate that comes is checked against them.
	TLS *tls.Config
	// TLSRequired turns clients away that come without TLS.
	TLSRequired bool
	ClientCert  ClientCert

	Method Method
	// Redshift is the method for clients that say that they are Redshift's drivers, some of which know no SCRAM;
	// "" is Method. With MD5 they are never asked for SCRAM.
	Redshift Method

	// Users by name. Stranger is who is not among them and comes in where no password is asked for; nil: nobody does.
	Users    map[string]*User
	Stranger *User

	// Secret makes what is asked of unknown users look as of known ones, the same every time. It has 32 bytes and is
	// kept over restarts.
	Secret []byte
}

// User is somebody who may come in.
type User struct {
	// Verifiers are the kept forms of the password, at most one of a kind; none: it has no password.
	Verifiers []Verifier
	Role      string
	// RoleConnections bounds the connections of the role's users together; 0 is no bound.
	RoleConnections int
	// Reserved users may take the connections that are kept for them.
	Reserved bool
}

// MethodFor gives the method for a client; redshift says that it is a driver of Redshift's.
func (r *Rules) MethodFor(redshift bool) Method {
	if redshift && r.Redshift != "" {
		return r.Redshift
	}
	return r.Method
}

// User gives a user, or what a stranger is; nil: it may not come in.
func (r *Rules) User(name string) *User {
	if u := r.Users[name]; u != nil {
		return u
	}
	return r.Stranger
}

// Names reports whether a client's certificate is for the user of this name. It was checked by TLS before.
func Names(certificate *x509.Certificate, user string) bool {
	return certificate.Subject.CommonName == user
}
