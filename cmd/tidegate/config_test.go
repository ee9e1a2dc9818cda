package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/sql"
)

// load reads text as a configuration file of an empty folder, with these environment variables.
func load(t *testing.T, text string, environment map[string]string) (config, error) {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
	path := filepath.Join(t.TempDir(), "x.yml")
	writeFile(t, path, text)
	return loadConfig(path)
}

func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"unknown keys and kinds", "listn: x\nlake: { cach: {} }\nlimits: { connections: many }\n", []string{
			"x.yml:1: unknown key listn (did you mean listen?)",
			"x.yml:2: unknown key cach (did you mean cache?)",
			"x.yml:3: limits.connections must be a whole number, not many",
		}},
		{"an address that others reach", "\nlisten: 0.0.0.0:5439\n", []string{`x.yml:2: listen is "0.0.0.0:5439", where clients need a password, and no user has one`}},
		{"trust where others reach", "\nlisten: 0.0.0.0:5439\nauth: trust\n", []string{`x.yml:2: listen is "0.0.0.0:5439"; clients are trusted`}},
		{"methods", "auth: kerberos\n", []string{`x.yml:1: auth is "kerberos"; the choices are scram-sha-256, md5, password, cert, trust`}},
		{"passwords in the clear", "auth: password\nauth_redshift: password\nusers: [ { name: a, password: x }, { name: b, password: 'env:NOT_THERE' } ]\n", []string{
			"x.yml:1: auth is password, which is asked for over TLS only", "x.yml:2: auth_redshift is password, which is asked for over TLS only",
			"x.yml:3: users[0].password of a is no verifier; tidegate passwd makes one", `x.yml:3: users[1].password of b is in the environment variable "NOT_THERE", which is not set`,
		}},
		{"certificates", "auth: cert\ntls: { cert: a, clientcert: maybe, min_version: 1.1 }\nauth_redshift: md4\n", []string{
			"x.yml:1: auth is cert: set tls.client_ca", "x.yml:1: auth is cert, and users is empty", "x.yml:2: tls needs both cert and key",
			`x.yml:2: tls.clientcert is "maybe"`, "x.yml:2: tls.clientcert is maybe: set tls.client_ca", `x.yml:2: tls.min_version is "1.1"`, `x.yml:3: auth_redshift is "md4"`,
		}},
		{"TLS without a certificate", "tls: { required: true }\n", []string{"x.yml:1: tls needs cert and key"}},
		{"limits", "limits:\n  connections: 2\n  reserved_connections: -2\n  authentication_timeout: 0\n  idle_timeout: soon\n  message: 1GB\n  statement_timeout: -1\n", []string{
			"x.yml:3: limits.reserved_connections must be 0 or more", `x.yml:4: limits.authentication_timeout is "0"`, `x.yml:5: limits.idle_timeout is "soon"`,
			`x.yml:7: limits.statement_timeout is "-1"`,
		}},
		{"a users_file that is not there", "users_file: nowhere.yml\n", []string{"users_file: open nowhere.yml"}},
		{"an admin address that others reach", "admin: 0.0.0.0:9439\n", []string{`x.yml:1: admin is "0.0.0.0:9439"; it answers without a password`}},
		{"no admin port", "admin: localhost\n", []string{`x.yml:1: admin is "localhost"; write HOST:PORT`}},
		{"no port", "listen: localhost\n", []string{`x.yml:1: listen is "localhost"; write HOST:PORT`}},
		{"hot stores", "hot: { kind: oracle }\n", []string{`x.yml:1: hot.kind is "oracle"; the choices are embedded, postgres, redshift, none`}},
		{"sizes", "limits:\n  memory: lots\n  max_scan: 3 parsecs\n", []string{
			`x.yml:2: limits.memory "lots" is not a size`, `x.yml:3: limits.max_scan "3 parsecs" is not a size`,
		}},
		{"roles", "roles:\n  bi:\n    grants: [select on events, reads]\n    row_filter: { web: \"a = 1\", web.t: \"a =\" }\n    latency: fast\n    max_scan: much\n    connections: -3\n" +
			"users: [ { name: a, role: b }, { name: a, role: bi, password: x } ]\nauth: md5\n", []string{
			`x.yml:3: roles.bi.grants[0] "select on events": a table is named with its schema`,
			`roles.bi.grants[1] "reads" is no grant`, `x.yml:4: roles.bi.row_filter is of "web": it is no name of one table`,
			`x.yml:4: roles.bi.row_filter of web.t is no predicate`, `x.yml:5: roles.bi.latency is "fast"`,
			`x.yml:6: roles.bi.max_scan "much" is not a size`, `x.yml:7: roles.bi.connections must be 0`,
			`users[0] has the role "b", which is not among roles`, `users[1] is "a", who is there twice`,
			`users[1].password of a is no verifier`,
		}},
		{"notify", "notify:\n  sns_topic: alerts\n  webhook: ftp://x/secret-token\n", []string{
			`x.yml:2: notify.sns_topic is "alerts"; it is not arn:aws:sns:REGION:ACCOUNT:TOPIC`,
			`x.yml:3: notify.webhook is wrong: the webhook is not http://HOST/… or https://HOST/…`,
		}},
		{"notify secret", "notify: { webhook_secret: x }\n", []string{`x.yml:1: notify.webhook_secret goes with notify.webhook, which is empty`}},
		{"catalog", "catalog: mysql://x\n", []string{`x.yml:1: catalog is neither sqlite:FILE nor postgres://USER@HOST:PORT/DATABASE`}},
		{"a catalog in two schemas", "catalog: postgres://h/d?search_path=a,b\n", []string{`x.yml:1: catalog is wrong: search_path is "a,b"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, c.text, nil)
			if _, ok := errors.AsType[wrong](err); !ok {
				t.Fatalf("got %v, want an error of the asker", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no line %q in:\n%v", want, err)
				}
			}
		})
	}
}

func TestConfigFromEnvironment(t *testing.T) { //nolint:paralleltest // the environment is the process's
	c, err := load(t, "database: file\ndata_dir: /d\n", map[string]string{
		"TIDEGATE_DATABASE": "environment", "TIDEGATE_LIMITS_CONNECTIONS": "7", "TIDEGATE_LAKE_S3_PATH_STYLE": "true",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Database, c.Limits.Connections, c.Lake.S3.PathStyle, c.Catalog, c.Lake.Location}
	if d := cmp.Diff([]any{"environment", 7, true, "sqlite:/d/catalog.db", "file:/d/lake"}, got); d != "" {
		t.Error(d)
	}
	t.Setenv("TIDEGATE_LIMITS_CONNECTIONS", "many")
	if _, err := load(t, "", nil); err == nil || !strings.Contains(err.Error(), "TIDEGATE_LIMITS_CONNECTIONS") {
		t.Errorf("got %v, want an error that names the variable", err)
	}
}

func TestParseBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1000": 1000, "4kB": 4 << 10, "512 MiB": 512 << 20, "20GiB": 20 << 30, "1.5gb": 3 << 29, "0": 0} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1", "3 parsecs", "1XB"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestDialect(t *testing.T) {
	t.Parallel()
	hot := "hot: { kind: redshift, url: 'postgres://u:p@h:5439/d', iam_role: default, stage: 's3://bucket/stage' }\n"
	for _, x := range []struct {
		text string
		want sql.Dialect
	}{
		{"", sql.Postgres}, {"dialect: redshift\n", sql.Redshift}, {hot, sql.Redshift}, {"dialect: postgres\n" + hot, sql.Postgres},
	} {
		c, err := load(t, x.text, nil)
		if err != nil || c.sqlDialect() != x.want {
			t.Errorf("%q: dialect %v, %v, want %v", x.text, c.sqlDialect(), err, x.want)
		}
	}
	for _, text := range []string{"dialect: oracle\n", "dialect: redshift\nhot: { kind: postgres, url: 'postgres://u@h/d' }\n"} {
		if _, err := load(t, text, nil); err == nil || !strings.Contains(err.Error(), "dialect is") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
