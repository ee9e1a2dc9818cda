package pgerr

import (
	"regexp"
	"strings"
)

// fieldEnd stands before each field behind the message in the text of an error that an engine carries.
const fieldEnd = "\x1e"

// Carried is e as a text that an engine which knows only messages takes along: SQLSTATE, message and, if there are any,
// detail, hint and context. Uncarried reads it.
func (e *Error) Carried() string {
	text := string(e.Code) + ": " + e.Message
	if e.Detail == "" && e.Hint == "" && e.Where == "" && !strings.Contains(e.Message, fieldEnd) {
		return text
	}
	clean := strings.NewReplacer(fieldEnd, "").Replace
	return strings.Join([]string{text, clean(e.Detail), clean(e.Hint), clean(e.Where)}, fieldEnd)
}

var carried = regexp.MustCompile(`(?s)^([0-9A-Z]{5}): (.+?)(?:\x1e([^\x1e]*)\x1e([^\x1e]*)\x1e([^\x1e]*))?$`)

// Uncarried gives the error that Carried wrote as text, nil for another text.
func Uncarried(text string) *Error {
	m := carried.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return &Error{Code: Code(m[1]), Message: m[2], Detail: m[3], Hint: m[4], Where: m[5]}
}
