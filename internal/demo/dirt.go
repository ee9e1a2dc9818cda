package demo

import (
	"time"
	"unicode/utf8"
)

// kind is what is special about a record.
type kind int

const (
	plain          kind = iota
	cutLine             // ends in the middle: invalid JSON
	missingField        // a required field is absent or null
	wrongType           // a declared field has a value of another type
	rawNewline          // a newline inside a string, not escaped: two lines, none of them JSON
	invalidUTF8         // Latin-1 in a string
	future              // more than a day later than its object
	escapedNewline      // a newline inside a string as JSON wants it: good
	duplicate           // a record of this or an earlier object again
	late                // arrives one to three days after it happened
	glued               // no newline between it and the next
	blankLine           // followed by an empty line
	probe               // a health check of the load balancer: good JSON that the pipeline filters
)

// String is the name in Truth.Made.
func (k kind) String() string {
	return [...]string{
		"plain", "cut_line", "missing_field", "wrong_type", "raw_newline", "invalid_utf8", "future",
		"escaped_newline", "duplicate", "late", "glued", "blank_line", "probe",
	}[k]
}

// dirtPeriod records in a row hold each kind as often as share says, wherever they begin.
const dirtPeriod = 2000

func share(k kind) int {
	switch k {
	case cutLine, missingField, wrongType, rawNewline, invalidUTF8, future, blankLine:
		return 1
	case escapedNewline:
		return 2
	case probe:
		return 6
	case duplicate, late, glued:
		return 10
	default:
		return 0 // plain: the rest
	}
}

// slotKind is the kind that record number g of the set is to be. Where that cannot be (a late record on the first
// day, a duplicate of nothing), it is plain after all.
func slotKind(g int) kind {
	slot := g * 733 % dirtPeriod // 733 has no divisor in common with the period: every slot once
	for k := cutLine; k <= probe; k++ {
		if slot -= share(k); slot < 0 {
			return k
		}
	}
	return plain
}

// change replaces the value of a member in a record's JSON, or leaves the member out.
type change struct {
	member string
	raw    string // "" leaves it out
}

// missing gives the ways a required field can be missing, and the reason the validation gives.
func missing(n int) (change, string) {
	ways := [...]change{{"event_id", ""}, {"ts", "null"}, {"site_id", ""}}
	c := ways[n%len(ways)]
	return c, "missing_field(" + c.member + ")"
}

// mistyped gives the ways a declared field can have a wrong type, and the reason the validation gives.
func mistyped(n int) (change, string) {
	ways := [...]change{{"load_ms", `"slow"`}, {"site_id", `"twelve"`}, {"ts", `"yesterday"`}, {"user_id", "12345"}}
	c := ways[n%len(ways)]
	return c, "bad_type(" + c.member + ")"
}

// futureTime is a time that no clock error explains: 25 to 96 hours after the object arrived.
func futureTime(src source, o object) int64 {
	return o.arrived.Add(25*time.Hour + time.Duration(src.IntN(71*3600))*time.Second).UnixMilli()
}

// cut shortens a record's JSON somewhere. Any proper beginning of an object is invalid; a character is not split,
// so that the reason is the JSON and not the encoding.
func cut(src source, line []byte) []byte {
	n := 12 + src.IntN(len(line)-13)
	for !utf8.RuneStart(line[n]) {
		n--
	}
	return line[:n]
}

// pickOriginal finds a plain record before place n of object i, to repeat. Half of the time it is in the
// same object, else up to a day before.
func (p *plan) pickOriginal(src source, i, n int) (obj, place int, ok bool) {
	obj, places := i, n
	if src.IntN(2) == 0 {
		obj = max(0, i-1-src.IntN(24))
		if obj < i {
			places = p.objects[obj].records
		}
	}
	if places == 0 {
		return 0, 0, false
	}
	from := src.IntN(places)
	for d := range min(places, 50) {
		place = (from + d) % places
		if slotKind(p.objects[obj].first+place) == plain {
			return obj, place, true
		}
	}
	return 0, 0, false
}
