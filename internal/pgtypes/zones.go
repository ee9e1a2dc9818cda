package pgtypes

import (
	_ "embed" // of the names
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

//go:embed zonenames.txt
var zoneNameText string

// zoneNames are the zones of the IANA's list as they are spelled, by their names in lower case.
var zoneNames = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for name := range strings.Lines(zoneNameText) {
		name = strings.TrimSuffix(name, "\n")
		all[strings.ToLower(name)] = name
	}
	return all
})

// posixPrefix stands before zones that do not count leap seconds: the ones without it do not either.
const posixPrefix = "posix/"

// ZoneName spells a zone of the IANA's list, given in any case and perhaps behind posix/, as PostgreSQL shows it.
func ZoneName(name string) (string, bool) {
	plain, found := strings.CutPrefix(strings.ToLower(name), posixPrefix)
	spelled, ok := zoneNames()[plain]
	if found && ok {
		spelled = posixPrefix + spelled
	}
	return spelled, ok
}

// FindZone finds a time zone by a name of the IANA's list in any case, or by a POSIX specification: UTC+3, <+0530>-5:30,
// EST5EDT,M3.2.0,M11.1.0. The Location's own name finds it again: a specification is spelled in capitals. Zones with leap
// seconds (right/…) are not found, as time does not count those.
func FindZone(name string) (*time.Location, bool) {
	if spelled, ok := ZoneName(name); ok {
		zone, err := time.LoadLocation(strings.TrimPrefix(spelled, posixPrefix))
		return zone, err == nil
	}
	return posixZone(strings.ToUpper(name))
}

// HasLeapSeconds reports whether a name is that of a zone that counts leap seconds: right/…, in any case.
func HasLeapSeconds(name string) bool {
	plain, ok := strings.CutPrefix(strings.ToLower(name), "right/")
	if ok {
		_, ok = ZoneName(plain)
	}
	return ok
}

// posixRules are those of a summer time that does not say its own.
const posixRules = ",M3.2.0,M11.1.0"

// posixZone reads a name and what is to be added to its time for Greenwich's, and perhaps a summer time: EST5,
// <+03>-3, AAA3BBB2,J60,J300/1.
func posixZone(text string) (*time.Location, bool) {
	name, rest, ok := posixName(text)
	if !ok || rest == "" {
		return nil, false
	}
	west, rest, ok := posixOffset(rest)
	if !ok {
		return nil, false
	}
	if rest == "" {
		return zoneOf(text, name, -west, ""), true
	}
	summer, rest, ok := posixName(rest)
	if !ok || summer == "" {
		return nil, false
	}
	summerWest := west - 3600
	if rest != "" && rest[0] != ',' && rest[0] != ';' {
		if summerWest, rest, ok = posixOffset(rest); !ok {
			return nil, false
		}
	}
	if rest == "" {
		rest = posixRules
	}
	rules := strings.Split(rest[1:], ",")
	if len(rules) != 2 || !isPosixRule(rules[0]) || !isPosixRule(rules[1]) {
		return nil, false
	}
	extend := quotedName(name) + posixOffsetText(west) + quotedName(summer) + posixOffsetText(summerWest) + "," + rules[0] + "," + rules[1]
	return zoneOf(text, name, -west, extend), true
}

// posixName cuts the name in front off, which may stand in <>.
func posixName(s string) (name, rest string, ok bool) {
	if strings.HasPrefix(s, "<") {
		name, rest, ok = strings.Cut(s[1:], ">")
		return name, rest, ok
	}
	at := strings.IndexAny(s, "0123456789,-+")
	if at < 0 {
		at = len(s)
	}
	return s[:at], s[at:], true
}

// posixOffset cuts [+-]h[hh][:mm[:ss]] off: seconds to the west.
func posixOffset(s string) (west int, rest string, ok bool) {
	sign := 1
	switch {
	case strings.HasPrefix(s, "-"):
		sign, s = -1, s[1:]
	case strings.HasPrefix(s, "+"):
		s = s[1:]
	}
	seconds, unit := 0, 3600
	for _, most := range []int{167, 59, 60} {
		n, after, over := cutInt(s)
		if over || n < 0 || n > most || after == s {
			return 0, "", false
		}
		seconds += n * unit
		if after == "" || after[0] != ':' || unit == 1 {
			return sign * seconds, after, true
		}
		s, unit = after[1:], unit/60
	}
	return 0, "", false
}

