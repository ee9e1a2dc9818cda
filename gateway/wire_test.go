package gateway

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/testkit"
)

// TestConversations plays the conversations of testdata/wire with Tidegate and with PostgreSQL 15: the answers of
// both must be what the file says. A "tidegate" conversation is not played with PostgreSQL.
//
// A line is a message: Query TEXT · Parse NAME TEXT [OID…] · Bind PORTAL STATEMENT [p=VALUE…] [b=HEX…] [t=HEX…] [null…] [r=FORMAT…] ·
// Describe S|P NAME · Execute PORTAL [ROWS] · Close S|P NAME · Flush N (then N messages are read) · Sync.
// Ask is a Query whose answer is read later: Ready reads up to the next ReadyForQuery. "\n" in a Query is a new line.
// Names and texts are Go string literals or bare words; Query and Parse take the rest of the line.
func TestConversations(t *testing.T) {
	t.Parallel()
	d := serve(t, nil)
	datadriven.Walk(t, "testdata/wire", func(t *testing.T, path string) {
		t.Helper()
		t.Run("tidegate", func(t *testing.T) {
			datadriven.RunTest(t, path, func(t *testing.T, c *datadriven.TestData) string {
				t.Helper()
				return converse(t, c.Input, func() (net.Conn, error) { return net.Dial("tcp", d.addr) }, "ann", "tidegate")
			})
		})
	})
}

// TestConversationsWithPostgres is the proof that the files of TestConversations say what PostgreSQL does.
func TestConversationsWithPostgres(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	if _, err := cluster.Connect(t).Exec(t.Context(), createRelations()); err != nil {
		t.Fatal(err)
	}
	datadriven.Walk(t, "testdata/wire", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, c *datadriven.TestData) string {
			t.Helper()
			if c.Cmd == "tidegate" {
				return c.Expected
			}
			return converse(t, c.Input, func() (net.Conn, error) {
				return net.Dial("unix", cluster.Dir+"/.s.PGSQL.5432")
			}, "postgres", "postgres")
		})
	})
}

func converse(t *testing.T, script string, dial func() (net.Conn, error), user, database string) string {
	t.Helper()
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stop := context.AfterFunc(t.Context(), func() { c.Close() })
	defer stop()
	f := pgproto3.NewFrontend(c, c)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": user, "database": database}})
	readUntilReady(t, f, func(string) {})
	var out strings.Builder
	say := func(line string) { fmt.Fprintln(&out, line) }
	for line := range strings.SplitSeq(script, "\n") {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "Flush":
			n, err := strconv.Atoi(rest)
			if err != nil {
				t.Fatal(err)
			}
			f.Send(&pgproto3.Flush{})
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
			for range n {
				say(receive(t, f))
			}
		case "Sync":
			f.Send(&pgproto3.Sync{})
			readUntilReady(t, f, say)
		case "Query":
			f.Send(&pgproto3.Query{String: strings.ReplaceAll(rest, `\n`, "\n")})
			readUntilReady(t, f, say)
		case "Ask":
			f.Send(&pgproto3.Query{String: rest})
		case "Ready":
			readUntilReady(t, f, say)
		default:
			f.Send(message(t, verb, rest))
		}
	}
	return out.String()
}

func message(t *testing.T, verb, rest string) pgproto3.FrontendMessage {
	t.Helper()
	words := strings.Fields(rest)
	word := func(i int) string {
		if i >= len(words) || words[i] == `""` {
			return ""
		}
		return words[i]
	}
	switch verb {
	case "Parse":
		text := strings.TrimSpace(strings.TrimPrefix(rest, words[0]))
		m := &pgproto3.Parse{Name: word(0), Query: text}
		if text, oids, ok := strings.Cut(text, " -- "); ok {
			m.Query = text
			for o := range strings.FieldsSeq(oids) {
				m.ParameterOIDs = append(m.ParameterOIDs, uint32(number(t, o)))
			}
		}
		return m
	case "Bind":
		return bindMessage(t, words, word)
	case "Describe":
		return &pgproto3.Describe{ObjectType: words[0][0], Name: word(1)}
	case "Close":
		return &pgproto3.Close{ObjectType: words[0][0], Name: word(1)}
	case "Execute":
		m := &pgproto3.Execute{Portal: word(0)}
		if len(words) > 1 {
			m.MaxRows = uint32(number(t, words[1]))
		}
		return m
	}
	t.Fatalf("unknown message %q", verb)
	return nil
}

