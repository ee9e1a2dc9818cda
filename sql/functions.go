package sql

import (
	"strings"
	"sync"

	"tidegate/internal/pgtypes"
)

// function is one line of the allow-list: how a function of PostgreSQL is written for DuckDB. The lists are in
// functions_*.go, by subject, proven against PostgreSQL.
//
// args lists the argument types it is allowed for, "|" between alternatives. In the text, $1 is the first argument.
// DuckDB's result is cast where its type is not PostgreSQL's.
type function struct {
	name, args, text string
	as               pgtypes.OID // the result's type where the signature does not tell it: of a polymorphic function
	// wide is the text for arguments that are wide numerics (see numeric.go), and if text is "" for all numerics: they
	// are PostgreSQL's texts then, and so is a numeric result.
	wide string
	// zoned is the text where the session's clock is not UTC's: $zone is its name.
	zoned string
	scale byte // of a narrow numeric result: s as the first argument, 0 none
}

// asText is the wide text of functions that do the same with wide numerics, in arrays for one.
const asText = "="

// allowed finds the lines of all lists by "name(type,type)".
var allowed = sync.OnceValue(func() map[string]*function {
	m := map[string]*function{}
	for _, list := range [][]function{numericList(), textList(), bytesList(), patternList(), timeList(), nestedList(), aggregateList()} {
		for i := range list {
			if list[i].wide == asText {
				list[i].wide = list[i].text
			}
			for args := range strings.SplitSeq(list[i].args, "|") {
				m[list[i].name+"("+args+")"] = &list[i]
			}
		}
	}
	return m
})

// key is a signature as the lists spell it.
func (s *signature) key() string {
	var names []string
	for _, a := range s.args {
		names = append(names, postgresTables().types[a].name)
	}
	return s.name + "(" + strings.Join(names, ",") + ")"
}

// write puts the arguments into a function's text.
func (f *function) write(text string, args []*expr) string {
	var t strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '$' && i+1 < len(text) && text[i+1] >= '1' && text[i+1] <= '9' {
			i++
			if n := int(text[i] - '1'); n < len(args) {
				t.WriteString(args[n].sql)
			}
			continue
		}
		t.WriteByte(c)
	}
	return t.String()
}

func (f *function) scaleOf(args []*expr) int {
	switch f.scale {
	case '0':
		return 0
	case 's':
		return args[0].scale
	}
	return -1
}
