package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"tidegate/gateway/auth"
	"tidegate/internal/logkey"
	"tidegate/router"
)

// access is who may come in, as the configuration said when it was read last.
type access struct {
	path   string  // of the configuration
	start  *config // as it was first
	secret []byte
	log    *slog.Logger
	latest atomic.Pointer[admitted]
}

type admitted struct {
	rules *auth.Rules
	roles map[string]string // of users
}

// newAccess reads certificates and passwords.
func newAccess(c *config, path string, log *slog.Logger) (*access, error) {
	secret, err := authSecret(filepath.Join(c.DataDir, "auth_secret"))
	if err != nil {
		return nil, err
	}
	a := &access{path: path, start: c, secret: secret, log: log}
	now, err := c.admit(secret)
	a.latest.Store(now)
	return a, err
}

// authSecret gives the secret by which unknown users look like known ones. It is made once.
func authSecret(path string) ([]byte, error) {
	secret, err := os.ReadFile(path)
	switch {
	case err == nil && len(secret) == secretBytes:
		return secret, nil
	case err == nil:
		return nil, fmt.Errorf("read the secret of logins: %s has not %d bytes; without it another one is made", path, secretBytes)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the secret of logins: %w", err)
	}
	secret = make([]byte, secretBytes)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make the secret of logins: %w", err)
	}
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		return nil, fmt.Errorf("keep the secret of logins: %w", err)
	}
	return secret, nil
}

const secretBytes = 32

// admit makes what the gateway goes by of a checked configuration.
func (c *config) admit(secret []byte) (*admitted, error) {
	r := &auth.Rules{
		TLSRequired: c.TLS.Required, ClientCert: auth.ClientCert(c.TLS.ClientCert),
		Method: c.method(), Redshift: auth.Method(c.AuthRedshift), Users: map[string]*auth.User{}, Secret: secret,
	}
	if _, public := c.Roles[publicRole]; public || len(c.Users) == 0 {
		r.Stranger = c.userOf(publicRole)
	}
	roles := map[string]string{}
	for _, u := range c.Users {
		user := c.userOf(u.Role)
		var err error
		if user.Verifiers, err = verifiers(r, u); err != nil {
			return nil, fmt.Errorf("password of %s: %w", u.Name, err)
		}
		r.Users[u.Name], roles[u.Name] = user, u.Role
	}
	var err error
	r.TLS, err = c.TLS.load()
	return &admitted{r, roles}, err
}

// userOf gives what a user of a role is, but for the password.
func (c *config) userOf(role string) *auth.User {
	monitors := slices.Contains(c.Roles[role].Grants, router.Monitoring) || slices.Contains(c.Roles[publicRole].Grants, router.Monitoring)
	return &auth.User{Role: role, RoleConnections: c.Roles[role].Connections, Reserved: monitors}
}

func verifiers(r *auth.Rules, u userConfig) ([]auth.Verifier, error) {
	if u.Password == "" {
		return nil, nil
	}
	if name, ok := strings.CutPrefix(u.Password, environmentPassword); ok {
		return r.FromPassword(u.Name, os.Getenv(name))
	}
	v, err := auth.ParseVerifier(u.Password)
	return []auth.Verifier{v}, err
}

// load reads the certificates; nil: there are none.
func (t tlsConfig) load() (*tls.Config, error) {
	if t.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("read tls.cert and tls.key: %w", err)
	}
	// Without tickets every connection shows the certificate that SCRAM-SHA-256-PLUS binds to, as PostgreSQL.
	c := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{auth.ALPN}, MinVersion: tls.VersionTLS12, SessionTicketsDisabled: true}
	if t.MinVersion == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	if t.ClientCA == "" {
		return c, nil
	}
	text, err := os.ReadFile(t.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("read tls.client_ca: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read tls.client_ca: no certificate in %s", t.ClientCA)
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	return c, nil
}

func (a *access) rules() *auth.Rules        { return a.latest.Load().rules }
func (a *access) roleOf(user string) string { return a.latest.Load().roles[user] }

// reload reads users, passwords and certificates again. Sessions that are there go on. What cannot be read changes
// nothing.
func (a *access) reload() error {
	c, err := loadConfig(a.path)
	if err != nil {
		return err
	}
	if c.Listen != a.start.Listen {
		return wrong{fmt.Errorf("listen was %s and is %s: that needs a restart", a.start.Listen, c.Listen)}
	}
	for _, u := range c.Users {
		if _, ok := a.start.Roles[u.Role]; !ok && u.Role != "" {
			return wrong{fmt.Errorf("user %s has the role %s, which was not there at the start: that needs a restart", u.Name, u.Role)}
		}
	}
	now, err := c.admit(a.secret)
	if err != nil {
		return err
	}
	a.latest.Store(now)
	return nil
}

// reloadOnHangup reloads at every SIGHUP until ctx ends.
func (a *access) reloadOnHangup(ctx context.Context) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangups:
		}
		if err := a.reload(); err != nil {
			a.log.ErrorContext(ctx, "configuration not read again; users, passwords and certificates are those of before", logkey.Error, err)
			continue
		}
		a.log.InfoContext(ctx, "users, passwords and certificates read again")
	}
}
