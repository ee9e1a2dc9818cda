package gateway

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// TestClientEncodings talks to PostgreSQL 15 and to a gateway in other encodings: the same bytes come, in names, rows of both
// formats, COPY and errors.
func TestClientEncodings(t *testing.T) {
	t.Parallel()
	cluster := testkit.PostgresTCP(t)
	served := serve(t, nil)
	for _, c := range []struct{ encoding, text string }{
		{"LATIN1", "\xe9t\xe9"},
		{"latin9", "\xa4\xe9"},
		{"WIN1252", "\x80\x93\xe4"},
		{"windows-1251", "\xcf\xf0\xe8"},
		{"iso-8859-2", "\xb1\xe6"},
		{"KOI8-R", "\xf0\xd2"},
		{"shift_jis", "\x93\xfa\x96\x5c\xb1"},
		{"euc-jp", "\xc6\xfc\x8e\xb1\x8f\xb0\xa1"},
		{"gbk", "\xc4\xe3\x81\x5c"},
		{"uhc", "\xc7\xd1\x81\x41"},
		{"euc_kr", "\xc7\xd1"},
		{"SQL_ASCII", "\xc3\xa9"},
	} {
		t.Run(c.encoding, func(t *testing.T) {
			t.Parallel()
			talk := func(addr, user, database string) []string {
				x := &dialogue{t: t, reports: true}
				return x.run("tcp", addr, func(d *dialogue) {
					d.send(packet(v30, startupBody("user", user, "database", database, "client_encoding", c.encoding)))
					d.listen()
					d.said = d.said[:0]
					for _, q := range encodedQueries(c.text) {
						d.send(typed('Q', q+"\x00"))
						d.listen()
					}
					for _, m := range encodedParameters(c.text) {
						d.send(m...)
						d.listen()
					}
				})
			}
			if diff := cmp.Diff(talk("127.0.0.1:"+cluster.Port, "postgres", "postgres"), talk(served.addr, "ann", "tidegate")); diff != "" {
				t.Error("-postgresql +tidegate:\n" + diff)
			}
		})
	}
}

func encodedQueries(text string) []string {
	return []string{
		"show client_encoding", fmt.Sprintf("select '%[1]s' as \"%[1]s\", length('%[1]s'), octet_length('%[1]s')", text),
		fmt.Sprintf("select '%s'::int", text), fmt.Sprintf("select \"%s\"", text), "select chr(8364) || chr(9999)", "select 1 as a, chr(9999) as b",
		"select U&'\\2714'::int", fmt.Sprintf("copy (select '%s' as x, E'a\\tb') to stdout", text), fmt.Sprintf("copy (select '%s' as x) to stdout csv header", text),
		fmt.Sprintf("copy (select '%s'::text as x, 1) to stdout binary", text), fmt.Sprintf("copy (select '%s' as x) to stdout (encoding 'utf8')", text),
		"copy (select chr(233)) to stdout (encoding 'latin1')", fmt.Sprintf("select array['%s', null, 'x']", text), "select '\\xe9ff'::bytea",
		"select '\x81'", "select '\x81\x20'", "select '\xff'", fmt.Sprintf("select position('%[1]s' in 'x%[1]s'), nope", text),
		fmt.Sprintf("prepare \"%[1]s\" as select '%[1]s'::text; execute \"%[1]s\"; execute \"%[1]sx\"", text),
		fmt.Sprintf("begin; set client_encoding to utf8; select chr(233); rollback; select '%s'", text),
		"set client_encoding = 'latin 1'; select chr(233); show client_encoding; set client_encoding = nope; reset client_encoding", "set names 'win1252'; select chr(8364)",
	}
}

// encodedParameters are a text in both formats, one that is none, and arrays in binary.
func encodedParameters(text string) [][][]byte {
	bind := func(format uint16, value string) []byte {
		b := []byte("\x00\x00\x00\x01")
		b = binary.BigEndian.AppendUint16(b, format)
		b = append(b, 0, 1)
		b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
		return typed('B', string(append(b, value...))+"\x00\x01"+string(binary.BigEndian.AppendUint16(nil, format)))
	}
	var list [][][]byte
	run := func(query string, format uint16, value string) {
		list = append(list, [][]byte{
			typed('P', "\x00"+query+"\x00\x00\x00"), bind(format, value), typed('E', "\x00\x00\x00\x00\x00"), typed('S', ""),
		})
	}
	run("select $1::text || 'x'", 0, text)
	run("select $1::text || 'x'", 1, text)
	run("select $1::text", 0, "\x81\x20")
	run("select $1::bytea", 1, "\xe9\xff")
	array := "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x19\x00\x00\x00\x02\x00\x00\x00\x01" +
		string(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) + text + "\xff\xff\xff\xff"
	run("select $1::text[]", 1, array)
	run(fmt.Sprintf("select '%s' || $1::text", text), 0, strings.Repeat(text, 3))
	return list
}

// TestRefusedEncodings asks for what PostgreSQL converts and x/text cannot as it does.
func TestRefusedEncodings(t *testing.T) {
	t.Parallel()
	d := serve(t, nil)
	for _, name := range []string{"BIG5", "EUC_JIS_2004", "EUC_TW", "GB18030", "JOHAB", "MULE_INTERNAL", "SHIFT_JIS_2004"} {
		want := "ErrorResponse ERROR 0A000 conversion between " + name + " and UTF8 is not supported"
		x := &dialogue{t: t}
		said := x.run("tcp", d.addr, func(d *dialogue) {
			d.send(packet(v30, startupBody("user", "ann", "database", "tidegate")))
			d.listen()
			d.send(typed('Q', "set client_encoding = '"+strings.ToLower(name)+"'\x00"))
			d.listen()
		})
		if !strings.Contains(strings.Join(said, "\n"), want) {
			t.Errorf("%s: got %q, want %q", name, said, want)
		}
	}
}
