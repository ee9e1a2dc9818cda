package pgfunc

import (
	"slices"
	"strings"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgregex"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// patterns is the functions of LIKE, SIMILAR TO and regular expressions.
func patterns() []udf.Function {
	c := new(compiler)
	return slices.Concat(likes(), c.tests(), c.replacements(), c.places())
}

func likes() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_like", pgtext.Like), udf.Of2("tg_like", pgtext.LikeBytes),
		udf.Of2("tg_like_escape", pgtext.LikeEscape),
		udf.Of2("tg_like_escape", pgtext.LikeEscapeBytes),
		udf.Of2("tg_similar", pgregex.Similar),
	}
}

// compiler keeps the patterns of all statements.
type compiler struct{ cache pgregex.Cache }

// one compiles a pattern for a function that has no use for the flag g.
func (c *compiler) one(function, pattern, flags string) (*pgregex.Regexp, error) {
	f, global, err := pgregex.ParseFlags(flags)
	if err != nil {
		return nil, err
	}
	if global {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "%s does not support the \"global\" option", function)
	}
	return c.cache.Compile(pattern, f)
}

func (c *compiler) tests() []udf.Function {
	return []udf.Function{
		udf.Of3("tg_regexp_like", func(text, pattern, flags string) (bool, error) {
			r, err := c.one("regexp_like()", pattern, flags)
			if err != nil {
				return false, err
			}
			return r.Matches(text)
		}),
		udf.Of2("tg_regexp_substring", func(text, pattern string) (udf.Null[string], error) {
			r, err := c.cache.Compile(pattern, pgregex.ARE)
			if err != nil {
				return udf.Null[string]{}, err
			}
			return textOrNull(r.Substring(text))
		}),
		udf.Of3("tg_regexp_match", func(text, pattern, flags string) (udf.Null[[]udf.Null[string]], error) {
			r, err := c.one("regexp_match()", pattern, flags)
			if err != nil {
				return udf.Null[[]udf.Null[string]]{}, err
			}
			list, err := r.All(text, false)
			if err != nil || len(list) == 0 {
				return udf.Null[[]udf.Null[string]]{}, err
			}
			return udf.Some(nulls(list[0])), nil
		}),
		udf.Of3("tg_regexp_matches", c.matches),
		udf.Of3("tg_regexp_split", func(text, pattern, flags string) ([]udf.Null[string], error) {
			r, err := c.one("regexp_split_to_array()", pattern, flags)
			if err != nil {
				return nil, err
			}
			parts, err := r.Split(text)
			out := make([]udf.Null[string], len(parts))
			for i, p := range parts {
				out[i] = udf.Some(p)
			}
			return out, err
		}),
	}
}

// matches gives an array's text for every match.
func (c *compiler) matches(text, pattern, flags string) ([]udf.Null[string], error) {
	f, global, err := pgregex.ParseFlags(flags)
	if err != nil {
		return nil, err
	}
	r, err := c.cache.Compile(pattern, f)
	if err != nil {
		return nil, err
	}
	list, err := r.All(text, global)
	out := make([]udf.Null[string], len(list))
	for i, groups := range list {
		out[i] = udf.Some(string(pgtypes.AppendArray(nil, groups)))
	}
	return out, err
}

func textOrNull(s *string, err error) (udf.Null[string], error) {
	if s == nil {
		return udf.Null[string]{}, err
	}
	return udf.Some(*s), err
}

func nulls(list []*string) []udf.Null[string] {
	out := make([]udf.Null[string], len(list))
	for i, s := range list {
		if s != nil {
			out[i] = udf.Some(*s)
		}
	}
	return out
}

