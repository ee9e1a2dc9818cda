package gateway

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// badInput is what a client says after it was let in, byte by byte.
type badInput struct {
	name string
	sent []byte
	// ends says that the client says no more, so that what it has begun stays a part.
	ends bool
	// want is what Tidegate answers where it differs from PostgreSQL; nil is the same.
	want []string
}

// zero joins texts, a zero byte behind each.
func zero(texts ...string) string { return strings.Join(texts, "\x00") + "\x00" }

func short(n int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(n))) }
func long(n int) string  { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

// announced is a message that announces another size than it has.
func announced(kind byte, size int, body string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(size)), body...)
}

var syncMessage = typed('S', "")

func badInputs() []badInput {
	sync := func(messages ...[]byte) []byte { return append(join(messages...), syncMessage...) }
	parse := func(text string) []byte { return typed('P', zero("", text)+short(0)) }
	bind := func(values string) []byte { return typed('B', zero("", "")+values) }
	return []badInput{
		{name: "unknown message", sent: typed('?', "")},
		{name: "password nobody asked for", sent: typed('p', zero("secret"))},
		{name: "message of a server", sent: typed('Z', "I")},
		{name: "a zero byte for a message", sent: []byte{0, 0, 0, 0, 4}},
		{name: "length below its own", sent: announced('Q', 3, "")},
		{name: "length 0", sent: announced('S', 0, "")},
		{name: "negative length", sent: announced('Q', -1, "")},
		{name: "most negative length", sent: announced('B', -1<<31, "")},
		{name: "oversized Sync", sent: announced('S', 10_005, "")},
		{name: "oversized Execute", sent: announced('E', 1<<30, "")},
		{name: "more than a gigabyte of Query", sent: announced('Q', 1<<30+1000, ""), want: []string{"ErrorResponse FATAL 08P01 message of 1073742820 bytes is longer than 67108864", "closed"}},
		{name: "truncated head", sent: []byte{'Q', 0, 0}, ends: true},
		{name: "truncated Query", sent: announced('Q', 100, "select"), ends: true},
		{name: "truncated after a whole one", sent: append(sync(), announced('P', 50, "")...), ends: true},

		{name: "Query without an end", sent: typed('Q', "select 1")},
		{name: "Query with two texts", sent: typed('Q', zero("select 1", "select 2"))},
		{name: "empty Query message", sent: typed('Q', "")},
		{name: "Query that is not UTF-8", sent: typed('Q', zero("select '\xff'"))},
		{name: "Query with an overlong character", sent: typed('Q', zero("select '\xc0\x80'"))},
		{name: "Query with a surrogate", sent: typed('Q', zero("select '\xed\xa0\x80'"))},
		{name: "Query with half a character", sent: typed('Q', zero("select '\xe2\x82"))},
		{name: "Sync with a body", sent: typed('S', "x")},
		{name: "Flush with a body", sent: sync(typed('H', "x"))},
		{name: "Terminate with a body", sent: typed('X', "x")},

		{name: "Parse without an end", sent: sync(typed('P', "name"))},
		{name: "Parse without types", sent: sync(typed('P', zero("", "select 1")))},
		{name: "Parse with fewer types than announced", sent: sync(typed('P', zero("", "select 1")+short(2)+long(23)))},
		{name: "Parse with 65,535 types announced", sent: sync(typed('P', zero("", "select 1")+short(65_535)))},
		{name: "Parse with more than its types", sent: sync(typed('P', zero("", "select 1")+short(0)+"x"))},
		{name: "Parse that is not UTF-8", sent: sync(typed('P', zero("", "select '\xf0\x9f\x98'")+short(0)))},
		{name: "Parse with a name that is not UTF-8", sent: sync(typed('P', zero("\xfe", "select 1")+short(0)))},
		{name: "Parse with a type that there is not", sent: sync(typed('P', zero("", "select $1")+short(1)+long(9))), want: []string{
			"ErrorResponse ERROR 42704 type with OID 9 does not exist", "ReadyForQuery I",
			"RowDescription x:25:-1:-1:0", `DataRow "it goes on"`, "CommandComplete SELECT 1", "ReadyForQuery I",
		}},

		{name: "Bind without a statement", sent: sync(bind(short(0) + short(0) + short(0)))},
		{name: "Bind that is empty", sent: sync(parse("select $1::text"), typed('B', ""))},
		{name: "Bind without parameters", sent: sync(parse("select $1::text"), bind(""))},
		{name: "Bind with fewer formats than announced", sent: sync(parse("select $1::text"), bind(short(3)+short(0)))},
		{name: "Bind with a value cut off", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(10)+"abc"))},
		{name: "Bind with a huge value announced", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(1<<31-1)+"abc"))},
		{name: "Bind with a negative length", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(-2)+short(0)))},
		{name: "Bind with the most negative length", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(-1<<31)+short(0)))},
		{name: "Bind without result formats", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(-1)))},
		{name: "Bind with more than it needs", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(-1)+short(0)+"x"))},
		{name: "Bind with too many parameters", sent: sync(parse("select $1::text"), bind(short(0)+short(2)+long(-1)+long(-1)+short(0)))},
		{name: "Bind with other numbers of formats", sent: sync(parse("select $1::text, $2::text"), bind(short(3)+short(0)+short(0)+short(0)+short(2)+long(-1)+long(-1)+short(0)))},
		{name: "Bind with a format that there is not", sent: sync(parse("select $1::text"), bind(short(1)+short(7)+short(1)+long(1)+"x"+short(0)))},
		{name: "Bind with a text that is not UTF-8", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(2)+"a\xff"+short(0)))},
		{name: "Bind with a zero byte in a text", sent: sync(parse("select $1::text"), bind(short(0)+short(1)+long(2)+"a\x00"+short(0)))},
		{name: "Bind with a binary text that is not UTF-8", sent: sync(parse("select $1::text"), bind(short(1)+short(1)+short(1)+long(2)+"a\xff"+short(0)))},
		{name: "Bind with an int of three bytes", sent: sync(parse("select $1::int4"), bind(short(1)+short(1)+short(1)+long(3)+"\x00\x00\x07"+short(0)))},
		{name: "Bind with an int of five bytes", sent: sync(parse("select $1::int4"), bind(short(1)+short(1)+short(1)+long(5)+"\x00\x00\x00\x00\x07"+short(0)))},
		{name: "Bind with a parameter of no bytes", sent: sync(parse("select $1::int4"), bind(short(1)+short(1)+short(1)+long(0)+short(0)))},
		{name: "Bind of 65,535 parameters to none", sent: sync(parse("select 1"), bind(short(0)+short(65_535)+strings.Repeat(long(-1), 65_535)+short(0)))},

		{name: "Execute without a portal", sent: sync(typed('E', zero("")+long(0)))},
		{name: "Execute without rows", sent: sync(typed('E', zero("")))},
		{name: "Execute of a negative number", sent: sync(parse("values (1), (2)"), bind(short(0)+short(0)+short(0)), typed('E', zero("")+long(-5)))},
		{name: "Describe of neither", sent: sync(typed('D', "X"+zero("")))},
		{name: "Describe of nothing", sent: sync(typed('D', ""))},
		{name: "Describe without an end", sent: sync(typed('D', "Sname"))},
		{name: "Close of neither", sent: sync(typed('C', "X"+zero("")))},
		{name: "Close without an end", sent: sync(typed('C', "P"))},
		{name: "copy data without COPY", sent: sync(typed('d', "x"), typed('c', ""), typed('f', zero("no")))},
		{name: "all out of order", sent: sync(typed('E', zero("p")+long(0)), bind(short(0)+short(0)+short(0)), typed('D', "P"+zero("p")), parse("select 1"))},
		{name: "a Query before Sync is skipped", sent: sync(parse("select nope"), typed('Q', zero("select 1")))},
		{name: "Terminate before Sync is not", sent: join(parse("select nope"), typed('X', ""))},
	}
}

