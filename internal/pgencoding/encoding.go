package pgencoding

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// Encoding converts from one encoding and to it. All of its first 128 characters are ASCII. It is immutable.
type Encoding struct {
	name string
	// singles are the characters of one byte, pairs those of two bytes by the number that they are, and triples those of
	// three whose first byte is 0x8f, by the other two; 0: there is none.
	singles [256]rune
	pairs   []rune
	triples []rune
	codes   map[rune]uint32 // beyond ASCII
	// size gives how many bytes the character has that begins with a byte beyond ASCII, valid whether b can be one.
	size  func(first byte) int
	valid func(b []byte) bool
}

// Name is the encoding's name as PostgreSQL tells it.
func (e *Encoding) Name() string { return e.name }

// ASCII reports whether b has nothing to convert.
func ASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// AppendUTF8 appends the text that b is in the encoding. The error is 22021 or 22P05.
func (e *Encoding) AppendUTF8(to, b []byte) ([]byte, error) {
	for i := 0; i < len(b); {
		c := b[i]
		if c == 0 {
			return to, e.invalid(b[i:], 1)
		}
		if c < utf8.RuneSelf {
			to = append(to, c)
			i++
			continue
		}
		n := e.size(c)
		if i+n > len(b) || !e.valid(b[i:i+n]) {
			return to, e.invalid(b[i:], n)
		}
		r := e.char(b[i : i+n])
		if r == 0 {
			return to, untranslatable(b[i:i+n], e.name, "UTF8")
		}
		to = utf8.AppendRune(to, r)
		i += n
	}
	return to, nil
}

// Whole gives how many bytes of b are whole characters: the rest begins one that ends later.
func (e *Encoding) Whole(b []byte) int {
	for i := 0; i < len(b); {
		n := 1
		if b[i] >= utf8.RuneSelf {
			n = e.size(b[i])
		}
		if i+n > len(b) {
			return i
		}
		i += n
	}
	return len(b)
}

func (e *Encoding) char(b []byte) rune {
	switch len(b) {
	case 1:
		return e.singles[b[0]]
	case 2:
		if e.pairs == nil {
			return 0
		}
		return e.pairs[int(b[0])<<8|int(b[1])]
	default:
		return e.triples[int(b[1])<<8|int(b[2])]
	}
}

// AppendEncoded appends UTF-8 text in the encoding. The error is 22P05.
func (e *Encoding) AppendEncoded(to, text []byte) ([]byte, error) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			to = append(to, text[i])
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		code, ok := e.codes[r]
		if !ok {
			return to, untranslatable(text[i:i+n], "UTF8", e.name)
		}
		if code > 0xffff {
			to = append(to, byte(code>>16))
		}
		if code > 0xff {
			to = append(to, byte(code>>8))
		}
		to = append(to, byte(code))
		i += n
	}
	return to, nil
}

// Replaced is text in the encoding with ? for what it has not, for those who must be told something.
func (e *Encoding) Replaced(text string) string {
	var out []byte
	for _, r := range text {
		one, err := e.AppendEncoded(out, utf8.AppendRune(nil, r))
		if out = one; err != nil {
			out = append(out, '?')
		}
	}
	return string(out)
}

func (e *Encoding) invalid(b []byte, size int) error {
	return pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"%s\": %s", e.name, hexBytes(b[:min(size, len(b))]))
}

func untranslatable(b []byte, from, to string) error {
	return pgerr.New(pgerr.UntranslatableCharacter, "character with byte sequence %s in encoding \"%s\" has no equivalent in encoding \"%s\"",
		hexBytes(b), from, to)
}

func hexBytes(b []byte) string {
	words := make([]string, len(b))
	for i, c := range b {
		words[i] = fmt.Sprintf("0x%02x", c)
	}
	return strings.Join(words, " ")
}
