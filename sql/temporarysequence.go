package sql

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Sequence numbers the rows of a temporary table. It is the session's, which counts on in it whatever becomes of the
// transaction, and is not safe for concurrent use.
type Sequence struct {
	Name                       string
	Type                       pgtypes.OID
	Start, Increment, Min, Max int64
	// Identity is a (always) or d (by default) of an identity column, "" of a serial one.
	Identity string

	last  int64
	taken bool // last is a value that was given
}

// SequenceUse says how many values of a sequence a statement takes.
type SequenceUse struct {
	Sequence *Sequence
	Values   int64 // -1: one for each row
}

// Take counts on by n values.
func (s *Sequence) Take(n int64) {
	if n > 0 {
		s.last, s.taken = s.next()+(n-1)*s.Increment, true
	}
}

// next is the value that comes next.
func (s *Sequence) next() int64 {
	if !s.taken {
		return s.Start
	}
	return s.last + s.Increment
}

// fresh is the same sequence, begun anew.
func (s *Sequence) fresh() *Sequence {
	c := *s
	c.last, c.taken = 0, false
	return &c
}

// end is the last value that there may be, and the words of the error behind it.
func (s *Sequence) end() (last int64, word string) {
	if s.Increment < 0 {
		return s.Min, "minimum"
	}
	return s.Max, "maximum"
}

const sequenceLimit pgerr.Code = "2200H"

func (s *Sequence) exhausted() string {
	last, word := s.end()
	return fmt.Sprintf("nextval: reached %s value of sequence %q (%d)", word, s.Name, last)
}

// left is how many values there are from the next on.
func (s *Sequence) left() int64 {
	last, _ := s.end()
	if s.taken && s.last == last {
		return 0
	}
	return (last-s.next())/s.Increment + 1
}

// serials are the types that are integers with a sequence.
var serials = map[string]pgtypes.OID{
	"serial": pgtypes.Int4, "serial4": pgtypes.Int4, "bigserial": pgtypes.Int8, "serial8": pgtypes.Int8,
	"smallserial": pgtypes.Int2, "serial2": pgtypes.Int2,
}

// newSequence makes the sequence of a column of the table that is being made.
func (t *temporaries) newSequence(c *TemporaryColumn) {
	high := int64(math.MaxInt64)
	switch c.Type.OID {
	case pgtypes.Int2:
		high = math.MaxInt16
	case pgtypes.Int4:
		high = math.MaxInt32
	}
	c.NotNull = true
	c.Sequence = &Sequence{
		Name: freeName(t.Made.Name, c.Name, "seq", t.taken), Type: c.Type.OID, Start: 1, Increment: 1, Min: 1, Max: high,
	}
}

// identity reads GENERATED … AS IDENTITY.
func (t *temporaries) identity(c *pg_query.Constraint, of *TemporaryColumn) error {
	switch {
	case of.Sequence != nil && of.Sequence.Identity != "":
		return t.fail(pgerr.SyntaxError, c.Location, "multiple identity specifications for column %q of table %q", of.Name, t.Made.Name)
	case of.value != nil || of.Sequence != nil:
		return t.fail(pgerr.SyntaxError, c.Location, "both default and identity specified for column %q of table %q", of.Name, t.Made.Name)
	case !isInteger(of.Type.OID):
		return t.fail("22023", -1, "identity column type must be smallint, integer, or bigint")
	}
	t.newSequence(of)
	of.Sequence.Identity = c.GeneratedWhen
	return t.sequenceOptions(c.Options, of.Sequence)
}

// sequenceOptions reads what stands in parentheses behind AS IDENTITY.
func (t *temporaries) sequenceOptions(options []*pg_query.Node, s *Sequence) error {
	started := false
	for _, n := range options {
		o := n.GetDefElem()
		v, err := integerOption(o)
		if err != nil {
			return t.refuse(o.Location, "option %s of a sequence", o.Defname)
		}
		switch o.Defname {
		case "start":
			s.Start, started = v, true
		case "increment":
			s.Increment = v
		case "minvalue":
			s.Min = v
		case "maxvalue":
			s.Max = v
		case "cache":
		default:
			return t.refuse(o.Location, "option %s of a sequence", o.Defname)
		}
	}
	switch {
	case s.Increment == 0:
		return t.fail("22023", -1, "INCREMENT must not be zero")
	case s.Increment < 0:
		return t.refuse(-1, "a sequence that counts down")
	case s.Min >= s.Max:
		return t.fail("22023", -1, "MINVALUE (%d) must be less than MAXVALUE (%d)", s.Min, s.Max)
	}
	if !started {
		s.Start = s.Min
	}
	switch {
	case s.Start < s.Min:
		return t.fail("22023", -1, "START value (%d) cannot be less than MINVALUE (%d)", s.Start, s.Min)
	case s.Start > s.Max:
		return t.fail("22023", -1, "START value (%d) cannot be greater than MAXVALUE (%d)", s.Start, s.Max)
	}
	return nil
}

