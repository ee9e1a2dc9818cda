package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tidegate/gateway/auth"
)

// TestPasswdDoesNotEcho types on a terminal and looks at what it shows.
func TestPasswdDoesNotEcho(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ again, want string }{{"geheim", ""}, {"other", "the two are not the same"}} {
		keyboard, terminal := openTerminal(t)
		var out bytes.Buffer
		done := make(chan error, 1)
		go func() { done <- passwdCmd{}.Run(&program{in: terminal, out: &out, err: terminal}) }()
		shown := typeBehind(t, keyboard, "Password: ", "geheim\r") + typeBehind(t, keyboard, "Once more: ", c.again+"\r")
		err := <-done
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			continue
		}
		v, parseErr := auth.ParseVerifier(strings.TrimSpace(out.String()))
		if err != nil || parseErr != nil || !v.Matches("", "geheim") {
			t.Errorf("%q, %v, %v", out.String(), err, parseErr)
		}
		if shown += rest(keyboard); strings.Contains(shown, "geheim") {
			t.Errorf("the terminal shows %q", shown)
		}
	}
}

// openTerminal makes a terminal and what is in front of it.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	keyboard = os.NewFile(uintptr(fd), "keyboard")
	t.Cleanup(func() { _ = keyboard.Close(); _ = terminal.Close() })
	return keyboard, terminal
}

// typeBehind waits for a prompt and types. It gives what was shown.
func typeBehind(t *testing.T, keyboard *os.File, prompt, keys string) string {
	t.Helper()
	var shown []byte
	buf := make([]byte, 100)
	if err := keyboard.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(string(shown), prompt) {
		n, err := keyboard.Read(buf)
		if err != nil {
			t.Fatalf("%v; shown: %q", err, shown)
		}
		shown = append(shown, buf[:n]...)
	}
	if _, err := keyboard.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	return string(shown)
}

// rest reads what the terminal still shows.
func rest(keyboard *os.File) string {
	_ = keyboard.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	buf := make([]byte, 1000)
	n, _ := keyboard.Read(buf) // nothing more is an error by the deadline
	return string(buf[:n])
}
