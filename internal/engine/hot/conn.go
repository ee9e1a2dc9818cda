package hot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/rawio"
)

const (
	connectTimeout = 5 * time.Second
	cancelTimeout  = 10 * time.Second // for a statement that was left to end
)

// conn is one connection to the warehouse. pgconn makes it, with authentication and TLS; from then on messages are
// read here, so that rows can pass as the bytes that they came in.
type conn struct {
	link   net.Conn
	cancel func(ctx context.Context) error // sends a CancelRequest and waits until it has arrived
	in     reader
	out    []byte

	use  use
	made time.Time
	idle time.Time // since when

	zone  string // as SET
	style string // of its Style, which tells it
	group string

	prepared preparedStatements
}

// use is what a connection is for. Only one for changes may change anything.
type use uint8

const (
	forQueries use = iota
	forChanges
)

// dial opens a connection and gives it the settings that make its text the text that the gateway writes.
func dial(ctx context.Context, config *pgconn.Config, kind Kind, use use) (*conn, error) {
	ctx, stop := context.WithTimeout(ctx, connectTimeout)
	defer stop()
	pg, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to the hot store: %w", err)
	}
	if err := pg.Exec(ctx, settings(kind, use)).Close(); err != nil {
		return nil, errors.Join(fmt.Errorf("set up a connection to the hot store: %w", err), pg.Close(ctx))
	}
	// A write that took pgconn some milliseconds has left a goroutine that reads: it would take the next answer away.
	if err := pg.SyncConn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("take over a connection to the hot store: %w", err), pg.Close(ctx))
	}
	hijacked, err := pg.Hijack()
	if err != nil {
		return nil, fmt.Errorf("take over a connection to the hot store: %w", err)
	}
	link := rawio.Conn(hijacked.Conn)
	return &conn{
		link: link, cancel: pg.CancelRequest, in: reader{src: link}, use: use, made: time.Now(),
		zone: "UTC", prepared: preparedStatements{},
	}, nil
}

// settings is what every connection begins with. Nothing of it depends on the client: its statements are rewritten,
// and its SET and SHOW are answered by the gateway.
func settings(kind Kind, use use) string {
	set := []string{"SET DateStyle TO 'ISO, MDY'", "SET TimeZone TO 'UTC'", "SET search_path TO pg_catalog"}
	switch kind {
	case Redshift:
		set = append(set, "SET extra_float_digits TO 2") // 3 is refused
	default:
		set = append(set, "SET extra_float_digits TO 1", "SET IntervalStyle TO 'postgres'", "SET bytea_output TO 'hex'",
			"SET jit TO off")
		if use == forQueries {
			set = append(set, "SET default_transaction_read_only TO on")
		}
	}
	return strings.Join(set, "; ")
}

// errEnded says that the server ended the connection, in order.
var errEnded = errors.New("the server ended the connection")

// past is a deadline that ends reads and writes at once.
func past() time.Time { return time.Unix(1, 0) }

// watch ends the connection's reads and writes when ctx ends. After end it does nothing any more, and they may go on: an
// answer may have been here before ctx ended.
func (c *conn) watch(ctx context.Context) (end func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = c.link.SetDeadline(past()) // it fails on a closed connection only
	})
	return func() {
		if !stop() {
			<-fired
			_ = c.link.SetDeadline(time.Time{}) // as above
		}
	}
}

