package sql

import (
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tidegate/internal/pgerr"
)

// respelledCall is the form of a call that was respelled, which the grammar gives to none: its name has in front what
// the call is more than its name says.
const respelledCall = pg_query.CoercionForm_COERCE_IMPLICIT_CAST

// What may stand in front of the name of a respelled call.
const (
	callQualify     = "qualify"
	callApproximate = "approximate"
	callIgnoreNulls = "ignore nulls"
	callDistinct    = "distinct"
	callExtract     = "extract"   // EXTRACT(part FROM x), whose column is date_part
	callDatePart    = "date_part" // DATE_PART(part, x), whose column is pgdate_part
	callDecode      = "decode"    // DECODE, whose column is case
)

// respelledAs tells what a call is more than its name says, "" if it was written as it stands.
func respelledAs(f *pg_query.FuncCall) string {
	if f == nil || f.Funcformat != respelledCall {
		return ""
	}
	return f.Funcname[0].GetString_().GetSval()
}

// settle gives the tree the places of the user's text, and its marked calls their meaning.
func (r *respelling) settle(tree *pg_query.Node) error {
	if len(r.edits) > 0 {
		r.relocate(tree.ProtoReflect())
	}
	var failed error
	if len(r.marks) > 0 {
		walk(tree, func(n *pg_query.Node) {
			if err := r.node(n); err != nil && failed == nil {
				failed = err
			}
		})
	}
	return failed
}

func (r *respelling) relocate(m protoreflect.Message) {
	m.Range(func(d protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case d.Kind() == protoreflect.Int32Kind && !d.IsList() && strings.HasSuffix(string(d.Name()), "location"):
			if at := v.Int(); at > 0 {
				m.Set(d, protoreflect.ValueOfInt32(int32(r.origin(int(at)))))
			}
		case d.Kind() != protoreflect.MessageKind:
		case d.IsList():
			for i := range v.List().Len() {
				r.relocate(v.List().Get(i).Message())
			}
		default:
			r.relocate(v.Message())
		}
		return true
	})
}

func (r *respelling) node(n *pg_query.Node) error {
	if s := n.GetSelectStmt(); s != nil {
		return r.limit(s)
	}
	f := n.GetFuncCall()
	if f == nil {
		return nil
	}
	switch r.marks[int(f.Location)] {
	case markQualify:
		if operatorName(f.Funcname) == qualifyName {
			f.Funcname = names(callQualify)
			f.Funcformat = respelledCall
		}
	case markApproximate:
		f.Funcname, f.Funcformat = names(callApproximate, operatorName(f.Funcname)), respelledCall
	case markIgnoreNulls:
		f.Funcname, f.Funcformat = names(callIgnoreNulls, operatorName(f.Funcname)), respelledCall
	case markDistinct:
		f.Funcname, f.Funcformat = names(callDistinct, operatorName(f.Funcname)), respelledCall
	case markNamed:
		if name := redshiftColumns[operatorName(f.Funcname)]; name != "" {
			f.Funcname, f.Funcformat = names(operatorName(f.Funcname), name), respelledCall
		}
	case markConvert:
		if len(f.Args) == 2 && f.Args[0].GetTypeCast() != nil {
			n.Node = &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{
				Arg: f.Args[1], TypeName: f.Args[0].GetTypeCast().TypeName, Location: f.Location,
			}}
		}
	default:
	}
	return nil
}

// redshiftColumns are the names of output columns that are not those of their functions.
var redshiftColumns = map[string]string{callExtract: "date_part", callDatePart: "pgdate_part", callDecode: "case"}

func names(parts ...string) []*pg_query.Node {
	var list []*pg_query.Node
	for _, p := range parts {
		list = append(list, pg_query.MakeStrNode(p))
	}
	return list
}

// limit makes LIMIT of a first target that was TOP, on both sides of a set operation: these are no nodes of their own.
func (r *respelling) limit(s *pg_query.SelectStmt) error {
	if s.GetLarg() != nil {
		if err := r.limit(s.Larg); err != nil {
			return err
		}
		return r.limit(s.Rarg)
	}
	if len(s.GetTargetList()) == 0 {
		return nil
	}
	f := s.TargetList[0].GetResTarget().GetVal().GetFuncCall()
	if f == nil || r.marks[int(f.Location)] != markTop || operatorName(f.Funcname) != topName {
		return nil
	}
	if s.LimitCount != nil {
		return pgerr.New(pgerr.SyntaxError, "TOP and LIMIT stand in one SELECT")
	}
	s.TargetList = s.TargetList[1:]
	s.LimitCount, s.LimitOption = f.Args[0], pg_query.LimitOption_LIMIT_OPTION_COUNT
	return nil
}

// explain gives a parser's error of the respelled text the place and the word of the user's.
func (r *respelling) explain(text string, err error) error {
	p, ok := asError(err)
	if !ok || p.Position <= 0 || len(r.edits) == 0 {
		return err
	}
	at := r.origin(byteOffset(r.text, p.Position-1))
	const near = ` at or near "`
	if before, said, found := strings.Cut(p.Message, near); found {
		said = strings.TrimSuffix(said, `"`)
		if !strings.HasPrefix(text[at:], said) {
			p.Message = before + near + firstWord(text[at:]) + `"`
		}
	}
	p.Position = utf8.RuneCountInString(text[:at]) + 1
	return p
}

// byteOffset gives the place behind n characters of a text.
func byteOffset(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// firstWord is the name at the beginning of a text, else its first character.
func firstWord(text string) string {
	end := 0
	for end < len(text) && (isLetter(text[end]) || isDigit(text[end])) {
		end++
	}
	if end == 0 {
		_, end = utf8.DecodeRuneInString(text)
	}
	return text[:end]
}
