package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"tidegate/gateway/auth"
	"tidegate/internal/yamlfile"
)

// tlsConfig says how connections are encrypted.
type tlsConfig struct {
	Cert       string `yaml:"cert"` // PEM files
	Key        string `yaml:"key"`
	ClientCA   string `yaml:"client_ca"`  // checks the certificates of clients
	ClientCert string `yaml:"clientcert"` // "", verify-ca or verify-full: one must come
	Required   bool   `yaml:"required"`
	MinVersion string `yaml:"min_version"`
}

// environmentPassword begins a password that stands in an environment variable.
const environmentPassword = "env:"

// readUsersFile puts the users of the users_file behind those of the configuration.
func (c *config) readUsersFile() error {
	if c.UsersFile == "" {
		return nil
	}
	data, err := os.ReadFile(c.UsersFile)
	if err != nil {
		return fmt.Errorf("users_file: %w", err)
	}
	var more []userConfig
	if _, err := yamlfile.Decode(c.UsersFile, data, &more); err != nil {
		return err
	}
	c.Users = append(c.Users, more...)
	return nil
}

// method gives how clients prove who they are: what is set, else trust if nobody has a password and this machine alone
// reaches the port.
func (c *config) method() auth.Method {
	hasPassword := func(u userConfig) bool { return u.Password != "" }
	switch {
	case c.Auth != "":
		return auth.Method(c.Auth)
	case loopback(c.Listen) && !slices.ContainsFunc(c.Users, hasPassword):
		return auth.Trust
	}
	return auth.SCRAM
}

// checkAccess checks that who is to come in can, and nobody else.
func (c *config) checkAccess(fail func(key, format string, args ...any)) {
	c.checkTLS(fail)
	m := c.method()
	switch m {
	case auth.Trust:
		checkLoopback(fail, "listen", c.Listen, "clients are trusted without a password")
	case auth.SCRAM, auth.MD5, auth.Password, auth.Cert:
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			fail("listen", "is %q; write HOST:PORT", c.Listen)
		}
	default:
		fail("auth", "is %q; the choices are scram-sha-256, md5, password, cert, trust", c.Auth)
		return
	}
	if m == auth.Password && c.TLS.Cert == "" {
		fail("auth", "is password, which is asked for over TLS only: set tls.cert and tls.key")
	}
	if m == auth.Cert && c.TLS.ClientCA == "" {
		fail("auth", "is cert: set tls.client_ca, which checks the certificates")
	}
	switch r := auth.Method(c.AuthRedshift); {
	case r != "" && r != auth.MD5 && r != auth.Password && r != auth.SCRAM:
		fail("auth_redshift", "is %q; the choices are md5, password, scram-sha-256, or nothing: that of auth", r)
	case r != "" && (m == auth.Trust || m == auth.Cert):
		fail("auth_redshift", "is %s, and auth is %s, by which nobody has a password", r, m)
	case r == auth.Password && c.TLS.Cert == "":
		fail("auth_redshift", "is password, which is asked for over TLS only: set tls.cert and tls.key")
	}
	c.checkPasswords(m, fail)
}

// checkPasswords checks that there are some if they are asked for, and that they can be read.
func (c *config) checkPasswords(m auth.Method, fail func(key, format string, args ...any)) {
	passwords := 0
	for i, u := range c.Users {
		if u.Password == "" {
			continue
		}
		passwords++
		key := fmt.Sprintf("users[%d].password", i)
		if name, ok := strings.CutPrefix(u.Password, environmentPassword); ok {
			if os.Getenv(name) == "" {
				fail(key, "of %s is in the environment variable %q, which is not set", u.Name, name)
			}
		} else if _, err := auth.ParseVerifier(u.Password); err != nil {
			fail(key, "of %s %v; env:NAME takes it from the environment", u.Name, err)
		}
	}
	switch {
	case m == auth.Cert && len(c.Users) == 0:
		fail("auth", "is cert, and users is empty: nobody could connect")
	case (m == auth.SCRAM || m == auth.MD5 || m == auth.Password) && passwords == 0:
		fail("listen", "is %q, where clients need a password, and no user has one: give users one (tidegate passwd makes the text), or set listen to 127.0.0.1", c.Listen)
	}
}

func (c *config) checkTLS(fail func(key, format string, args ...any)) {
	t := c.TLS
	if (t.Cert == "") != (t.Key == "") {
		fail("tls", "needs both cert and key")
	}
	if t.MinVersion != "1.2" && t.MinVersion != "1.3" {
		fail("tls.min_version", "is %q; the choices are 1.2 and 1.3", t.MinVersion)
	}
	switch auth.ClientCert(t.ClientCert) {
	case auth.NoCert, auth.VerifyCA, auth.VerifyFull:
	default:
		fail("tls.clientcert", "is %q; the choices are verify-ca, verify-full, or nothing: one that comes is checked", t.ClientCert)
	}
	if t.ClientCert != "" && t.ClientCA == "" {
		fail("tls.clientcert", "is %s: set tls.client_ca, which checks the certificates", t.ClientCert)
	}
	if t.Cert != "" {
		return
	}
	if t.Required || t.ClientCA != "" {
		fail("tls", "needs cert and key")
	}
}

// loopback reports whether an address is of this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}
