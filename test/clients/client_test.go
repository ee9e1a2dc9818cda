package clients

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	chosen  = flag.String("clients", "^psql$", "run the clients whose names match")
	more    = flag.Bool("more", false, "run the clients of PyPI and Maven instead")
	rewrite = flag.Bool("rewrite", false, "write the differences and docs/clients.md anew, of those that run")
)

// runTimeout bounds one run of a script, where a client has no other.
const runTimeout = 3 * time.Minute

// client is a program that talks to a server, and how its script is run.
type client struct {
	name     string   // as docs/clients.md heads it; its folder of testdata is the same in small letters
	connect  string   // how to connect, for docs/clients.md
	packages []string // that test/install.sh installs for it, beside those that make test needs
	version  []string // a command that prints the version
	command  []string // runs the script, in the folder of the client

	variables []string      // of its environment
	judge     []string      // tells of PostgreSQL what the script shall print; nil is the script itself
	timeout   time.Duration // of a run; 0 is runTimeout
}

func allClients() []client {
	return []client{
		psql(), psqlTab(), psycopg2(), psycopg3(), asyncpg(), sqlalchemy(), pgjdbc(), nodePostgres(), postgresJS(), knex(), sequelize(), typeORM(), dbdPg(), rubyPg(), pgbench(), pgbouncer(), psqlODBC(), php(), rPostgreSQL(),
		pgcli(), libreOffice(), evidence(),
	}
}

func (c *client) folder() string {
	return filepath.Join("testdata", strings.ToLower(c.name))
}

// TestClients runs what is chosen, one after the other: some write.
func TestClients(t *testing.T) { //nolint:tparallel // see above
	t.Parallel()
	want := regexp.MustCompile(*chosen)
	all := allClients()
	if *more {
		all = moreClients()
	}
	run := slices.DeleteFunc(all, func(c client) bool { return !want.MatchString(c.name) })
	if len(run) == 0 {
		t.Fatalf("no client is named as %s", *chosen)
	}
	env := prepare(t, run)
	gate, postgres := startSides(t)
	var findings []finding
	for i := range run {
		t.Run(run[i].name, func(t *testing.T) {
			if f := run[i].check(t, env, gate, postgres); f != nil {
				findings = append(findings, *f)
			}
		})
	}
	t.Run("corpus", func(t *testing.T) { checkCorpus(t, gate) })
	if !t.Failed() {
		checkDocument(t, findings)
	}
}

// check runs a client against both sides, and tells what it found.
func (c *client) check(t *testing.T, env *environment, gate, postgres side) *finding {
	t.Helper()
	env.require(t, c)
	judge := c.command
	if c.judge != nil {
		judge = c.judge
	}
	recorder, recorded := record(t, postgres)
	want := c.steps(t, recorded, judge)
	if statements := recorder.taken(); *rewrite && !*more && c.judge == nil {
		writeCorpus(t, c.folder(), statements, postgres)
	}
	got := c.steps(t, gate, c.command)
	f := &finding{client: c, version: c.readVersion(t, gate)}
	known, err := readDifferences(c.folder())
	if err != nil {
		t.Fatal(err)
	}
	f.steps, f.differences = compare(t, want, got, known)
	if *rewrite {
		if err := writeDifferences(c.folder(), f.differences); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range f.differences {
		if d.reason == "" {
			t.Errorf("%s: a difference without a reason in differs.txt", d.title)
		}
	}
	return f
}

// steps runs the script, or what judges it, against one side.
func (c *client) steps(t *testing.T, s side, command []string) []step {
	t.Helper()
	out := c.run(t, s, command)
	// The port is another one each time; the number alone may be a value.
	steps, err := parseSteps(regexp.MustCompile(`(port[= "]+)`+s.port+`\b`).ReplaceAllString(out, "${1}PORT"))
	if err != nil {
		t.Fatalf("%v: it printed:\n%s", err, out)
	}
	return steps
}

func (c *client) run(t *testing.T, s side, args []string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(c.timeout, runTimeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = c.folder(), append(s.environment(), c.variables...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), errors.Join(err, ctx.Err()), out)
	}
	return string(out)
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+`)

func (c *client) readVersion(t *testing.T, s side) string {
	t.Helper()
	out := c.run(t, s, c.version)
	number := versionNumber.FindString(out)
	if number == "" {
		t.Fatal(fmt.Errorf("%s: no version in %q", strings.Join(c.version, " "), out))
	}
	return number
}
