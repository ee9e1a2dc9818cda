package clients

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// environment is what was prepared for the clients.
type environment struct {
	missing []string // parts that could not be installed
}

// prepare installs what the clients need. With CI=true a part that is missing fails the test.
func prepare(t *testing.T, run []client) *environment {
	t.Helper()
	env := &environment{}
	var packages []string
	for _, c := range run {
		packages = append(packages, c.packages...)
	}
	if len(packages) > 0 {
		slices.Sort(packages)
		install := exec.CommandContext(t.Context(), "../install.sh", slices.Compact(packages)...)
		var errs bytes.Buffer
		install.Stderr = &errs
		missing, err := install.Output()
		if err != nil {
			t.Fatalf("test/install.sh: %v\n%s", err, errs.String())
		}
		env.missing = strings.Fields(string(missing))
	}
	return env
}

// require leaves a client out whose parts are missing, and names them.
func (e *environment) require(t *testing.T, c *client) {
	t.Helper()
	for _, p := range c.packages {
		if slices.Contains(e.missing, p) {
			t.Skipf("left out: %s (%s is not installed)", c.name, p)
		}
	}
}
