package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

// TestSpoolIsAQueue: whatever is written and read at the same time, in whatever pieces, comes out as it went in, and
// nothing of it stays.
func TestSpoolIsAQueue(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]int64{"roomy": 1 << 30, "tight": 1 << 20, "smaller than a piece": 1, "full disk": 1 << 29} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := New(t.TempDir(), limit)
			q := all.Open()
			if name == "full disk" {
				var err error
				if q.file, err = os.OpenFile("/dev/full", os.O_RDWR, 0); err != nil {
					t.Fatal(err)
				}
			}
			r := rand.New(rand.NewPCG(3, uint64(limit)))
			want := make([]byte, 8<<20)
			for i := range want {
				want[i] = byte(r.Uint32())
			}
			sizes := make([]int, 0, 256)
			for left := len(want); left > 0; left -= sizes[len(sizes)-1] {
				sizes = append(sizes, min(left, 1+r.IntN(200_000)))
			}
			go func() {
				for at := 0; len(sizes) > 0; sizes = sizes[1:] {
					if !q.Add(want[at : at+sizes[0]]) {
						break
					}
					at += sizes[0]
				}
				q.Finish(io.EOF)
			}()
			var got bytes.Buffer
			piece := make([]byte, 100_000)
			for {
				n, err := q.Read(piece[:1+r.IntN(len(piece)-1)])
				got.Write(piece[:n])
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d bytes came, and not those that were written", got.Len())
			}
			q.Close()
			if all.used != 0 {
				t.Errorf("%d bytes are still counted", all.used)
			}
		})
	}
}

// TestSpoolHasNoName: what is on disk is gone with the process.
func TestSpoolHasNoName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := New(dir, 1<<30)
	q := all.Open()
	for range 3 {
		if !q.Add(make([]byte, memoryBytes)) {
			t.Fatal("nothing was added")
		}
	}
	if q.written != 2*memoryBytes {
		t.Errorf("%d bytes are in the file", q.written)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v in the folder, %v", entries, err)
	}
	q.Close()
}
