package gateway

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

func invalidValue(name, value string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", name, value)
}

func oneOf(allowed ...string) func(name, value string) (string, error) {
	return func(name, value string) (string, error) {
		if v := strings.ToLower(value); slices.Contains(allowed, v) {
			return v, nil
		}
		return "", invalidValue(name, value).WithHint("Available values: %s.", strings.Join(allowed, ", "))
	}
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func checkBool(name, value string) (string, error) {
	b, err := pgtypes.ParseBool(value)
	if err != nil {
		return "", pgerr.New(pgerr.InvalidParameterValue, "parameter %q requires a Boolean value", name)
	}
	return onOff(b), nil
}

// checkCustomName takes the names that a client may make up: identifiers with dots between them.
func checkCustomName(name string) error {
	for part := range strings.SplitSeq(name, ".") {
		if !isSimpleIdentifier(part) {
			return pgerr.New(pgerr.InvalidName, "invalid configuration parameter name %q", name).
				WithDetail("Custom parameter names must be two or more simple identifiers separated by dots.")
		}
	}
	return nil
}

func isSimpleIdentifier(s string) bool {
	for i, c := range []byte(s) {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if !letter && (i == 0 || c != '$' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func checkIsolation(name, value string) (string, error) {
	return oneOf("serializable", "repeatable read", "read committed", "read uncommitted")(name, value)
}

func checkLatency(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	v := strings.ToLower(value)
	if v != "interactive" && v != "standard" && v != "archive" {
		return "", invalidValue(name, value).WithHint("Available values: interactive, standard, archive.")
	}
	return v, nil
}

func checkGeneration(name, value string) (string, error) {
	if v := strings.ToLower(value); v == "" || v == "newest" || v == "latest" {
		return "0", nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return "", invalidValue(name, value).WithHint("A generation is a number; 0 is the newest.")
	}
	return strconv.FormatInt(n, 10), nil
}

// parseGeneration reads what checkGeneration gave.
func parseGeneration(value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0 // not set
	}
	return n
}

func checkMaxScan(name, value string) (string, error) {
	if _, err := parseBytes(value); err != nil {
		return "", invalidValue(name, value).WithHint("Valid units are B, kB, MB, GB and TB; 0 or '' is no limit.")
	}
	return strings.TrimSpace(value), nil
}

func checkStaleness(name, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	if _, err := parseDuration(value, time.Second); err != nil {
		return "", invalidValue(name, value).WithHint("Valid units are ms, s, min, h and d.")
	}
	return strings.TrimSpace(value), nil
}

func checkTimeout(name, value string) (string, error) {
	n, err := wholeSetting(name, value, true)
	switch {
	case err != nil:
		return "", err
	case n < 0:
		return "", pgerr.New(pgerr.InvalidParameterValue, "%d ms is outside the valid range for parameter %q (0 .. %d)",
			n, name, math.MaxInt32)
	}
	return formatTimeout(time.Duration(n) * time.Millisecond), nil
}

// ParseTimeout reads a time as statement_timeout has it: a number with a unit, of milliseconds without one.
func ParseTimeout(value string) (time.Duration, error) {
	text, err := checkTimeout("timeout", value)
	if err != nil {
		return 0, err
	}
	return parseDuration(text, time.Millisecond)
}

// formatTimeout shows a time in the largest unit that holds it whole, as PostgreSQL does.
func formatTimeout(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	for _, u := range durationUnits {
		if d%u.size == 0 {
			return fmt.Sprintf("%d%s", d/u.size, u.name)
		}
	}
	return d.String()
}

type unit[T any] struct {
	name string
	size T
}

var durationUnits = []unit[time.Duration]{
	{"d", 24 * time.Hour},
	{"h", time.Hour},
	{"min", time.Minute},
	{"s", time.Second},
	{"ms", time.Millisecond},
	{"us", time.Microsecond},
	{"m", time.Minute},
}

// parseDuration reads a number with a unit of PostgreSQL's, or without one, in bare.
func parseDuration(value string, bare time.Duration) (time.Duration, error) {
	number, name := splitUnit(value)
	size := bare
	if name != "" {
		i := slices.IndexFunc(durationUnits, func(u unit[time.Duration]) bool { return u.name == name })
		if i < 0 {
			return 0, fmt.Errorf("unknown unit %q", name)
		}
		size = durationUnits[i].size
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f < 0 || f*float64(size) > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a time", value)
	}
	return time.Duration(f * float64(size)), nil
}

var byteUnits = []unit[float64]{
	{"", 1},
	{"b", 1},
	{"kb", 1 << 10},
	{"mb", 1 << 20},
	{"gb", 1 << 30},
	{"tb", 1 << 40},
	{"kib", 1 << 10},
	{"mib", 1 << 20},
	{"gib", 1 << 30},
	{"tib", 1 << 40},
}

// parseBytes reads a size: 10GB, 500 MB, 1024. As in PostgreSQL a kB is 1024 bytes. "" is 0.
func parseBytes(value string) (int64, error) {
	if strings.TrimSpace(value) == "" {
		return 0, nil
	}
	number, name := splitUnit(value)
	i := slices.IndexFunc(byteUnits, func(u unit[float64]) bool { return u.name == strings.ToLower(name) })
	f, err := strconv.ParseFloat(number, 64)
	if i < 0 || err != nil || f < 0 || f*byteUnits[i].size > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a size", value)
	}
	return int64(f * byteUnits[i].size), nil
}

func splitUnit(value string) (number, name string) {
	v := strings.TrimSpace(value)
	i := strings.LastIndexAny(v, "0123456789.") + 1
	return v[:i], strings.TrimSpace(v[i:])
}

// tellClipped says that a value was too long for a name.
func (s *session) tellClipped(name, value string) {
	if clipped := pgtext.Name(value); name == "application_name" && clipped != value {
		s.notice(engine.Notice{Severity: "NOTICE", Code: "42622", Message: `identifier "` + value + `" will be truncated to "` + clipped + `"`})
	}
}

// checkPrintable replaces what is not printable ASCII by question marks, and cuts to the length of a name, as
// PostgreSQL does: see tellClipped.
func checkPrintable(_, value string) (string, error) {
	b := []byte(pgtext.Name(value))
	for i, c := range b {
		if c < 32 || c > 126 {
			b[i] = '?'
		}
	}
	return string(b), nil
}

// dateStyleAfter changes style or order, or both, as value says.
func dateStyleAfter(value, current string) (string, error) {
	var style pgtypes.Style
	if current != "" {
		if err := style.ParseDateStyle(current); err != nil {
			return "", err
		}
	}
	err := style.ParseDateStyle(value)
	return style.DateStyleText(), err
}

// checkIntervalStyle says the name in an error as it is nearly always typed.
func checkIntervalStyle(name, value string) (string, error) {
	return oneOf("postgres", "postgres_verbose", "sql_standard", "iso_8601")(strings.ToLower(name), value)
}

func checkFloatDigits(name, value string) (string, error) {
	n, err := wholeSetting(name, value, false)
	switch {
	case err != nil:
		return "", err
	case n < -15 || n > 3:
		return "", pgerr.New(pgerr.InvalidParameterValue, "%d is outside the valid range for parameter %q (-15 .. 3)", n, name)
	}
	return strconv.FormatInt(n, 10), nil
}

// quoteIdentifier quotes a name unless it reads back as it is.
func quoteIdentifier(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for _, c := range name {
		plain = plain && (c == '_' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
	}
	if plain {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// identifierList is what PostgreSQL's SplitIdentifierString takes.
var identifierList = func() *regexp.Regexp {
	const name = `(?:"(?:[^"]|"")*"|[^",\s][^,\s]*)\s*`
	return regexp.MustCompile(`^\s*(?:` + name + `(?:,\s*` + name + `)*)?$`)
}()

// splitIdentifiers reads a list of names as search_path has it: a, "B c".
func splitIdentifiers(list string) []string {
	var names []string
	for list = strings.TrimSpace(list); list != ""; list = strings.TrimSpace(list) {
		var name string
		if list[0] == '"' {
			name, list = cutQuoted(list[1:])
			_, list, _ = strings.Cut(list, ",")
		} else {
			name, list, _ = strings.Cut(list, ",")
			name = strings.ToLower(strings.TrimSpace(name))
		}
		names = append(names, name)
	}
	return names
}

// cutQuoted reads up to the closing quote; a doubled quote is one of the name.
func cutQuoted(s string) (name, rest string) {
	for {
		part, after, _ := strings.Cut(s, `"`)
		name += part
		if !strings.HasPrefix(after, `"`) {
			return name, after
		}
		name, s = name+`"`, after[1:]
	}
}
