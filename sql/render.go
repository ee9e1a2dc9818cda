package sql

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// The text of a Query holds markers until it is rendered: mark, a letter (u for a use, s for a slot, a for an aggregate,
// k for a key of GROUP BY), a number, mark. No SQL text and no parameter can bring in a zero byte: Parse, the grammar and WithArgs refuse it.
const mark = "\x00"

// slot is an output column of a subquery that nobody may turn out to need: then NULL stands in its place, and the
// columns behind it are not read.
type slot struct {
	text   string
	unused string
	used   bool
}

func itoa(n int) string { return strconv.Itoa(n) }

// pending puts e into a slot.
func (b *binder) pending(e *expr) (*slot, string) {
	s := &slot{text: e.sql, unused: null(e.typ).sql}
	b.slots = append(b.slots, s)
	return s, mark + "s" + itoa(len(b.slots)-1) + mark
}

// replace gives text with the markers of one letter replaced.
func replace(text, letter string, by func(n int) (string, error)) (string, error) {
	parts := strings.Split(text, mark)
	for i := 1; i < len(parts); i += 2 {
		digits, ok := strings.CutPrefix(parts[i], letter)
		if !ok {
			parts[i] = mark + parts[i] + mark
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			return "", fmt.Errorf("render query: broken marker %q", parts[i])
		}
		if parts[i], err = by(n); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, ""), nil
}

// fill replaces the markers of slots, aggregates and keys by what they stand for, which may hold others.
func (b *binder) fill(text string) (string, error) {
	fillings := map[string]func(n int) string{
		"s": func(n int) string {
			if s := b.slots[n]; !s.used {
				return s.unused
			}
			return b.slots[n].text
		},
		"a": func(n int) string { return b.aggregates[n].text },
		"k": func(n int) string { return b.keys[n] },
	}
	for _, letter := range []string{"s", "a", "k", "s", "a", "k"} {
		for strings.Contains(text, mark+letter) {
			room := maxExpression // a marker is short, and may stand often for a text that is long
			var err error
			text, err = replace(text, letter, func(n int) (string, error) {
				filling := fillings[letter](n)
				if room -= len(filling); room < 0 {
					return "", pgerr.New(pgerr.StatementTooComplex, "expression is too complex")
				}
				return filling, nil
			})
			if err != nil {
				return "", err
			}
		}
	}
	return text, nil
}

// Render gives DuckDB text. source gives, for every Use, the text of a FROM item without alias:
// "(select … from read_parquet(…))" or a table's name, qualified with its schema so that no common table
// expression can stand in for it. The item must have the columns Use.Columns under their names.
// Parameters without a value are NULLs of their type.
func (q *Query) Render(source func(*Use) (string, error)) (string, error) {
	if q.template != nil && len(q.Params)+len(q.literals) > 0 {
		// DuckDB's text depends on the values, by the digits of a numeric for one.
		full, source, err := q.rebound(source)
		if err != nil {
			return "", err
		}
		return full.Render(source)
	}
	return replace(q.text, "u", func(n int) (string, error) { return q.Uses[n].item(source) })
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// name writes an identifier for DuckDB: quoted where it must be.
func name(s string) string {
	if plainName.MatchString(s) && !strings.Contains(reservedWords, " "+s+" ") {
		return s
	}
	return quoteIdent(s)
}

// reservedWords are the words that DuckDB or PostgreSQL do not take as a plain column or table name somewhere.
const reservedWords = " all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint binary bit " +
	"boolean both by case cast char character check coalesce collate collation column columns concurrently constraint create cross " +
	"cube current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal " +
	"default deferrable desc describe distinct do else end error except exclude exists explain extract false fetch filter float " +
	"for foreign freeze from full generated glob grant group grouping groups having ilike in initially inner inout int integer " +
	"intersect interval into is isnull join lambda lateral leading left like limit list localtime localtimestamp map materialized " +
	"national natural nchar none not notnull null nullif numeric of offset on only or order out outer over overlaps overlay " +
	"pivot pivot_longer pivot_wider placing position positional precision primary qualify range real recursive references replace returning " +
	"right rollup row rows sample select semi session_user set setof sets show similar smallint some struct substring " +
	"summarize symmetric table tablesample then time timestamp to trailing treat trim true try_cast union unique unnest unpivot " +
	"user using values varchar variadic verbose when where window with within without xmlattributes "
