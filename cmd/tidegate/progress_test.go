package main

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out)
	p.begin(t.Context(), nil)
	p.Expect(2, 40e6)
	at := p.tally.began
	if got, want := p.now().at(at.Add(time.Second)), "0 of 2 batches"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Read(1000, 20e6)
	if got, want := p.now().at(at.Add(10*time.Second)), "0 of 2 batches, 1.0 MB/s, 100 records/s, 30s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Done(20e6)
	p.Read(1000, 20e6)
	p.Done(20e6)
	if got, want := p.now().at(at.Add(20*time.Second)), "2 of 2 batches, 2.0 MB/s, 100 records/s, 0s left"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.close()
	if out.Len() > 0 {
		t.Errorf("without a terminal: %q", out.String())
	}
}

// TestBarsEnd has bars of backfills and compactions be full when all is done, whatever was read for it, and not before.
func TestBarsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		work func(*progress)
		full bool
	}{
		"all":               {func(p *progress) { p.Read(1, 10); p.Done(10); p.Read(1, 30); p.Done(30) }, true},
		"a compaction":      {func(p *progress) { p.Done(10); p.Done(30) }, true},
		"one failed unread": {func(p *progress) { p.Done(30); p.Read(1, 10); p.Done(10) }, true},
		"one twice":         {func(p *progress) { p.Read(1, 30); p.Read(1, 30); p.Done(30); p.Read(1, 10); p.Done(10) }, true},
		"interrupted":       {func(p *progress) { p.Read(1, 10); p.Done(10); p.Read(1, 30) }, false},
		"nothing":           {func(*progress) {}, false},
	} {
		p := newProgress(io.Discard)
		p.bars = mpb.New(mpb.WithOutput(io.Discard), mpb.WithAutoRefresh())
		p.begin(t.Context(), nil)
		p.Expect(2, 40)
		c.work(p)
		p.close()
		if full := p.bar.Completed() && p.bar.Current() == 80; full != c.full || p.bar.Aborted() == c.full {
			t.Errorf("%s: at %d of 80, completed %t, aborted %t", name, p.bar.Current(), p.bar.Completed(), p.bar.Aborted())
		}
	}
}
