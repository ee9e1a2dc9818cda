package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tidegate/etl"
)

type catalogGCCmd struct {
	Keep   int64         `help:"Newest generations that SET tidegate.generation may still read." default:"100"`
	Age    time.Duration `help:"How long a generation stays readable, and how old the files of an attempt without a commit record must be." default:"24h"`
	DryRun bool          `help:"Say what would be removed, and change nothing."`
}

// confirmEvery is how often gc looks whether the gateways know the new horizon.
const confirmEvery = 500 * time.Millisecond

// Run removes from the lake what no query reads any more.
func (g catalogGCCmd) Run(ctx context.Context, p *program) (err error) {
	if g.Keep < 1 || g.Age < 0 {
		return wrong{errors.New("--keep must be at least 1, --age at least 0s")}
	}
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close()) }()
	collector := etl.Collector{
		Lake: parts.lake, Store: parts.store, WorkDir: parts.scratch("etl"), Keep: g.Keep, Age: g.Age,
		DryRun: g.DryRun, Log: parts.log, Now: time.Now, Confirm: confirmEvery,
	}
	done, err := collector.Collect(ctx)
	if err != nil {
		return err
	}
	word := "removed"
	if g.DryRun {
		word = "would be removed"
	}
	fmt.Fprintf(p.out, "%d files (%d bytes) of replaced batches and %d objects (%d bytes) of dead attempts %s; generations from %d on are readable\n",
		done.Dead, done.DeadBytes, done.Orphans, done.OrphanBytes, word, done.Horizon)
	return nil
}