// statefulInputs are wrong things in the middle of something: of a block, of a failed one, of a portal that is not read to
// its end, of a COPY.
func statefulInputs() []badInput {
	query := func(text string) []byte { return typed('Q', zero(text)) }
	parse := func(name, text string) []byte { return typed('P', zero(name, text)+short(0)) }
	bind := func(portal, name string) []byte { return typed('B', zero(portal, name)+short(0)+short(0)+short(0)) }
	execute := func(portal string, rows int) []byte { return typed('E', zero(portal)+long(rows)) }
	states := []struct {
		name   string
		before []byte
	}{
		{"in a block", query("begin")},
		{"in a failed block", query("begin; select nope")},
		{"behind a suspended portal", join(query("begin"), parse("", "values (1), (2), (3)"), bind("p", ""), execute("p", 1))},
		{"behind a suspended unnamed portal", join(parse("", "values (1), (2), (3)"), bind("", ""), execute("", 1))},
		{"behind an error of the pipeline", parse("", "select nope")},
		{"behind a COPY", query("copy (values (1)) to stdout")},
	}
	wrong := []struct {
		name string
		sent []byte
	}{
		{"Query without an end", typed('Q', "select 1")},
		{"Query that is not UTF-8", query("select '\xff'")},
		{"empty Query", query("")},
		{"Parse without types", typed('P', zero("", "select 1"))},
		{"Bind cut off", typed('B', zero("x", ""))},
		{"Bind to none", bind("x", "none")},
		{"Bind of a name that is taken", bind("p", "")},
		{"Execute of none", execute("none", 0)},
		{"Execute without rows", typed('E', zero(""))},
		{"Execute again", execute("", 0)},
		{"Describe of neither", typed('D', "X"+zero(""))},
		{"Describe of none", typed('D', "P"+zero("none"))},
		{"Close of none", typed('C', "P"+zero("none"))},
		{"Close without an end", typed('C', "Pp")},
		{"function call", typed('F', long(1)+short(0)+short(0)+short(0))},
		{"copy messages", join(typed('d', "x"), typed('f', zero("no")), typed('c', ""))},
		{"copy failure without an end", typed('f', "no")},
		{"password", typed('p', zero("secret"))},
		{"unknown message", typed('?', "")},
		{"Flush with a body", typed('H', "x")},
		{"Sync with a body", typed('S', "x")},
		{"length below its own", announced('B', 3, "")},
		{"negative length", announced('E', -5, "")},
	}
	var all []badInput
	for _, state := range states {
		for _, w := range wrong {
			all = append(all, badInput{name: w.name + " " + state.name, sent: join(state.before, w.sent, syncMessage)})
		}
	}
	return all
}

