package e2e

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// copyIn runs a COPY … FROM STDIN in both sessions. Every part is a CopyData; what does not end in CopyDone or CopyFail
// is left to the last messages.
func (w *twins) copyIn(text string, last []pgproto3.FrontendMessage, parts ...string) {
	w.t.Helper()
	run := func(c *wireClient) []string {
		got := c.query(text)
		if !strings.HasPrefix(got[len(got)-1], "copy in") {
			return got
		}
		for _, p := range parts {
			c.f.Send(&pgproto3.CopyData{Data: []byte(p)})
		}
		return append(got, c.send(last...)...)
	}
	w.compare(text, run(w.plain), run(w.gateway))
}

func done() []pgproto3.FrontendMessage { return []pgproto3.FrontendMessage{&pgproto3.CopyDone{}} }

// TestCopyFromAsPostgreSQL sends rows into hot-only tables, in every format and with everything that can go wrong.
func TestCopyFromAsPostgreSQL(t *testing.T) { //nolint:tparallel // the parts share their databases
	t.Parallel()
	l := newWriteLab(t, writerConfig)
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	w.script(`
		create table t (id int primary key, name varchar(10), at timestamptz, "Big" numeric(6,2) check ("Big" > -5))
		create table few (a int, b text default 'x')
		create view seen as select a from few
	`)
	const header = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	fail := func(message string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.CopyFail{Message: message}}
	}
	for _, c := range []struct {
		text  string
		last  []pgproto3.FrontendMessage
		parts []string
	}{
		{"copy t from stdin", done(), []string{"1\ta\t2018-02-15 12:00+00\t1.5\n2\t\\N\t\\N\t\\N\n"}},
		{"copy t (id, name) from stdin csv header", done(), []string{"id,name\n3,\"a,", "b\"\n4,\n"}},
		{"copy t (id, name) from stdin with (format csv, delimiter ';', null 'none', quote '''', escape '!', force_not_null (name))", done(), []string{"5;none\n6;'x!'y'\n"}},
		{"copy few from stdin (format binary)", done(), []string{header, "\x00\x02\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01q\xff\xff"}},
		{"copy binary few (a) from stdin", done(), []string{header + "\x00\x01\x00\x00\x00\x04\x00\x00\x00\x08\xff\xff"}},
		{"copy few (b) from stdin", done(), []string{"a\\tb\\nc\\\\\n\\.\n"}},
		{"copy few from stdin where a > 2 and b like 'y%'", done(), []string{"1\ty\n3\tyes\n4\tno\n"}},
		{"copy few from stdin", done(), nil},
		{"copy few from stdin", fail("changed my mind"), []string{"10\tten\n"}},
		{"copy few from stdin", fail(""), nil},
		{"copy few from stdin", done(), []string{"10\tten\n", "eleven\tx\n", "12\tz\n"}},
		{"copy few from stdin", done(), []string{"10\n"}},
		{"copy few from stdin", done(), []string{"10\ta\tb\n"}},
		{"copy few from stdin", done(), []string{"10\t\xff\n"}},
		{"copy few from stdin (format binary)", done(), []string{"no header at all, but long enough"}},
		{"copy few from stdin (format csv)", done(), []string{"1,\"open"}},
		{"copy few from stdin (encoding 'latin1')", done(), []string{"20\t\xe9\n"}},
		{"copy few from stdin (header match)", done(), []string{"a\tb\n21\tm\n"}},
		{"copy few from stdin (header match)", done(), []string{"a\tc\n21\tm\n"}},
		{"copy t (id) from stdin", done(), []string{"1\n"}},
		{"copy t (name) from stdin", done(), []string{"x\n"}},
		{"copy t (id, name) from stdin", done(), []string{"30\tlonger than ten\n"}},
		{`copy t (id, "Big") from stdin`, done(), []string{"31\t-7\n"}},
		{"copy t (id, at) from stdin", done(), []string{"32\tyesteryear\n"}},
		{"copy t (id, nope) from stdin", done(), nil},
		{"copy t (id, id) from stdin", done(), nil},
		{"copy nope from stdin", done(), nil},
		{"copy few from stdin (format 'x y')", done(), nil},
		{"copy few from stdin (nope)", done(), nil},
		{"copy few from stdin (format csv, quote 'ab')", done(), nil},
		{"copy few from stdin (force_quote (a))", done(), nil},
		{"copy few from stdin; select count(*) from few; copy few (a) from stdin", done(), []string{"40\tf\n"}},
	} {
		w.copyIn(c.text, c.last, c.parts...)
	}
	// The second COPY of the last text still waits.
	w.sameMessages("the second one", &pgproto3.CopyData{Data: []byte("41\n")}, &pgproto3.CopyDone{})
	w.script("select * from t order by id\nselect * from few order by a, b")
	t.Run("transactions", func(t *testing.T) { checkCopyTransactions(t, l) })
	t.Run("extended", func(t *testing.T) { checkCopyExtended(t, l) })
	t.Run("cancelled", func(t *testing.T) { checkCopyCancelled(t, l) })
	t.Run("desynchronized", func(t *testing.T) {
		w := &twins{t, l.connect(t, "demo"), l.plain(t)}
		w.copyIn("copy few from stdin", []pgproto3.FrontendMessage{&pgproto3.Query{String: "select 1"}}, "50\tx\n")
		w.gateway.conn.Close()
		l.until(t, "select count(*) from few where a = 50", "0")
	})
	t.Run("wrong messages", func(t *testing.T) { checkCopyWrongMessages(t, l) })
	t.Run("refused", func(t *testing.T) { checkCopyRefused(t, l) })
}

