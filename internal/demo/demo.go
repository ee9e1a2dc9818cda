// Package demo makes raw logs to try Tidegate on: page views of some web sites as Firehose delivers them to an
// object store, with the dirt that real logs have, and the truth about them to check an answer against.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options says what to make. A zero field takes its default.
type Options struct {
	Seed    uint64    `json:"seed"`    // equal options give equal bytes
	Days    int       `json:"days"`    // of arrival; default 14
	Sites   int       `json:"sites"`   // default 50
	Records int       `json:"records"` // page views, the broken ones included; default 1,000,000
	Start   time.Time `json:"start"`   // first day, UTC; default 2018-02-01
}

// marker is written last, beside the data. Its name begins with "_": readers of the logs pass it by.
const marker = "_demo.json"

// made is what the marker holds.
type made struct {
	Options Options `json:"options"`
	Truth   Truth   `json:"truth"`
}

func (o Options) withDefaults() Options {
	if o.Days == 0 {
		o.Days = 14
	}
	if o.Sites == 0 {
		o.Sites = 50
	}
	if o.Records == 0 {
		o.Records = 1_000_000
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2018, 2, 1, 0, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(24 * time.Hour)
	return o
}

// Generate writes raw logs below dir as <dir>/yyyy/MM/dd/HH/web-logs-1-yyyy-MM-dd-HH-mm-ss-<uuid>.gz (gzip JSON
// lines, one object per hour) and tells what is in them. A file's modification time is when it would have arrived.
//
// dir appears at once, when everything is written. If it holds a set made with the same options already, nothing
// is written; if it holds anything else, that is an error.
func Generate(ctx context.Context, dir string, opt Options) (Truth, error) {
	opt = opt.withDefaults()
	if opt.Days < 1 || opt.Sites < 1 || opt.Records < 1 {
		return Truth{}, errors.New("make raw logs: days, sites and records must be positive")
	}
	truth, there, err := existing(dir, opt)
	if there || err != nil {
		return truth, err
	}
	partial := filepath.Clean(dir) + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return Truth{}, fmt.Errorf("make raw logs: %w", err)
	}
	truth, err = newPlan(opt).write(ctx, partial)
	if err != nil {
		return Truth{}, fmt.Errorf("make raw logs: %w", err)
	}
	if err := publish(partial, dir, made{opt, truth}); err != nil {
		return Truth{}, fmt.Errorf("make raw logs: %w", err)
	}
	return truth, nil
}

// existing reads the marker of dir. There is none if dir is missing or empty.
func existing(dir string, opt Options) (truth Truth, there bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, marker))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Truth{}, false, fmt.Errorf("look for raw logs: %w", err)
		}
		if len(entries) > 0 {
			return Truth{}, false, fmt.Errorf("%s holds other files: empty it or name another folder", dir)
		}
		return Truth{}, false, nil
	}
	if err != nil {
		return Truth{}, false, fmt.Errorf("look for raw logs: %w", err)
	}
	var m made
	if err := json.Unmarshal(text, &m); err != nil {
		return Truth{}, false, fmt.Errorf("read %s: %w", filepath.Join(dir, marker), err)
	}
	if m.Options != opt {
		return Truth{}, false, fmt.Errorf("%s holds raw logs made with other options: remove it or name another folder", dir)
	}
	return m.Truth, true, nil
}

// publish writes the marker and gives the finished set its name.
func publish(partial, dir string, m made) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(partial, marker), append(text, '\n'), 0o644); err != nil {
		return err
	}
	// An empty folder may stand where the set goes; a full one was refused before.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(partial, dir)
}

// write makes every object, several at a time: what is in an object does not depend on when it is made.
func (p *plan) write(ctx context.Context, dir string) (Truth, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Truth{}, err
	}
	truths := make([]Truth, len(p.objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range p.objects {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			var err error
			truths[i], err = p.writeObject(dir, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return Truth{}, err
	}
	return sum(truths), nil
}