// postgresOfAnn starts a PostgreSQL 15 with the role and the database of the dialogues.
func postgresOfAnn(t *testing.T) *testkit.Cluster {
	t.Helper()
	cluster := testkit.Postgres(t)
	postgres := cluster.Connect(t)
	for _, text := range []string{"create role ann login", "create database tidegate"} {
		if _, err := postgres.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	return cluster
}

// TestBadInputInEveryState says wrong things to Tidegate and to PostgreSQL 15 while something is under way, up to an answer
// that is sure to come: both must answer alike.
func TestBadInputInEveryState(t *testing.T) {
	t.Parallel()
	cluster := postgresOfAnn(t)
	d := serve(t, nil)
	for _, c := range statefulInputs() {
		talk := func(x *dialogue) {
			x.send(hello("ann"))
			x.listen()
			x.said = nil
			x.send(c.sent, typed('Q', zero("rollback")), typed('Q', zero("select 'the end' as x")))
			for !slices.Contains(x.said, "closed") && !slices.Contains(x.said, `DataRow "the end"`) {
				x.listen()
			}
		}
		want := (&dialogue{t: t}).run("unix", cluster.Dir+"/.s.PGSQL.5432", talk)
		for i := range want { // which is no function of ours
			want[i] = strings.Replace(want[i], "42883 function with OID 1 does not exist", "0A000 function call messages are not supported", 1)
		}
		if diff := cmp.Diff(want, (&dialogue{t: t}).run("tcp", d.addr, talk)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestBadInput says the same wrong things to Tidegate and to PostgreSQL 15. Both must answer alike, and a session beside
// goes on.
func TestBadInput(t *testing.T) {
	t.Parallel()
	cluster := postgresOfAnn(t)
	d := serve(t, nil)
	beside := d.connect(t)
	for _, c := range badInputs() {
		talk := func(x *dialogue) {
			x.send(hello("ann"))
			x.listen()
			x.said = nil
			x.send(c.sent)
			if c.ends {
				if err := x.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			x.listen()
			if x.said[len(x.said)-1] != "closed" && !c.ends {
				x.send(typed('Q', zero("select 'it goes on' as x")))
				x.listen()
			}
		}
		want := (&dialogue{t: t}).run("unix", cluster.Dir+"/.s.PGSQL.5432", talk)
		if c.want != nil {
			want = c.want
		}
		if diff := cmp.Diff(want, (&dialogue{t: t}).run("tcp", d.addr, talk)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, err := beside.Exec(t.Context(), "select 1").ReadAll(); err != nil {
		t.Errorf("a session beside: %v", err)
	}
}

// TestAnnouncedBytes shows that a message costs what comes of it, not what it announces.
func TestAnnouncedBytes(t *testing.T) {
	t.Parallel()
	in := newInbox(bytes.NewReader(announced('Q', 64<<20, strings.Repeat("x", 1000))), 64<<20)
	if _, _, err := in.next(); err == nil {
		t.Error("a message of which 1,000 bytes came was whole")
	}
	if held := in.body.Cap(); held > 16<<10 {
		t.Errorf("1,000 bytes of a message hold %d", held)
	}
}

// TestManyParameters binds as many parameters as a message can have, and asks for more.
func TestManyParameters(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	d := serve(t, nil)
	say := func(network, addr, user, database string) []string {
		c, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		x := &dialogue{t: t, conn: c}
		x.send(packet(v30, startupBody("user", user, "database", database)))
		x.listen()
		x.said = nil
		for _, n := range []int{1_000, 70_000} {
			list := make([]string, n)
			for i := range list {
				list[i] = fmt.Sprintf("$%d::int4", i+1)
			}
			text := "select 7 in (" + strings.Join(list, ", ") + ") as x"
			x.send(typed('P', zero("", text)+short(0)), typed('B', zero("", "")+short(0)+short(n)+strings.Repeat(long(1)+"7", n%65_536)+short(0)),
				typed('E', zero("")+long(0)), syncMessage)
			x.listen()
		}
		return x.said
	}
	want := say("unix", cluster.Dir+"/.s.PGSQL.5432", "postgres", "postgres")
	if diff := cmp.Diff(want, say("tcp", d.addr, "ann", "tidegate")); diff != "" {
		t.Error(diff)
	}
}
