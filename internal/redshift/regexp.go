package redshift

import (
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// Patterns keeps compiled regular expressions. The zero value is ready; many may use it at once.
type Patterns struct {
	compiled sync.Map
	count    atomic.Int64
}

// maxPatterns bounds what Patterns keeps: patterns may come from the data.
const maxPatterns = 1000

// find compiles a POSIX pattern, which takes the longest of the leftmost matches. Parameters are c, i, e; p, the PCRE
// dialect, is not here.
func (p *Patterns) find(pattern, parameters string) (*regexp.Regexp, error) {
	key := parameters + "\x00" + pattern
	if known, ok := p.compiled.Load(key); ok {
		if re, ok := known.(*regexp.Regexp); ok {
			return re, nil
		}
	}
	flags := "(?s)"
	for _, c := range parameters {
		switch c {
		case 'i':
			flags = "(?si)"
		case 'c':
			flags = "(?s)"
		case 'e':
		case 'p':
			return nil, pgerr.New(pgerr.FeatureNotSupported, "a regular expression in the PCRE dialect is not supported: leave the parameter p out")
		default:
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%q is no parameter of a regular expression", string(c))
		}
	}
	if err := posixOnly(pattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(flags + pattern)
	if err != nil {
		return nil, pgerr.New("2201B", "invalid regular expression: %s", strings.Replace(strings.TrimPrefix(err.Error(), "error parsing regexp: "), flags, "", 1))
	}
	re.Longest()
	if p.count.Add(1) <= maxPatterns {
		p.compiled.Store(key, re)
	}
	return re, nil
}

// posixOnly refuses what Go reads and Redshift's documentation of POSIX patterns does not have.
func posixOnly(pattern string) error {
	inSet := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			if n := pattern[i]; (n|0x20 >= 'a' && n|0x20 <= 'z' || n >= '0' && n <= '9') && strings.IndexByte("dDwWsS", n) < 0 {
				return notPosix(pattern[i-1 : i+1])
			}
		case inSet:
			if strings.HasPrefix(pattern[i:], "[:") {
				if end := strings.Index(pattern[i:], ":]"); end > 0 {
					i += end + 1
				}
			}
			inSet = c != ']'
		case c == '[':
			inSet = true
			if strings.HasPrefix(pattern[i+1:], "^") {
				i++
			}
			if strings.HasPrefix(pattern[i+1:], "]") {
				i++ // a bracket that comes first is in the set
			}
		case strings.HasPrefix(pattern[i:], "(?"):
			return notPosix("(?")
		case i > 0 && c == '?' && strings.IndexByte("*+?}", pattern[i-1]) >= 0 && (i < 2 || pattern[i-2] != '\\'):
			return notPosix(pattern[i-1 : i+1])
		}
	}
	return nil
}

func notPosix(what string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "%s in a regular expression is not in Redshift's documentation of POSIX patterns", what)
}

// from gives what follows the first position-1 characters, and how many bytes those have. ok is false behind the end.
func from(text string, position int32) (rest string, skipped int, ok bool, err error) {
	if position < 1 {
		return "", 0, false, pgerr.New(pgerr.InvalidParameterValue, "a position in a text is 1 or more")
	}
	for n := position; n > 1; n-- {
		if skipped >= len(text) {
			return "", skipped, false, nil
		}
		_, size := utf8.DecodeRuneInString(text[skipped:])
		skipped += size
	}
	return text[skipped:], skipped, true, nil
}

// match finds a match by its number: the places of it and of its groups in text, nil if there is none.
func (p *Patterns) match(text, pattern string, position, occurrence int32, parameters string) ([]int, error) {
	re, err := p.find(pattern, parameters)
	if err != nil {
		return nil, err
	}
	if occurrence < 1 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "the number of a match is 1 or more")
	}
	rest, skipped, ok, err := from(text, position)
	if err != nil || !ok {
		return nil, err
	}
	all := re.FindAllStringSubmatchIndex(rest, int(occurrence))
	if len(all) < int(occurrence) {
		return nil, nil
	}
	found := all[occurrence-1]
	for i := range found {
		if found[i] >= 0 {
			found[i] += skipped
		}
	}
	return found, nil
}

// Substr is REGEXP_SUBSTR: "" where nothing matches. With parameter e it gives the first group.
func (p *Patterns) Substr(text, pattern string, position, occurrence int32, parameters string) (string, error) {
	found, err := p.match(text, pattern, position, occurrence, parameters)
	if found == nil {
		return "", err
	}
	if strings.Contains(parameters, "e") {
		if len(found) < 4 {
			return "", pgerr.New(pgerr.InvalidParameterValue, "parameter e wants a group in the regular expression")
		}
		if found = found[2:]; found[0] < 0 {
			return "", nil
		}
	}
	return text[found[0]:found[1]], nil
}

// Count is REGEXP_COUNT.
func (p *Patterns) Count(text, pattern string, position int32, parameters string) (int32, error) {
	re, err := p.find(pattern, parameters)
	if err != nil {
		return 0, err
	}
	rest, _, ok, err := from(text, position)
	if err != nil || !ok {
		return 0, err
	}
	return int32(len(re.FindAllStringIndex(rest, -1))), nil
}

// Instr is REGEXP_INSTR: where the match begins, with option 1 the place behind it; 0 where nothing matches.
func (p *Patterns) Instr(text, pattern string, position, occurrence, option int32, parameters string) (int32, error) {
	if option != 0 && option != 1 {
		return 0, pgerr.New(pgerr.InvalidParameterValue, "the option of REGEXP_INSTR is 0 or 1")
	}
	found, err := p.match(text, pattern, position, occurrence, parameters)
	if found == nil {
		return 0, err
	}
	if strings.Contains(parameters, "e") && len(found) >= 4 {
		found = found[2:]
	}
	if found[0] < 0 {
		return 0, nil
	}
	return int32(utf8.RuneCountInString(text[:found[option]])) + 1, nil
}

// Replace is REGEXP_REPLACE, which replaces every match.
func (p *Patterns) Replace(text, pattern, by string, position int32, parameters string) (string, error) {
	re, err := p.find(pattern, parameters)
	if err != nil {
		return "", err
	}
	for i := range len(by) {
		if c := by[i]; c == '\\' || c == '$' && i+1 < len(by) && (by[i+1] >= '0' && by[i+1] <= '9' || by[i+1] == '{') {
			return "", pgerr.New(pgerr.FeatureNotSupported, "a group in the replacement of REGEXP_REPLACE is not in Redshift's documentation of POSIX patterns")
		}
	}
	rest, skipped, ok, err := from(text, position)
	if err != nil || !ok {
		return text, err
	}
	return text[:skipped] + re.ReplaceAllLiteralString(rest, by), nil
}
