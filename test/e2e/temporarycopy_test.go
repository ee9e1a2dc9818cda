package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// copied is one COPY … FROM STDIN: its text, what the client sends, and how it ends.
type copied struct {
	text  string
	last  []pgproto3.FrontendMessage // nil: CopyDone
	parts []string
}

func rows(text string, parts ...string) copied { return copied{text, done(), parts} }

// binaryHeader begins the rows of COPY in binary.
const binaryHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// TestCopyIntoTemporaryTables sends rows into temporary tables of the gateway's own, and into PostgreSQL's.
func TestCopyIntoTemporaryTables(t *testing.T) { //nolint:tparallel // the parts share the servers
	t.Parallel()
	both := temporaryTwins(t)
	for name, cases := range map[string][]copied{
		"text": copiesOfText(), "csv": copiesOfCSV(), "binary": copiesOfBinary(), "rows": copiesOfBadRows(), "options": copiesOfOptions(),
	} {
		t.Run(name, func(t *testing.T) {
			w := both(t)
			w.script(`
				create temp table few (a int, b text default 'x')
				create temp table t (id int primary key, name varchar(10), at timestamptz, "Big" numeric(6,2) check ("Big" > -5))
				create temp table n (a int not null, b int check (b > 0), c text)
				create temp table all_types (b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, d date, ts timestamp, tm time, iv interval, u uuid, by bytea, j json, c char(3), ia int[])
			`)
			for _, c := range cases {
				w.copyIn(c.text, c.last, c.parts...)
			}
			w.script("select * from few order by a, b; select * from t order by id; select * from n order by a; select * from all_types order by i2")
		})
	}
	t.Run("encodings", func(t *testing.T) { checkTemporaryCopyEncodings(t, both(t)) })
	t.Run("transactions", func(t *testing.T) { checkTemporaryCopyTransactions(t, both(t)) })
	t.Run("extended", func(t *testing.T) {
		w := both(t)
		w.same("create temp table few (a int, b text default 'x')")
		checkCopyMessages(t, w)
	})
}

func copiesOfText() []copied {
	fail := func(message string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.CopyFail{Message: message}}
	}
	return []copied{
		rows("copy t from stdin", "1\ta\t2018-02-15 12:00+00\t1.5\n2\t\\N\t\\N\t\\N\n"),
		rows("copy few (b) from stdin", "a\\tb\\nc\\\\\n\\.\nnot read"),
		rows("copy few from stdin", "1\t\\101\\x42\\x4G\\b\\f\\r\\v\\q\\8\\018\n", "2\t", "split\n3", "\tlast"),
		rows("copy few from stdin", "4\tcr\r\n5\tlf\r\n"),
		rows("copy few from stdin", "6\tcr\r7\tonly\r"),
		rows("copy few from stdin", "6\tcr\n7\ton\rly\n"),
		rows("copy few from stdin", "6\tcr\r\n7\ton\nly\r\n"),
		rows("copy few from stdin", "6\tcr\r7\ton\nly\r"),
		rows("copy few from stdin", "6\tcr\r\n7\ton\rly\r\n"),
		rows("copy few from stdin", "6\tx\n\\.x\n"),
		rows("copy few from stdin", "6\tx\r\n\\.\n"),
		rows("copy few from stdin", "7\tx\r\n\\.\r\n"),
		rows("copy few from stdin", "8\tbehind\\.\n"),
		rows("copy few from stdin", "9\tback\\\nslash\n"),
		rows("copy few from stdin", "9\tback\\"),
		rows("copy few from stdin", ""),
		rows("copy few from stdin"),
		rows("copy few from stdin", "\n"),
		rows("copy few (b) from stdin", "\n"),
		{"copy few from stdin", fail("changed my mind"), []string{"10\tten\n"}},
		{"copy few from stdin", fail(""), nil},
		rows("copy few from stdin", "10\tten\n", "eleven\tx\n", "12\tz\n"),
		rows("copy few from stdin", "10\n"),
		rows("copy few from stdin", "10\ta\tb\n"),
		rows("copy few from stdin", "10\ta\n10\t\xff\n"),
		rows("copy few from stdin", "10\t\\xff\n"),
		rows("copy few from stdin", "10\t\\000\n"),
		rows("copy few from stdin with delimiter '|' null ''", "11|\n|x\n"),
		rows("copy few from stdin with delimiter '|' null 'nil'", "nil|nil\n12|\\nil\n"),
		rows("copy all_types from stdin", "t\t1\t-9223372036854775808\t1.5\tNaN\t1e3\t2018-02-15\tinfinity\t12:00:01.5\t1 day 2 hours\ta0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\t\\\\x01ff\t{\"a\": 1}\tab\t{1,2}\n"),
		rows("copy few from stdin; select count(*) from few; select 1", "40\tf\n"),
		rows("copy nope from stdin"),
	}
}