func posixOffsetText(west int) string {
	return string(appendOffset(nil, int64(west)))
}

func quotedName(name string) string { return "<" + name + ">" }

// isPosixRule reports whether a rule is one of a day, Mm.w.d, Jn or n, perhaps with /time behind it.
func isPosixRule(s string) bool {
	day, clock, timed := strings.Cut(s, "/")
	if timed {
		if _, rest, ok := posixOffset(clock); !ok || rest != "" {
			return false
		}
	}
	if month, ok := strings.CutPrefix(day, "M"); ok {
		parts := strings.Split(month, ".")
		return len(parts) == 3 && within(parts[0], 1, 12) && within(parts[1], 1, 5) && within(parts[2], 0, 6)
	}
	if of, ok := strings.CutPrefix(day, "J"); ok {
		return within(of, 1, 365)
	}
	return within(day, 0, 365)
}

func within(s string, from, to int) bool {
	n, rest, over := cutInt(s)
	return !over && rest == "" && s != "" && n >= from && n <= to
}

// offsetFrom is an offset, in seconds east, that a zone has from an instant on.
type offsetFrom struct {
	unix   int64
	offset int
}

// beforeAll is an instant before all others.
const beforeAll = -1 << 59

// zoneOf makes a zone with one offset, or with the rules of extend at all times.
func zoneOf(name, abbreviation string, offset int, extend string) *time.Location {
	return zoneOfOffsets(name, abbreviation, []offsetFrom{{beforeAll, offset}}, extend)
}

// zoneOfOffsets makes a zone of its offsets, from the first on, with the rules of extend behind the last. Go reads rules
// only where a file of the zone has them, so this is such a file (RFC 8536).
func zoneOfOffsets(name, abbreviation string, offsets []offsetFrom, extend string) *time.Location {
	header := func(transitions, types, characters int) []byte {
		b := append([]byte("TZif2"), make([]byte, 15)...)
		for _, n := range []int{0, 0, 0, transitions, types, characters} {
			b = binary.BigEndian.AppendUint32(b, uint32(n))
		}
		return b
	}
	localType := func(b []byte, offset int) []byte {
		return append(binary.BigEndian.AppendUint32(b, uint32(int32(offset))), 0, 0)
	}
	b := append(localType(header(0, 1, 1), 0), 0)
	b = append(b, header(len(offsets), len(offsets), len(abbreviation)+1)...)
	for _, o := range offsets {
		b = binary.BigEndian.AppendUint64(b, uint64(o.unix))
	}
	for i := range offsets {
		b = append(b, byte(i))
	}
	for _, o := range offsets {
		b = localType(b, o.offset)
	}
	b = append(append(b, abbreviation...), 0, '\n')
	b = append(append(b, extend...), '\n')
	zone, err := time.LoadLocationFromTZData(name, b)
	if err != nil {
		panic("pgtypes: a zone of our own: " + err.Error())
	}
	return zone
}

// AbbreviatedZone finds the zone that an abbreviation stands for: one offset, or that which it meant in its zone at each
// time.
func AbbreviatedZone(name string) (*time.Location, bool) {
	lower := strings.ToLower(name)
	a, ok := abbreviations()[lower]
	switch {
	case !ok:
		return nil, false
	case a.zone == "" && a.offset == 0:
		return time.UTC, true
	case a.zone == "":
		return zoneOf(name, strings.ToUpper(name), a.offset, ""), true
	}
	zone, ok := FindZone(a.zone)
	if !ok {
		return nil, false
	}
	first, used := meaning(lower, zone, time.Unix(beforeAll, 0))
	if !used {
		return zone, true
	}
	offsets := []offsetFrom{{beforeAll, first}}
	const rulesGoOn = 2100
	for t := time.Unix(beforeAll, 0).In(zone); ; {
		var more bool
		if t, more = nextOffset(t); !more || t.Year() > rulesGoOn {
			return zoneOfOffsets(name, strings.ToUpper(name), offsets, ""), true
		}
		if o, _ := meaning(lower, zone, t); o != offsets[len(offsets)-1].offset {
			offsets = append(offsets, offsetFrom{t.Unix(), o})
		}
	}
}