// copyInBlock copies in a block that has begun, and commits it.
func copyInBlock(w *twins) {
	w.copyIn("copy few from stdin", done(), "60\ta\n61\tb\n")
	w.same("select count(*) from few where a >= 60")
	w.same("savepoint s")
	w.copyIn("copy few from stdin", done(), "62\tc\nsixty\td\n")
	w.same("select 1")
	w.same("rollback to s")
	w.copyIn("copy few from stdin", done(), "63\te\n")
	w.same("commit")
	w.same("select a, b from few where a >= 60 order by a")
}

func checkCopyTransactions(t *testing.T, l *writeLab) {
	t.Helper()
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	w.same("begin")
	copyInBlock(w)
	w.same("begin read only")
	w.copyIn("copy few from stdin", done())
	w.same("rollback")
	w.same("begin; truncate few")
	w.copyIn("copy few from stdin (freeze)", done(), "1\ta\n")
	w.same("rollback")
	w.same("set datestyle = 'german'; create table days (d date)")
	w.copyIn("copy days from stdin", done(), "15.02.2018\n")
	w.same("select * from days; drop table days")
}

// checkCopyExtended runs COPY through Parse, Bind and Execute, with the Sync that clients send before they know that it is
// one.
func checkCopyExtended(t *testing.T, l *writeLab) {
	t.Helper()
	checkCopyMessages(t, &twins{t, l.connect(t, "demo"), l.plain(t)})
}

func checkCopyMessages(t *testing.T, w *twins) {
	t.Helper()
	run := func(what, rows string, last ...pgproto3.FrontendMessage) {
		t.Helper()
		both := func(c *wireClient) []string {
			got := c.send(&pgproto3.Parse{Query: "copy few from stdin"}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'},
				&pgproto3.Execute{}, &pgproto3.Sync{})
			c.f.Send(&pgproto3.CopyData{Data: []byte(rows)})
			return append(got, c.send(append(last, &pgproto3.Sync{})...)...)
		}
		w.compare(what, both(w.plain), both(w.gateway))
	}
	run("rows", "70\ta\n", &pgproto3.CopyDone{})
	run("a bad row", "seventy\ta\n", &pgproto3.CopyDone{})
	run("given up", "71\ta\n", &pgproto3.CopyFail{Message: "no"})
	run("flushed", "72\ta\n", &pgproto3.Flush{}, &pgproto3.CopyDone{})
	w.same("select a from few where a >= 70 order by a")
}

// checkCopyCancelled ends a COPY whose client says nothing, and one that waits for a lock.
func checkCopyCancelled(t *testing.T, l *writeLab) {
	t.Helper()
	c := l.connect(t, "demo")
	canceled := []string{"ERROR 57014 canceling statement due to user request", "ready I"}
	c.expect("copy few from stdin", "copy in")
	l.cancel(t, c)
	c.compare("a silent client", c.read(), canceled)
	c.expect("select 1", "columns", "row 1", "tag SELECT 1", "ready I")

	other := dialWire(t, "unix", l.pg.Dir+"/.s.PGSQL.5432", "postgres", "postgres")
	other.expect("begin; lock table few", "tag BEGIN", "tag LOCK TABLE", "ready T")
	go func() {
		time.Sleep(100 * time.Millisecond)
		l.cancel(t, c)
	}()
	c.expect("copy few from stdin", canceled...)
	other.expect("rollback", "tag ROLLBACK", "ready I")

	c.expect("set statement_timeout = 200", "tag SET", "ready I")
	c.expect("copy few from stdin", "copy in")
	c.compare("a slow client", c.read(), []string{"ERROR 57014 canceling statement due to statement timeout", "ready I"})
	l.until(t, "select count(*) from pg_stat_activity where query ilike '%copy%few%' and state = 'active' and pid <> pg_backend_pid()", "0")
}