func integerOption(o *pg_query.DefElem) (int64, error) {
	if f := o.Arg.GetFloat(); f != nil {
		return strconv.ParseInt(f.Fval, 10, 64)
	}
	if i := o.Arg.GetInteger(); i != nil {
		return int64(i.Ival), nil
	}
	return 0, strconv.ErrSyntax
}

// numbered gives each row that is made the next value of a column's sequence, in the order in which they come.
func (t *temporaries) numbered(c *TemporaryColumn) *expr {
	s := c.Sequence
	t.Takes = append(t.Takes, SequenceUse{s, -1})
	row := "row_number() OVER ()"
	value := fmt.Sprintf("CASE WHEN %s > %d THEN error(%s) ELSE %d + (%s - 1) * %d END", row, s.left(),
		quoteText(string(sequenceLimit)+": "+s.exhausted()), s.next(), row, s.Increment)
	return typedNumber(c, value)
}

func typedNumber(c *TemporaryColumn, value string) *expr {
	return computed(c.Type.OID, "CAST("+value+" AS "+duckType(c.Type)+")")
}

// nextNumber is the next value of a column's sequence that the statement takes.
func (t *temporaries) nextNumber(c *TemporaryColumn) (*expr, error) {
	s := c.Sequence
	at := slices.IndexFunc(t.Takes, func(u SequenceUse) bool { return u.Sequence == s })
	if at < 0 {
		at, t.Takes = len(t.Takes), append(t.Takes, SequenceUse{s, 0})
	}
	u := &t.Takes[at]
	if u.Values >= s.left() {
		return nil, pgerr.New(sequenceLimit, "%s", s.exhausted())
	}
	u.Values++
	return typedNumber(c, strconv.FormatInt(s.next()+(u.Values-1)*s.Increment, 10)), nil
}

// overriding checks the values that INSERT gives to identity columns, and gives the columns that get theirs.
func (t *temporaries) overriding(n *pg_query.InsertStmt, into []int, rows *pg_query.SelectStmt) (ignored []int, err error) {
	for i, at := range into {
		c := &t.Table.Temporary.Columns[at]
		if c.Sequence == nil || c.Sequence.Identity == "" {
			continue
		}
		if n.Override == pg_query.OverridingKind_OVERRIDING_USER_VALUE {
			ignored = append(ignored, i)
			continue
		}
		if c.Sequence.Identity != "a" || n.Override == pg_query.OverridingKind_OVERRIDING_SYSTEM_VALUE || onlyDefaults(rows, i) {
			continue
		}
		return nil, t.fail("428C9", -1, "cannot insert a non-DEFAULT value into column %q", c.Name).
			WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name).
			WithHint("Use OVERRIDING SYSTEM VALUE to override.")
	}
	return ignored, nil
}

// onlyDefaults reports whether rows give nothing but DEFAULT for a column, or nothing at all.
func onlyDefaults(rows *pg_query.SelectStmt, i int) bool {
	if rows == nil {
		return true
	}
	if !plainValues(rows) {
		first := leftmost(rows)
		if len(first.ValuesLists) > 0 {
			return len(first.ValuesLists[0].GetList().GetItems()) <= i
		}
		return len(first.TargetList) <= i && !hasStar(first)
	}
	return !slices.ContainsFunc(rows.ValuesLists, func(l *pg_query.Node) bool {
		items := l.GetList().GetItems()
		return i < len(items) && items[i].GetSetToDefault() == nil
	})
}

func hasStar(s *pg_query.SelectStmt) bool {
	return slices.ContainsFunc(s.TargetList, func(n *pg_query.Node) bool {
		c := n.GetResTarget().GetVal().GetColumnRef()
		return c != nil && len(c.Fields) > 0 && c.Fields[len(c.Fields)-1].GetAStar() != nil
	})
}

// settable refuses to set an identity column to a value of the user's.
func (t *temporaries) settable(set []int, list []*pg_query.Node) error {
	for i, at := range set {
		c := &t.Table.Temporary.Columns[at]
		if c.Sequence == nil {
			continue
		}
		if list[i].GetResTarget().Val.GetSetToDefault() != nil {
			return t.refuse(list[i].GetResTarget().Location, "SET of a column with a sequence to DEFAULT")
		}
		if c.Sequence.Identity == "a" {
			return t.fail("428C9", -1, "column %q can only be updated to DEFAULT", c.Name).
				WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", c.Name)
		}
	}
	return nil
}
