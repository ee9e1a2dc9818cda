package gateway

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/pgerr"
)

// FuzzMessages takes any bytes for what a client says. What is a message for us is one for pgproto3 too, and says the
// same; what is none is told with a code of PostgreSQL's.
func FuzzMessages(f *testing.F) {
	for _, c := range badInputs() {
		if len(c.sent) < 1000 {
			f.Add(c.sent)
		}
	}
	f.Add(join(typed('B', zero("p", "s")+short(1)+short(1)+short(2)+long(4)+"\x00\x00\x00\x07"+long(-1)+short(2)+short(1)+short(0)), typed('E', zero("p")+long(5))))
	f.Fuzz(func(t *testing.T, said []byte) {
		in := newInbox(bytes.NewReader(said), 1<<20)
		for {
			kind, body, err := in.next()
			if err != nil {
				return
			}
			if kind == 'X' || kind == 'd' || kind == 'c' || kind == 'f' || kind == 'F' {
				continue
			}
			got, err := new(messages).decode(kind, body, nil)
			if err != nil {
				if e, ok := errors.AsType[*pgerr.Error](err); !ok || e.Code != pgerr.ProtocolViolation && e.Code != pgerr.CharacterNotInRepertoire {
					t.Errorf("%c %q: %v", kind, body, err)
				}
				continue
			}
			want, err := pgproto3.NewBackend(bytes.NewReader(typed(kind, string(body))), nil).Receive()
			if err != nil {
				t.Fatalf("%c %q: %v", kind, body, err)
			}
			if x, ok := want.(*pgproto3.Execute); ok && int32(x.MaxRows) < 0 {
				x.MaxRows = 0 // no limit
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%c %q: %s", kind, body, diff)
			}
		}
	})
}

// FuzzBind gives any bytes to parameters of any type, as text and in binary: a value or an error that a client may see.
func FuzzBind(f *testing.F) {
	f.Add(uint32(23), int16(1), []byte{0, 0, 0, 7})
	f.Add(uint32(1700), int16(1), []byte{0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88})
	f.Add(uint32(1184), int16(0), []byte("2018-02-15 03:04:05.678+00"))
	f.Add(uint32(1082), int16(0), []byte("2100-01-01 +00"))
	f.Add(uint32(1114), int16(0), []byte("2026-11-22 19:36:42.608823124Z"))
	f.Add(uint32(1007), int16(1), []byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5})
	f.Add(uint32(2950), int16(1), []byte("0123456789abcdef"))
	f.Add(uint32(17), int16(0), []byte(`\xdead`))
	f.Fuzz(func(t *testing.T, oid uint32, format int16, data []byte) {
		s := &session{wire: &wire{}, state: State{Zone: time.UTC}}
		_, err := s.decodeParam(oid, format, data)
		if e, ok := errors.AsType[*pgerr.Error](err); err != nil && (!ok || e.Code == pgerr.InternalError) {
			t.Errorf("%d %d %q: %v", oid, format, data, err)
		}
	})
}