// checkCopyRefused copies where nobody may.
func checkCopyRefused(t *testing.T, l *writeLab) {
	t.Helper()
	l.connect(t, "demo").expect("copy tidegate.tables from stdin", "ERROR 0A000 COPY: it names the system relation", "ready I")
	// PostgreSQL asks for rows before it says so.
	l.connect(t, "demo").expect("copy seen from stdin", `ERROR 42809 cannot copy to view "seen"`, "ready I")
	l.connect(t, "somebody").expect("copy few from stdin", "ERROR 42501 permission denied for COPY: user somebody may read only", "ready I")
}

// message is one as it is on the wire: its kind, a length, its body. size is what it says instead of its own length, if not 0.
func message(kind byte, size int, body string) []byte {
	if size == 0 {
		size = 4 + len(body)
	}
	return append([]byte{kind, byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)}, body...)
}

// checkCopyWrongMessages says wrong things in a COPY, or as if there was one. Of rows that
// were cut off none may stay.
func checkCopyWrongMessages(t *testing.T, l *writeLab) {
	t.Helper()
	row, done := message('d', 0, "90\tx\n"), message('c', 0, "")
	sync, query := message('S', 0, ""), message('Q', 0, "select 1\x00")
	for _, c := range []struct {
		name string
		sent [][]byte
	}{
		{"done twice", [][]byte{message('d', 0, "90\tx\nno number\n"), done, done}},
		{"rows behind the end", [][]byte{message('d', 0, "no number\n"), done, row, message('f', 0, "no\x00")}},
		{"failure behind failure", [][]byte{row, message('f', 0, "first\x00"), message('f', 0, "second\x00"), row}},
		{"Sync and Flush between rows", [][]byte{row, sync, message('H', 0, ""), message('d', 0, "no number\n"), done}},
		{"failure without an end", [][]byte{row, message('f', 0, "no end")}},
		{"failure with two texts", [][]byte{row, message('f', 0, "one\x00two\x00")}},
		{"failure that is not UTF-8", [][]byte{row, message('f', 0, "\xff\x00")}},
		{"done with a body", [][]byte{row, message('c', 0, "x"), query}},
		{"Parse between rows", [][]byte{row, message('P', 0, "\x00select 1\x00\x00\x00")}},
		{"Terminate between rows", [][]byte{row, message('X', 0, "")}},
		{"a message of a server", [][]byte{row, message('Z', 0, "I")}},
		{"an unknown message", [][]byte{row, message('?', 0, "")}},
		{"a length below its own", [][]byte{row, message('d', 3, "")}},
		{"a negative length", [][]byte{row, message('d', -1, "")}},
		{"an oversized end", [][]byte{row, message('c', 20_000, "")}},
		{"cut off in a row", [][]byte{row, message('d', 1000, "91\ty\n")}},
		{"cut off in a long row", [][]byte{row, message('d', 100_000, strings.Repeat("91\ty\n", 2000))}},
		{"cut off in a head", [][]byte{row, {'d', 0}}},
		{"cut off between rows", [][]byte{row}},
		{"cut off before rows", nil},
	} {
		run := func(x *wireClient) []string {
			got := x.query("copy few from stdin")
			sent, cutOff := slices.Clone(c.sent), strings.HasPrefix(c.name, "cut off")
			if !cutOff {
				sent = append(sent, query)
			}
			if _, err := x.conn.Write(bytes.Join(sent, nil)); err != nil {
				t.Fatal(err)
			}
			if cutOff {
				if err := x.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			for len(got) < 20 && !strings.HasPrefix(got[len(got)-1], "lost") && !slices.Contains(got, "row 1") {
				got = append(got, x.read()...)
			}
			return got
		}
		w := &twins{t, l.connect(t, "demo"), l.plain(t)}
		w.compare(c.name, run(w.plain), run(w.gateway))
	}
	// PostgreSQL looks at no body of CopyDone: that row is there, in both.
	l.until(t, "select count(*) from few where a in (90, 91)", "1")
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	w.same("select count(*) from few where a in (90, 91)")
}