func (c *compiler) replacements() []udf.Function {
	return []udf.Function{
		udf.Of4("tg_regexp_replace", func(text, pattern, replacement, flags string) (string, error) {
			if flags != "" && strings.ContainsRune("0123456789", rune(flags[0])) {
				return "", pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%s\"", flags)
			}
			f, global, err := pgregex.ParseFlags(flags)
			if err != nil {
				return "", err
			}
			r, err := c.cache.Compile(pattern, f)
			if err != nil {
				return "", err
			}
			n := 1
			if global {
				n = 0
			}
			return r.Replace(text, replacement, 0, n)
		}),
		// The texts are the replacement and flags, the numbers start and which match, 0 for all.
		udf.Of4("tg_regexp_replace", func(text, pattern string, texts []udf.Null[string], numbers []udf.Null[int32]) (udf.Null[string], error) {
			start, n := numbers[0], numbers[1]
			if !start.Valid || !n.Valid || !texts[0].Valid || !texts[1].Valid {
				return udf.Null[string]{}, nil
			}
			if err := positive("start", start.V, 1); err != nil {
				return udf.Null[string]{}, err
			}
			if err := positive("n", n.V, 0); err != nil {
				return udf.Null[string]{}, err
			}
			f, _, err := pgregex.ParseFlags(texts[1].V)
			if err != nil {
				return udf.Null[string]{}, err
			}
			r, err := c.cache.Compile(pattern, f)
			if err != nil {
				return udf.Null[string]{}, err
			}
			s, err := r.Replace(text, texts[0].V, int(start.V)-1, int(n.V))
			return udf.Some(s), err
		}),
	}
}

// positive refuses a number that is too small.
func positive(name string, n, least int32) error {
	if n < least {
		return pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"%s\": %d", name, n)
	}
	return nil
}

// places are the functions that count or find a match by its number. Their numbers are start, which match, 0 or 1 for
// its beginning or end, and the group; one that is NULL makes the result NULL.
func (c *compiler) places() []udf.Function {
	return []udf.Function{
		udf.Of4("tg_regexp_count", func(text, pattern, flags string, start int32) (int32, error) {
			if err := positive("start", start, 1); err != nil {
				return 0, err
			}
			r, err := c.one("regexp_count()", pattern, flags)
			if err != nil {
				return 0, err
			}
			n, err := r.Count(text, int(start)-1)
			return int32(n), err
		}),
		udf.Of4("tg_regexp_instr", func(text, pattern, flags string, numbers []udf.Null[int32]) (udf.Null[int32], error) {
			m, ok, err := c.nth("regexp_instr()", text, pattern, flags, numbers)
			if m.start++; numbers[2].V == 1 {
				m.start = m.end + 1
			}
			if !m.found {
				m.start = 0
			}
			return udf.Null[int32]{V: int32(m.start), Valid: ok}, err
		}),
		udf.Of4("tg_regexp_substr", func(text, pattern, flags string, numbers []udf.Null[int32]) (udf.Null[string], error) {
			m, ok, err := c.nth("regexp_substr()", text, pattern, flags, numbers)
			return udf.Null[string]{V: m.text, Valid: ok && m.found}, err
		}),
	}
}

type place struct {
	start, end int
	text       string
	found      bool
}

// nth finds a match by its number. ok is false if a number is NULL.
func (c *compiler) nth(function, text, pattern, flags string, numbers []udf.Null[int32]) (m place, ok bool, err error) {
	if slices.ContainsFunc(numbers, func(n udf.Null[int32]) bool { return !n.Valid }) {
		return m, false, nil
	}
	for i, name := range []string{"start", "n", "endoption", "subexpr"} {
		least := int32(1)
		if i >= 2 {
			least = 0
		}
		if err := positive(name, numbers[i].V, least); err != nil {
			return m, false, err
		}
	}
	if numbers[2].V > 1 {
		return m, false, pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter \"endoption\": %d", numbers[2].V)
	}
	r, err := c.one(function, pattern, flags)
	if err != nil {
		return m, false, err
	}
	m.start, m.end, m.text, m.found, err = r.Nth(text, int(numbers[0].V)-1, int(numbers[1].V), int(numbers[3].V))
	return m, true, err
}
