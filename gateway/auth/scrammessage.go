package auth

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"tidegate/internal/pgerr"
)

// scramKeyBytes is how long a proof is.
const scramKeyBytes = 32

// attributes reads the attributes of a SCRAM message from its beginning on, with the words of PostgreSQL's
// libpq/auth-scram.c for what is wrong in them.
type attributes struct{ rest string }

// next is the next byte; 0 at the end.
func (a *attributes) next() byte {
	if a.rest == "" {
		return 0
	}
	return a.rest[0]
}

// value reads the attribute of that name.
func (a *attributes) value(name byte) (string, error) {
	if found := a.next(); found != name {
		return "", malformed("Expected attribute %q but found %q.", string(name), shownByte(found))
	}
	return a.assigned(name)
}

// any reads the next attribute, whatever it is.
func (a *attributes) any() (name byte, value string, err error) {
	switch name = a.next(); {
	case name == 0:
		return 0, "", malformed("Attribute expected, but found end of string.")
	case (name < 'A' || name > 'Z') && (name < 'a' || name > 'z'):
		return 0, "", malformed("Attribute expected, but found invalid character %q.", shownByte(name))
	}
	value, err = a.assigned(name)
	return name, value, err
}

func (a *attributes) assigned(name byte) (string, error) {
	after, ok := strings.CutPrefix(a.rest[1:], "=")
	if !ok {
		return "", malformed("Expected character \"=\" for attribute %q.", string(name))
	}
	var value string
	value, a.rest, _ = strings.Cut(after, ",")
	return value, nil
}

// shownByte is a byte in a message: PostgreSQL's sanitize_char.
func shownByte(c byte) string {
	if c >= 0x21 && c <= 0x7e {
		return "'" + string(c) + "'"
	}
	return fmt.Sprintf("0x%02x", c)
}

// printable reports whether all of a nonce may stand in one.
func printable(nonce string) bool {
	return !strings.ContainsFunc(nonce, func(c rune) bool { return c < 0x21 || c > 0x7e || c == ',' })
}

// checkFirst reads a client's first message; plus says that it has chosen the mechanism that binds, and bound that the server
// offers it. flag is what the message says of binding.
func checkFirst(message string, plus, bound bool) (flag byte, err error) {
	a := &attributes{message}
	if flag, err = a.flag(plus, bound); err != nil {
		return 0, err
	}
	switch c := a.next(); c {
	case 'a':
		return 0, pgerr.New(pgerr.FeatureNotSupported, "client uses authorization identity, but it is not supported")
	case ',':
		a.rest = a.rest[1:]
	default:
		return 0, malformed("Unexpected attribute %q in client-first-message.", shownByte(c))
	}
	if a.next() == 'm' {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "client requires an unsupported SCRAM extension")
	}
	if _, err := a.value('n'); err != nil {
		return 0, err
	}
	nonce, err := a.value('r')
	if err != nil {
		return 0, err
	}
	if !printable(nonce) {
		return 0, pgerr.New(pgerr.ProtocolViolation, "non-printable characters in SCRAM nonce")
	}
	for a.rest != "" {
		if _, _, err := a.any(); err != nil {
			return 0, err
		}
	}
	return flag, nil
}

// flag reads what the client says of channel binding, with the comma behind it.
func (a *attributes) flag(plus, bound bool) (byte, error) {
	switch c := a.next(); {
	case c != 'n' && c != 'y' && c != 'p':
		return 0, malformed("Unexpected channel-binding flag %q.", shownByte(c))
	case c == 'p' && !plus:
		return 0, malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.")
	case c == 'p':
		kind, err := a.value('p')
		if err == nil && kind != "tls-server-end-point" {
			err = pgerr.New(pgerr.ProtocolViolation, "unsupported SCRAM channel-binding type \"%s\"", shownText(kind))
		}
		return c, err
	case plus:
		return 0, malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.")
	case c == 'y' && bound:
		return 0, pgerr.New(pgerr.InvalidAuthorization, "SCRAM channel binding negotiation error").WithDetail(
			"The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.")
	default:
		a.rest = a.rest[1:]
		if found := a.next(); found != ',' {
			return 0, malformed("Comma expected, but found character %q.", shownByte(found))
		}
		a.rest = a.rest[1:]
		return c, nil
	}
}

// shownText is a text in a message: PostgreSQL's sanitize_str.
func shownText(s string) string {
	b := []byte(s[:min(len(s), 30)])
	for i, c := range b {
		if c < 0x21 || c > 0x7e {
			b[i] = '?'
		}
	}
	return string(b)
}

// checkFinal reads a client's last message: what it binds to must be binding, its nonce the server's.
func checkFinal(message string, flag byte, binding []byte, nonce string) error {
	a := &attributes{message}
	said, err := a.value('c')
	switch {
	case err != nil:
		return err
	case said == base64.StdEncoding.EncodeToString(binding):
	case flag == 'p':
		return pgerr.New(pgerr.InvalidAuthorization, "SCRAM channel binding check failed")
	default:
		return pgerr.New(pgerr.ProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message")
	}
	answered, err := a.value('r')
	if err != nil {
		return err
	}
	name, value := byte(0), ""
	for name != 'p' {
		if name, value, err = a.any(); err != nil {
			return err
		}
	}
	proof, err := base64.StdEncoding.DecodeString(value)
	switch {
	case err != nil || len(proof) != scramKeyBytes:
		return malformed("Malformed proof in client-final-message.")
	case a.rest != "":
		return malformed("Garbage found at the end of client-final-message.")
	case answered != nonce:
		return pgerr.New(pgerr.ProtocolViolation, "invalid SCRAM response").WithDetail("Nonce does not match.")
	}
	return nil
}

// checkText refuses what no SCRAM message can be.
func checkText(message []byte) error {
	switch {
	case len(message) == 0:
		return malformed("The message is empty.")
	case bytes.IndexByte(message, 0) >= 0:
		return malformed("Message length does not match input length.")
	}
	return nil
}

func malformed(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.ProtocolViolation, "malformed SCRAM message").WithDetail(format, args...)
}