func bindMessage(t *testing.T, words []string, word func(int) string) *pgproto3.Bind {
	t.Helper()
	m := &pgproto3.Bind{DestinationPortal: word(0), PreparedStatement: word(1)}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "p":
			m.Parameters, m.ParameterFormatCodes = append(m.Parameters, []byte(value)), append(m.ParameterFormatCodes, 0)
		case "null":
			m.Parameters, m.ParameterFormatCodes = append(m.Parameters, nil), append(m.ParameterFormatCodes, 0)
		case "b", "t":
			data, err := hex.DecodeString(value)
			if err != nil {
				t.Fatal(err)
			}
			format := int16(0)
			if key == "b" {
				format = 1
			}
			m.Parameters, m.ParameterFormatCodes = append(m.Parameters, data), append(m.ParameterFormatCodes, format)
		case "f":
			m.ParameterFormatCodes = append(m.ParameterFormatCodes, int16(number(t, value)))
		case "r":
			m.ResultFormatCodes = append(m.ResultFormatCodes, int16(number(t, value)))
		default:
			t.Fatalf("unknown part %q of Bind", w)
		}
	}
	return m
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func receive(t *testing.T, f *pgproto3.Frontend) string {
	t.Helper()
	m, err := f.Receive()
	if err != nil {
		return "closed"
	}
	return describeMessage(m)
}

func readUntilReady(t *testing.T, f *pgproto3.Frontend, say func(string)) {
	t.Helper()
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		line := receive(t, f)
		say(line)
		if line == "closed" || strings.HasPrefix(line, "ReadyForQuery") {
			return
		}
	}
}

// describeMessage writes what a client can rely on: of errors everything but PostgreSQL's source file.
func describeMessage(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ReadyForQuery:
		return "ReadyForQuery " + string(m.TxStatus)
	case *pgproto3.CommandComplete:
		return "CommandComplete " + string(m.CommandTag)
	case *pgproto3.ParameterStatus:
		return "ParameterStatus " + m.Name + "=" + m.Value
	case *pgproto3.ParameterDescription:
		return fmt.Sprint("ParameterDescription ", m.ParameterOIDs)
	case *pgproto3.NotificationResponse:
		return "NotificationResponse " + m.Channel + " " + strconv.Quote(m.Payload)
	case *pgproto3.ErrorResponse:
		return "ErrorResponse " + describeError(m)
	case *pgproto3.NoticeResponse:
		return "NoticeResponse " + describeError((*pgproto3.ErrorResponse)(m))
	case *pgproto3.RowDescription:
		var text strings.Builder
		text.WriteString("RowDescription")
		for _, f := range m.Fields {
			fmt.Fprintf(&text, " %s:%d:%d:%d:%d", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
		}
		return text.String()
	case *pgproto3.CopyOutResponse:
		return fmt.Sprint("CopyOutResponse ", m.OverallFormat, " ", m.ColumnFormatCodes)
	case *pgproto3.CopyData:
		return "CopyData " + describeCopyData(m.Data)
	case *pgproto3.DataRow:
		return describeRow(m.Values)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
}

// describeError writes the fields of an error or a notice but for its place in PostgreSQL's source.
func describeError(e *pgproto3.ErrorResponse) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s", e.Severity, e.Code, e.Message)
	if e.Position > 0 {
		fmt.Fprintf(&text, " at %d", e.Position)
	}
	for _, field := range []struct{ name, value string }{
		{"DETAIL", e.Detail},
		{"HINT", e.Hint},
		{"CONTEXT", e.Where},
		{"SCHEMA", e.SchemaName},
		{"TABLE", e.TableName},
		{"COLUMN", e.ColumnName},
		{"TYPE", e.DataTypeName},
		{"CONSTRAINT", e.ConstraintName},
	} {
		if field.value != "" {
			fmt.Fprintf(&text, " %s: %s", field.name, strings.ReplaceAll(field.value, "\n", " "))
		}
	}
	return text.String()
}

func describeRow(values [][]byte) string {
	text := "DataRow"
	for _, v := range values {
		switch {
		case v == nil:
			text += " NULL"
		case len(v) >= 2 && binary.BigEndian.Uint16(v) < 0x2000:
			text += fmt.Sprintf(" %x", v) // binary
		default:
			text += " " + strconv.Quote(string(v))
		}
	}
	return text
}

func describeCopyData(data []byte) string {
	if bytes.HasPrefix(data, []byte("PGCOPY")) || len(data) > 0 && (data[0] == 0 || data[0] == 0xff) {
		return hex.EncodeToString(data) // binary
	}
	return strconv.Quote(string(data))
}
