package wire

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/bench/client"
	"tidegate/bench/measure"
	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// loginUser has the same password on both servers.
const (
	loginUser     = "login"
	loginPassword = "secret"
)

// logins measures from dialing to the first ReadyForQuery with SCRAM-SHA-256. Most of it is the client's work, which is
// the same for both.
func (s *suite) logins(ctx context.Context) error {
	v, err := auth.NewVerifier(loginPassword)
	if err != nil {
		return err
	}
	if err := s.askForPasswords(ctx, v.String()); err != nil {
		return err
	}
	users := filepath.Join(s.TB.TempDir(), "users.yml")
	if err := os.WriteFile(users, fmt.Appendf(nil, "- { name: %s, password: %q }\n", loginUser, v), 0o600); err != nil {
		return err
	}
	program, err := measure.Build(ctx, s.TB, "TIDEGATE_USERS_FILE="+users)
	if err != nil {
		return err
	}
	gateway, stop, err := serve(ctx, program)
	if err != nil {
		return err
	}
	defer stop()
	targets := []client.Target{s.targets[0], gateway}
	return client.Compare(ctx, s.Bench, "connect_p50_scram", "us", s.turns(), targets, func(t client.Target) (func() (float64, error), error) {
		config, err := pgconn.ParseConfig(fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", loginUser, loginPassword, t.Address, t.Database))
		return func() (float64, error) { return loginsMedian(ctx, config) }, err
	})
}

// loginsMedian opens and closes some sessions and gives the median in microseconds.
func loginsMedian(ctx context.Context, config *pgconn.Config) (float64, error) {
	times := make([]float64, 0, turnConnections)
	for range turnConnections {
		began := time.Now()
		c, err := pgconn.ConnectConfig(ctx, config)
		if err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(began).Nanoseconds())/1e3)
		if err := c.Close(ctx); err != nil {
			return 0, err
		}
	}
	return measure.Median(times), nil
}

// askForPasswords makes the user in PostgreSQL and has it asked by SCRAM.
func (s *suite) askForPasswords(ctx context.Context, verifier string) error {
	hba := filepath.Join(s.cluster.Dir, "data", "pg_hba.conf")
	rules, err := os.ReadFile(hba)
	if err != nil {
		return err
	}
	rules = append([]byte("host all "+loginUser+" 127.0.0.1/32 scram-sha-256\n"), rules...)
	if err := os.WriteFile(hba, rules, 0o600); err != nil {
		return err
	}
	if err := testkit.OwnFile(hba); err != nil {
		return err
	}
	c, err := pgconn.Connect(ctx, s.cluster.DSN())
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "create role "+loginUser+" login password '"+verifier+"'; select pg_reload_conf()").ReadAll()
	if err != nil {
		return err
	}
	return c.Close(ctx)
}