// send writes a statement, with the settings that it needs and the connection does not have in front of it.
// before is the number of ReadyForQuery that come before its own, p what the server knows of the statement.
func (c *conn) send(s engine.Statement, kind Kind) (before int, p *preparedStatement, err error) {
	set := c.settingsFor(s, kind)
	messages, p := c.prepared.messages(comment(s.Asker)+s.SQL, s)
	if len(set) > 0 {
		// Until the SET is known to have worked the connection has neither value.
		c.forget()
		before = 1
		messages = append([]pgproto3.FrontendMessage{&pgproto3.Query{String: strings.Join(set, "; ")}}, messages...)
	}
	c.out = c.out[:0]
	for _, m := range messages {
		if c.out, err = m.Encode(c.out); err != nil {
			return before, p, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	_, err = c.link.Write(c.out)
	if cap(c.out) > keptBytes {
		c.out = nil
	}
	return before, p, err
}

// settingsFor gives the settings that the statement needs and the connection does not have.
func (c *conn) settingsFor(s engine.Statement, kind Kind) []string {
	var set []string
	if zone := zoneOf(s); zone != c.zone {
		set = append(set, "SET TimeZone TO "+quoteText(zone))
	}
	if kind == PostgreSQL && s.Style.String() != c.style {
		set = append(set, setStyle(s))
	}
	if kind == Redshift && s.Asker.QueryGroup != c.group {
		set = append(set, "SET query_group TO "+quoteRedshift(s.Asker.QueryGroup))
	}
	return set
}

// knows says that the server has what settingsFor gave.
func (c *conn) knows(s engine.Statement) {
	c.zone, c.style, c.group = zoneOf(s), s.Style.String(), s.Asker.QueryGroup
}

// forget says that it is not known what the server has.
func (c *conn) forget() { c.zone, c.style, c.group = "", "\x00", "\x00" }

// setStyle makes the server write and read texts in the statement's style.
func setStyle(s engine.Statement) string {
	bytea := "hex"
	if s.Style.EscapeBytea {
		bytea = "escape"
	}
	return fmt.Sprintf("SET DateStyle TO '%s'; SET IntervalStyle TO '%s'; SET extra_float_digits TO %d; SET bytea_output TO '%s'",
		s.Style.DateStyleText(), s.Style.Intervals, 1-s.Style.FewerDigits, bytea)
}

// writes refuses a style that the server has not, or has otherwise.
func writes(kind Kind, s engine.Statement) error {
	if style := s.Style.String(); kind == Redshift && style != "" {
		return pgerr.New(pgerr.FeatureNotSupported, "values in the style %s are not supported where Redshift answers", style).
			WithHint("RESET DateStyle, IntervalStyle, extra_float_digits and bytea_output, or ask for engine(cold).")
	}
	return nil
}

// zoneOf gives the statement's time zone as it is SET.
func zoneOf(s engine.Statement) string {
	if s.TimeZone == "" {
		return "UTC"
	}
	return s.TimeZone
}

// comment names the asker at the head of the statement, for the warehouse's own log of queries.
func comment(a engine.Asker) string {
	if a.User == "" {
		return ""
	}
	return "/* tidegate user=" + inComment(a.User) + " */ "
}

// behindComment counts an error's position from the statement's own beginning.
func behindComment(err error, a engine.Asker) error {
	if e, ok := errors.AsType[*pgerr.Error](err); ok && e.Told > 0 {
		e.Told = max(e.Told-utf8.RuneCountInString(comment(a)), 0)
	}
	return err
}

// inComment keeps what cannot end the comment or begin another one.
func inComment(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '*' || r == '/' || r < ' ' {
			return '_'
		}
		return r
	}, s)
}

// quoteText writes a literal of PostgreSQL, whatever standard_conforming_strings is.
func quoteText(s string) string {
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(plainQuote(s), `\`, `\\`)
	}
	return plainQuote(s)
}

func plainQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteRedshift writes a literal of Redshift, in which a backslash escapes.
func quoteRedshift(s string) string { return strings.ReplaceAll(plainQuote(s), `\`, `\\`) }

func (c *conn) settle() (failed *pgproto3.ErrorResponse, err error) { return c.in.settle() }

// settle reads up to ReadyForQuery; the first error of the server on the way is returned as failed.
func (r *reader) settle() (failed *pgproto3.ErrorResponse, err error) {
	return r.answer(func(byte, []byte) error { return nil })
}

// answer is settle that gives every message but errors to take. body is valid during the call.
func (r *reader) answer(take func(kind byte, body []byte) error) (failed *pgproto3.ErrorResponse, err error) {
	for {
		kind, body, err := r.message()
		if err != nil {
			return failed, err
		}
		switch kind {
		case kindReady:
			return failed, nil
		case kindError:
			e := new(pgproto3.ErrorResponse)
			if err := e.Decode(body); err != nil {
				return failed, err
			}
			if failed == nil {
				failed = e
			}
			if e.Severity == "FATAL" || e.Severity == "PANIC" {
				return failed, errEnded
			}
		default:
			if err := take(kind, body); err != nil {
				return failed, err
			}
		}
	}
}

func (c *conn) close() { _ = c.link.Close() }
