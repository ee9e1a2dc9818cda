package pgtext

import (
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// LikeEscape writes a pattern of LIKE with another escape character as one with a backslash. An empty one is none.
func LikeEscape(pattern, escape string) (string, error) {
	if utf8.RuneCountInString(escape) > 1 {
		return "", errEscape()
	}
	if escape == `\` {
		return pattern, nil
	}
	var out []rune
	escaped := false
	for _, c := range pattern {
		switch {
		case string(c) == escape && !escaped:
			out = append(out, '\\')
			escaped = true
			continue
		case c == '\\' && !escaped:
			out = append(out, '\\', '\\')
		default:
			out = append(out, c)
		}
		escaped = false
	}
	return string(out), nil
}

// Like reports whether a text matches a pattern, in which a backslash escapes. A pattern that ends with one is 22025
// if the text gets that far.
func Like(text, pattern string) (bool, error) {
	r, err := like(text, pattern, true)
	return r == likeTrue, err
}

// LikeBytes is Like for bytes.
func LikeBytes(data, pattern []byte) (bool, error) {
	r, err := like(data, pattern, false)
	return r == likeTrue, err
}

// likeResult is likeAbort if no later beginning can match either.
type likeResult int

const (
	likeFalse likeResult = iota
	likeTrue
	likeAbort
)

func errLikeEnd() error { return pgerr.New("22025", "LIKE pattern must not end with escape character") }

// charLen is how long the character is that t begins with.
func charLen[T string | []byte](t T, characters bool) int {
	if !characters {
		return 1
	}
	n := 1
	for n < len(t) && !utf8.RuneStart(t[n]) {
		n++
	}
	return n
}

func like[T string | []byte](t, p T, characters bool) (likeResult, error) {
	for len(t) > 0 && len(p) > 0 {
		switch p[0] {
		case '%':
			return likeAny(t, p, characters)
		case '_':
			t, p = t[charLen(t, characters):], p[1:]
			continue
		case '\\':
			if p = p[1:]; len(p) == 0 {
				return likeFalse, errLikeEnd()
			}
		}
		if t[0] != p[0] {
			return likeFalse, nil
		}
		t, p = t[1:], p[1:]
	}
	if len(t) > 0 {
		return likeFalse, nil
	}
	for len(p) > 0 && p[0] == '%' {
		p = p[1:]
	}
	if len(p) == 0 {
		return likeTrue, nil
	}
	return likeAbort, nil
}

// likeAny matches a pattern that begins with a percent sign.
func likeAny[T string | []byte](t, p T, characters bool) (likeResult, error) {
	for len(p) > 0 && (p[0] == '%' || p[0] == '_') {
		if p[0] == '_' {
			if len(t) == 0 {
				return likeAbort, nil
			}
			t = t[charLen(t, characters):]
		}
		p = p[1:]
	}
	if len(p) == 0 {
		return likeTrue, nil
	}
	first := p[0]
	if first == '\\' {
		if len(p) < 2 {
			return likeFalse, errLikeEnd()
		}
		first = p[1]
	}
	for len(t) > 0 {
		if t[0] == first {
			if r, err := like(t, p, characters); r != likeFalse || err != nil {
				return r, err
			}
		}
		t = t[charLen(t, characters):]
	}
	return likeAbort, nil
}

// LikeEscapeBytes is LikeEscape for bytes.
func LikeEscapeBytes(pattern, escape []byte) ([]byte, error) {
	if len(escape) > 1 {
		return nil, errEscape()
	}
	if string(escape) == `\` {
		return pattern, nil
	}
	var out []byte
	escaped := false
	for _, c := range pattern {
		if len(escape) == 1 && c == escape[0] && !escaped {
			out = append(out, '\\')
			escaped = true
			continue
		}
		if c == '\\' && !escaped {
			out = append(out, '\\')
		}
		out = append(out, c)
		escaped = false
	}
	return out, nil
}

func errEscape() error {
	return pgerr.New("22025", "invalid escape string").WithHint("Escape string must be empty or one character.")
}