func copiesOfCSV() []copied {
	return []copied{
		rows("copy t (id, name) from stdin csv header", "id,name\n3,\"a,", "b\"\n4,\n"),
		rows("copy t (id, name) from stdin with (format csv, delimiter ';', null 'none', quote '''', escape '!', force_not_null (name))", "5;none\n6;'x!'y'\n"),
		rows("copy few from stdin csv", "1,\"two\nlines\"\n2,\"say \"\"hi\"\"\"\n3,pre\"quo,ted\"post\n4,\"\"\n5,\n"),
		rows("copy few from stdin csv", "6,\\.\n\\.\n7,after\n"),
		rows("copy few from stdin (format csv, null 'n', force_null (b))", "8,\"n\"\n9,n\n"),
		rows("copy few from stdin (format csv, null 'n')", "10,\"n\"\n11,n\n"),
		rows("copy few from stdin csv", "12,\"a\r\nb\"\r\n13,c\r\n"),
		rows("copy few from stdin csv", "12,a\n13,c\rd\n"),
		rows("copy few from stdin csv", "12,a\r\n13,c\nd\r\n"),
		rows("copy few from stdin csv", "12,\"a\nb\nc\"\nx,1\n"),
		rows("copy few from stdin (format csv)", "1,\"open"),
		rows("copy few from stdin (format csv, escape '\\')", "14,\"a\\\"b\\\\c\\d\"\n"),
		rows("copy few from stdin (format csv)", "15\n"),
		rows("copy few from stdin (format csv)", "15,a,b\n"),
		rows("copy few from stdin (format csv)", "\\.\n15,a,b\n"),
		rows("copy few from stdin (format csv, header match)", "a,b\n21,m\n"),
		rows("copy few from stdin (format csv, header match)", "a,\n21,m\n"),
		rows("copy few from stdin (format csv, header match)", "a\n21,m\n"),
		rows("copy few from stdin (header match)", "a\tb\n21\tm\n"),
		rows("copy few from stdin (header match)", "a\tc\n21\tm\n"),
		rows("copy few from stdin (header)", "anything"),
		rows("copy few from stdin (format csv)", "16,é\n17,"+strings.Repeat("é", 80)+"\nx"+strings.Repeat("é", 80)+",1\n"),
	}
}

func copiesOfBinary() []copied {
	return []copied{
		rows("copy few from stdin (format binary)", binaryHeader, "\x00\x02\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01q\xff\xff"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x04\x00\x00\x00\x08\xff\xff"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x04\x00\x00\x00\x09"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\xff\xff\xff\xff\xff\xff"),
		rows("copy few from stdin (format binary)", "no header at all, but long enough"),
		rows("copy few from stdin (format binary)", "PGCOPY\n\xff\r\n\x00"),
		rows("copy few from stdin (format binary)", "PGCOPY\n\xff\r\n\x00\x00\x01\x00\x00"),
		rows("copy few from stdin (format binary)", "PGCOPY\n\xff\r\n\x00\x00\x02\x00\x00"),
		rows("copy few from stdin (format binary)", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\xff\xff\xff\xff"),
		rows("copy few from stdin (format binary)", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x09abc"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x02\x00\x00\x00\x04\x00\x00\x00\x08\xff\xff"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x04\x00\x00\x00\x08\x00\x01\x00\x00\x00\x04\x00"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x04\x00\x00\x00\x08\x00\x01\x00"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x02\x00\x08\xff\xff"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\x00\x00\x00\x05\x00\x08\x00\x00\x00\xff\xff"),
		rows("copy binary few (a) from stdin", binaryHeader+"\x00\x01\xff\xff\xff\x00"),
		rows("copy binary few (a) from stdin", binaryHeader+"\xff\xffx"),
		rows("copy binary t (id, name) from stdin", binaryHeader+"\x00\x02\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00\x0blonger than\xff\xff"),
		rows("copy binary n from stdin", binaryHeader+"\x00\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
	}
}

func copiesOfBadRows() []copied {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i+1)
		}
		return b.String()
	}
	return []copied{
		rows("copy t (id) from stdin", "1\n"),
		rows("copy t (id) from stdin", "2\n1\n3\n"),
		rows("copy t (id) from stdin", "7\n8\n7\n"),
		rows("copy t (id) from stdin", "7\n7\nx\n"),
		rows("copy t (id) from stdin", many(1500, "%d\n")),
		rows("copy t (id) from stdin", many(2, "1%02d0000\n")+"1020000\n"+many(1500, "2%d\n")+"x\n"),
		rows("copy t (name) from stdin", "x\n"),
		rows("copy t (id, name) from stdin", "30\tlonger than ten\n"),
		rows(`copy t (id, "Big") from stdin`, "31\t-7\n"),
		rows(`copy t (id, "Big") from stdin`, "31\t12345.678\n"),
		rows("copy t (id, at) from stdin", "32\tyesteryear\n"),
		rows("copy n from stdin", "1\t1\ta\n\\N\t1\tb\n2\t-1\tc\n"),
		rows("copy n from stdin", "1\t1\ta\n2\t-1\tc\n\\N\t1\tb\n"),
		rows("copy n from stdin", "1\t1\ta\n2\t-1\tc\nx\t1\tb\n"),
		rows("copy n from stdin", "1\t1\ta\nx\t1\tc\n2\t-1\tb\n"),
		rows("copy n from stdin", "1\t1\ta\n\\N\t-1\tc\n"),
		rows("copy n from stdin", "1\t1\n2\t0\tx\n"),
		rows("copy n from stdin", "1\t0\tx\n2\t1\n"),
		rows("copy n from stdin", many(5000, "%d\t1\tx\n")+"5001\t99999999999\ty\n"+many(100, "%d\t1\tx\n")),
		rows("copy n from stdin", many(5000, "%d\t1\tx\n")),
		rows("copy n (c, c) from stdin"),
		rows("copy n (c, nope) from stdin"),
		rows("copy all_types (i2) from stdin", "40000\n"),
		rows("copy all_types (d) from stdin", "2018-02-30\n"),
		rows("copy all_types (u) from stdin", "x\n"),
		rows("copy all_types (by) from stdin", "\\\\xzz\n"),
		rows("copy all_types (c) from stdin", "abcd\n"),
		rows("copy all_types (c) from stdin", "abc  \n"),
		rows("copy all_types (ia) from stdin", "{1,x}\n"),
		rows("copy all_types (iv) from stdin", "ages\n"),
		rows("copy all_types (b) from stdin", "maybe\n"),
		rows("copy all_types (n) from stdin", "1.2.3\n"),
	}
}

