package main

import (
	"bytes"
	"strings"
	"testing"

	"tidegate/gateway/auth"
)

func TestPasswd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cmd  passwdCmd
		in   string
		want string // an error's text
	}{
		{cmd: passwdCmd{}, in: "secret\n"},
		{cmd: passwdCmd{User: "ann"}, in: "secret"},
		{cmd: passwdCmd{User: "ann", MD5: true}, in: "secret\r\nmore"},
		{cmd: passwdCmd{MD5: true}, in: "secret\n", want: "needs the user's name"},
		{cmd: passwdCmd{}, in: "\n", want: "the password is empty"},
	} {
		var out, errs bytes.Buffer
		err := c.cmd.Run(&program{in: strings.NewReader(c.in), out: &out, err: &errs})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v, want %s", c.cmd, err, c.want)
			}
			continue
		}
		v, parseErr := auth.ParseVerifier(strings.TrimSuffix(out.String(), "\n"))
		if err != nil || parseErr != nil || !v.Matches("ann", "secret") {
			t.Errorf("%+v: %q, %v, %v", c.cmd, out.String(), err, parseErr)
		}
	}
}
