package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"tidegate/gateway/auth"
)

type passwdCmd struct {
	User string `arg:"" optional:"" help:"Whose password it is; --md5 needs it."`
	MD5  bool   `name:"md5" help:"For drivers that know no SCRAM. It is weak: let them connect over TLS only."`
}

// Run asks for a password, or takes the first line of its input, and prints what the configuration keeps of it.
func (c passwdCmd) Run(p *program) error {
	if c.MD5 && c.User == "" {
		return wrong{errors.New("passwd --md5 needs the user's name: the text is made of it too")}
	}
	password, err := p.askPassword()
	if err != nil {
		return err
	}
	if password == "" {
		return wrong{errors.New("passwd: the password is empty")}
	}
	v := auth.MD5Verifier(c.User, password)
	if !c.MD5 {
		if v, err = auth.NewVerifier(password); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(p.out, v)
	return err
}

// askPassword reads a password, twice and without showing it if somebody types.
func (p *program) askPassword() (string, error) {
	f, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		line, err := bufio.NewReader(p.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := p.typed(f, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := p.typed(f, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", wrong{errors.New("passwd: the two are not the same")}
	}
	return first, nil
}

// typed asks on a terminal. Its echo is off before the question is there, so that nobody types too early.
func (p *program) typed(f *os.File, question string) (string, error) {
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return "", fmt.Errorf("turn the echo off: %w", err)
	}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{f, p.err}, "")
	text, err := t.ReadPassword(question)
	if err != nil {
		err = fmt.Errorf("read the password: %w", err) // Ctrl-C is io.EOF
	}
	return text, errors.Join(err, term.Restore(int(f.Fd()), before))
}
