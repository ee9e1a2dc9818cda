package sql

import (
	"embed"
	"strconv"
	"strings"
	"sync"

	"tidegate/internal/pgtypes"
)

// The rules of resolution need what PostgreSQL itself knows: the rows of PostgreSQL 15's pg_type, pg_cast,
// pg_operator and pg_proc, one line each with the columns that matter here.
//
//go:embed pg15/*.txt
var pg15 embed.FS

// OIDs of PostgreSQL types that no table column has, but that catalog queries and resolution meet.
const (
	oidInt2Vector      pgtypes.OID = 22
	oidNodeTree        pgtypes.OID = 194
	oidRegproc         pgtypes.OID = 24
	oidOIDVector       pgtypes.OID = 30
	oidACLItem         pgtypes.OID = 1033
	oidRegclass        pgtypes.OID = 2205
	oidRegtype         pgtypes.OID = 2206
	oidRegnamespace    pgtypes.OID = 4089
	oidRegrole         pgtypes.OID = 4096
	oidTextArray       pgtypes.OID = 1009
	oidNameArray       pgtypes.OID = 1003
	oidBPCharArray     pgtypes.OID = 1014
	oidIntervalArray   pgtypes.OID = 1187
	oidTimetzArray     pgtypes.OID = 1270
	oidAny             pgtypes.OID = 2276
	oidAnyArray        pgtypes.OID = 2277
	oidAnyElement      pgtypes.OID = 2283
	oidAnyNonArray     pgtypes.OID = 2776
	oidAnyCompatible   pgtypes.OID = 5077
	oidAnyCompArray    pgtypes.OID = 5078
	oidAnyCompNonArray pgtypes.OID = 5079
)

// pgType is a row of pg_type.
type pgType struct {
	oid       pgtypes.OID
	name      string
	category  byte
	preferred bool
	element   pgtypes.OID
	array     pgtypes.OID
}

// signature is a row of pg_proc or pg_operator: argument types and what comes out.
type signature struct {
	name     string
	args     []pgtypes.OID // of an operator: left (0 for a prefix operator) and right
	result   pgtypes.OID
	kind     byte // of a function: f, a, w, p
	variadic bool
	set      bool
	poly     int // how many of args and result are polymorphic
	defaults int
	// immutable functions give the same for the same arguments, whatever the session: PostgreSQL computes calls of
	// constants while it plans. Operators are not marked, see stableOperator.
	immutable bool
	volatile  bool     // another value at every call
	strict    bool     // NULL for a NULL, whatever the other arguments are
	names     []string // of the arguments, where PostgreSQL has names for them
}

// castContext is how freely PostgreSQL uses a cast: implicit, in assignments, only when it is written.
type castContext byte

const (
	castImplicit   castContext = 'i'
	castAssignment castContext = 'a'
	castExplicit   castContext = 'e'
)

type postgres struct {
	types     map[pgtypes.OID]pgType
	typeNames map[string]pgtypes.OID
	casts     map[[2]pgtypes.OID]castContext
	operators map[string][]signature
	functions map[string][]signature
}

// postgresTables gives PostgreSQL 15's own tables, read once.
var postgresTables = sync.OnceValue(loadPostgres)