func copiesOfOptions() []copied {
	var list []copied
	for _, text := range []string{
		"copy few from stdin (format 'x y')", "copy few from stdin (nope)", "copy few from stdin (format csv, quote 'ab')",
		"copy few from stdin (force_quote (a))", "copy few from stdin (force_null (a))", "copy few from stdin (format csv, force_null (nope))",
		"copy few (a) from stdin (format csv, force_null (b))", "copy few (a) from stdin (format csv, force_not_null (b))",
		"copy few from stdin (format binary, header)", "copy few from stdin (format binary, delimiter ',')", "copy few from stdin (delimiter 'ab')",
		"copy few from stdin (null E'a\\n')", "copy few from stdin (header maybe)", "copy few (nope) from stdin (nope)",
		"copy few from stdin (encoding 'nope')",
	} {
		list = append(list, rows(text))
	}
	return list
}

// checkTemporaryCopyEncodings sends rows in other encodings, also cut in the middle of a character.
func checkTemporaryCopyEncodings(t *testing.T, w *twins) {
	t.Helper()
	w.same("create temp table few (a int, b text default 'x')")
	w.copyIn("copy few from stdin (encoding 'latin1')", done(), "1\t\xe9\n")
	w.copyIn("copy few from stdin (encoding 'sjis')", done(), "2\t\x93", "\xfa\x96", "\x5c\n")
	w.copyIn("copy few from stdin (encoding 'win1252')", done(), "3\ta\n4\t\x81\n")
	w.copyIn("copy few from stdin (encoding 'euc_jp')", done(), "3\ta\n4\t\xa4\x20\n")
	w.copyIn("copy few from stdin (encoding 'gbk')", done(), "3\ta\nx\tb\n4\t\x8d\x20\n")
	w.copyIn("copy few from stdin (encoding 'gbk')", done(), "3\t\xc4")
	w.same("set client_encoding = 'latin1'")
	w.copyIn("copy few from stdin csv", done(), "5,\"\xe9,\xfc\"\n")
	w.copyIn("copy few from stdin csv", done(), "x\xe9,1\n")
	w.copyIn("copy few from stdin (encoding 'utf8')", done(), "6\té\n")
	w.same("select * from few order by a")
	w.same("reset client_encoding")
	w.same("select * from few order by a")
}

func checkTemporaryCopyTransactions(t *testing.T, w *twins) {
	t.Helper()
	w.same("begin")
	w.same("create temp table few (a int, b text default 'x')")
	copyInBlock(w)
	w.same("begin read only")
	w.copyIn("copy few from stdin", done(), "64\tf\n")
	w.same("rollback")
	w.same("select a, b from few order by a")
	w.same("set datestyle = 'german'; create temp table days (d date)")
	w.copyIn("copy days from stdin", done(), "15.02.2018\n")
	w.same("select * from days; drop table days")
}
