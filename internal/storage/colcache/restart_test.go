package colcache

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reopen ends the cache as a clean stop does and opens it again.
func (l *lab) reopen(o Options) {
	l.t.Helper()
	if err := l.c.Close(); err != nil {
		l.t.Fatal(err)
	}
	l.c = nil
	l.open(o)
	l.bucket.Reset()
}

func TestRestartKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	objects := l.lakeOf(3, 5000)
	for _, o := range objects {
		l.acquire(o.with("a", "Name")).Release()
	}
	l.acquire(objects[0].with("b")).Release()
	l.recorded()
	used := l.usage()
	l.reopen(Options{})
	if got := l.usage(); got != used {
		t.Errorf("%d bytes are used, %d were before", got, used)
	}
	if got, want := l.c.Present([]Object{objects[0].with("a", "b", "c", "name")}), l.truths["k0"].bytes("a", "b", "Name"); got != want {
		t.Errorf("%d bytes are present, want %d", got, want)
	}
	for _, o := range objects {
		l.acquire(o.with("a", "Name")).Release()
	}
	l.acquire(objects[0].with("b")).Release()
	if got := l.bucket.Requests(); len(got) != 0 {
		t.Errorf("requests after the restart: %v", got)
	}
	l.reopen(Options{MaxBytes: 300_000}) // what was fetched of one object fits
	if got := l.usage(); got > 300_000 || got == 0 {
		t.Errorf("%d bytes are used of 300000", got)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	if _, err := Open(l.c.o); !errors.Is(err, ErrInUse) {
		t.Errorf("second Open: %v", err)
	}
}

// TestUncleanRestart damages a folder as crashes and disks do. What is left must be right, and only what was lost is
// fetched again.
func TestUncleanRestart(t *testing.T) {
	t.Parallel()
	change := func(path string, f func([]byte) []byte) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, f(text), 0o600)
	}
	for _, c := range []struct {
		name   string
		damage func(l *lab, o Object) error
		lost   []string // columns that must be fetched again
		footer bool     // it too
	}{
		{name: "nothing", damage: func(*lab, Object) error { return nil }},
		{"record without its last line", func(l *lab, o Object) error {
			return change(l.record(o), func(b []byte) []byte { return b[:bytes.LastIndexByte(b[:len(b)-1], '\n')+1] })
		}, []string{"b"}, false},
		{"last line torn", func(l *lab, o Object) error {
			return change(l.record(o), func(b []byte) []byte { return b[:len(b)-7] })
		}, []string{"b"}, false},
		{"last line overwritten", func(l *lab, o Object) error {
			return change(l.record(o), func(b []byte) []byte { b[len(b)-10] ^= 1; return b })
		}, []string{"b"}, false},
		{"chunk torn", func(l *lab, o Object) error {
			return change(l.c.Path(o), func(b []byte) []byte {
				ch := l.truths[o.Key].chunks[0] // of a
				clear(b[ch.offset+ch.length/2 : ch.end()])
				return b
			})
		}, []string{"a"}, false},
		{"footer torn", func(l *lab, o Object) error {
			return change(l.c.Path(o), func(b []byte) []byte { b[len(b)-20] ^= 1; return b })
		}, []string{"a", "b"}, true},
		{"file cut", func(l *lab, o Object) error { return os.Truncate(l.c.Path(o), 1000) }, []string{"a", "b"}, true},
		{"file gone", func(l *lab, o Object) error { return os.Remove(l.c.Path(o)) }, []string{"a", "b"}, true},
		{"record gone", func(l *lab, o Object) error { return os.Remove(l.record(o)) }, []string{"a", "b"}, true},
		{"record empty", func(l *lab, o Object) error { return os.Truncate(l.record(o), 0) }, []string{"a", "b"}, true},
		{"record of another format", func(l *lab, o Object) error {
			return change(l.record(o), func([]byte) []byte {
				line, _ := appendLine(nil, recordHead{Format: recordFormat + 1})
				return line
			})
		}, []string{"a", "b"}, true},
		{"record of another object", func(l *lab, o Object) error {
			other := l.put("other", makeParquet(l.t, 7, 1, 5000))
			o.Key = other.Key
			return os.Rename(l.record(Object{Key: "k", ETag: o.ETag, Size: o.Size}), l.record(o))
		}, []string{"a", "b"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.open(Options{})
			o := l.put("k", makeParquet(t, 1, 1, 5000))
			l.acquire(o.with("a")).Release()
			l.recorded()
			l.acquire(o.with("b")).Release()
			if err := l.c.Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.damage(l, o); err != nil {
				t.Fatal(err)
			}
			l.open(Options{})
			l.bucket.Reset()
			l.acquire(o.with("a", "b")).Release()
			want := l.truths["k"].bytes(c.lost...)
			if c.footer {
				want += o.FooterBytes
			}
			if got := l.bucket.Bytes(); got != want {
				t.Errorf("%d bytes were fetched, want %d", got, want)
			}
			l.reopen(Options{})
			l.acquire(o.with("a", "b")).Release()
			if got := l.bucket.Requests(); len(got) != 0 {
				t.Errorf("the repaired file lost something again: %v", got)
			}
		})
	}
}

func (l *lab) record(o Object) string {
	return strings.TrimSuffix(l.c.Path(o), dataSuffix) + recordSuffix
}

func TestStrangersInTheFolderLeave(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.open(Options{})
	o := l.put("k", makeParquet(t, 1, 1, 100))
	l.acquire(o.with("a")).Release()
	if err := l.c.Close(); err != nil {
		t.Fatal(err)
	}
	var strangers []string
	for i, name := range []string{"x.parquet", "00112233445566778899aabbccddeeff.parquet", "00112233445566778899aabbccddeeff.units", "y"} {
		path := filepath.Join(l.dir, "00", name)
		strangers = append(strangers, path)
		if err := os.WriteFile(path, fmt.Appendf(nil, "%d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.open(Options{})
	for _, path := range strangers {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	l.bucket.Reset()
	l.acquire(o.with("a")).Release()
	if got := l.bucket.Requests(); len(got) != 0 {
		t.Errorf("requests %v", got)
	}
}

// FuzzReadRecord: whatever a crash leaves, nothing is believed that has no sound line.
func FuzzReadRecord(f *testing.F) {
	line, err := appendLine(nil, recordHead{Format: recordFormat, Key: "k", Size: 100})
	if err != nil {
		f.Fatal(err)
	}
	lines, err := appendLine(line, recordUnit{Column: "a", Offset: 4, Length: 10, CRC: 7})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(lines)
	f.Add(lines[:len(lines)-1])
	f.Fuzz(func(t *testing.T, text []byte) {
		head, units, sound, err := readRecord(text)
		if err != nil {
			return
		}
		if sound > int64(len(text)) || bytes.Count(text[:sound], []byte("\n")) != 1+len(units) || head.Format != recordFormat {
			t.Errorf("%d units in %d bytes of %d", len(units), sound, len(text))
		}
	})
}