func loadPostgres() *postgres {
	p := &postgres{
		types: map[pgtypes.OID]pgType{}, typeNames: map[string]pgtypes.OID{},
		casts: map[[2]pgtypes.OID]castContext{}, operators: map[string][]signature{}, functions: map[string][]signature{},
	}
	for f := range lines("types") {
		t := pgType{oid: oid(f[0]), name: f[1], category: f[2][0], preferred: f[3] == "t", element: oid(f[4]), array: oid(f[5])}
		p.types[t.oid] = t
		p.typeNames[t.name] = t.oid
	}
	for f := range lines("casts") {
		p.casts[[2]pgtypes.OID{oid(f[0]), oid(f[1])}] = castContext(f[2][0])
	}
	for f := range lines("operators") {
		s := signature{name: f[0], args: []pgtypes.OID{oid(f[1]), oid(f[2])}, result: oid(f[3]), kind: 'f'}
		s.countPolymorphic()
		p.operators[s.name] = append(p.operators[s.name], s)
	}
	for f := range lines("functions") {
		s := signature{name: f[0], result: oid(f[2]), kind: f[3][0], variadic: f[4] != "0", set: f[5] == "t"}
		if f[1] != "-" {
			for a := range strings.SplitSeq(f[1], ",") {
				s.args = append(s.args, plainType(oid(a)))
			}
		}
		s.defaults, s.immutable, s.volatile = int(oid(f[6])), f[7] == "i", f[7] == "v"
		s.strict = f[8] == "t"
		s.countPolymorphic()
		p.functions[s.name] = append(p.functions[s.name], s)
	}
	for f := range lines("argnames") {
		for i, s := range p.functions[f[0]] {
			if oidList(s.args) == f[1] {
				p.functions[f[0]][i].names = strings.Split(f[2], ",")
			}
		}
	}
	return p
}

func oidList(types []pgtypes.OID) string {
	var texts []string
	for _, t := range types {
		texts = append(texts, strconv.FormatUint(uint64(t), 10))
	}
	return strings.Join(texts, ",")
}

func (s *signature) countPolymorphic() {
	for _, t := range s.args {
		if isPolymorphic(t) {
			s.poly++
		}
	}
	if isPolymorphic(s.result) {
		s.poly++
	}
}

// lines gives the fields of every line of an embedded table. The files are part of the program: what cannot be
// read is a broken build.
func lines(table string) func(yield func([]string) bool) {
	data, err := pg15.ReadFile("pg15/" + table + ".txt")
	if err != nil {
		panic("read embedded " + table + ": " + err.Error())
	}
	return func(yield func([]string) bool) {
		for l := range strings.Lines(string(data)) {
			if !yield(strings.Fields(l)) {
				return
			}
		}
	}
}

// plainType takes pg_node_tree for the text that our catalog keeps in its columns.
func plainType(t pgtypes.OID) pgtypes.OID {
	if t == oidNodeTree {
		return pgtypes.Text
	}
	return t
}

func oid(s string) pgtypes.OID {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		panic("embedded table: " + err.Error())
	}
	return pgtypes.OID(n)
}

func (p *postgres) category(t pgtypes.OID) byte {
	switch t {
	case pgtypes.Unknown, 0:
		return 'X'
	}
	return p.types[t].category
}

// typeName gives what format_type gives.
func (p *postgres) typeName(t pgtypes.OID) string {
	if t == 0 {
		return "unknown"
	}
	if i, ok := pgtypes.Lookup(t); ok {
		return i.SQL
	}
	y := p.types[t]
	if y.category == 'A' && y.element != 0 {
		return p.typeName(y.element) + "[]"
	}
	if y.name == "" {
		return "???"
	}
	return y.name
}

// coercible reports whether PostgreSQL casts from one type to another without being told.
func (p *postgres) coercible(from, to pgtypes.OID) bool {
	switch {
	case from == to, from == 0, from == pgtypes.Unknown, to == oidAny, to == oidAnyElement, to == oidAnyCompatible:
		return true
	case to == oidAnyNonArray, to == oidAnyCompNonArray:
		return p.types[from].category != 'A'
	case to == oidAnyArray, to == oidAnyCompArray:
		return p.types[from].category == 'A'
	}
	if x, y := p.elementOf(from), p.elementOf(to); x != 0 && y != 0 && !isVector(to) {
		return p.coercible(x, y)
	}
	return p.casts[[2]pgtypes.OID{from, to}] == castImplicit
}

// TypeExists reports whether PostgreSQL has a type of its own with that OID.
func TypeExists(t pgtypes.OID) bool {
	_, ok := postgresTables().types[t]
	return ok
}
