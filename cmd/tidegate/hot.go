package main

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/engine/admission"
	"tidegate/internal/engine/cold"
	"tidegate/internal/engine/duck"
	"tidegate/internal/logkey"
	"tidegate/router"
)

type hotCmd struct {
	Load   hotLoadCmd   `cmd:"" help:"Bring what is committed and not hot into the hot store."`
	Status hotStatusCmd `cmd:"" help:"Show what is hot and what is not yet."`
	Verify hotVerifyCmd `cmd:"" help:"Compare the hot rows with the ledger and the catalog, pair by pair."`
}

type hotLoadCmd struct{}

// Run loads here if nobody owns the hot store, else asks the owner.
func (hotLoadCmd) Run(ctx context.Context, p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	if c.Hot.Kind == "none" {
		return wrong{errors.New("hot.kind is none: there is no hot store to load")}
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	return errors.Join(parts.bringHot(ctx, p), parts.close())
}

// watchInterval is how often the owner looks for a new generation; etl run does not wait for it, it wakes.
const watchInterval = 2 * time.Second

// hotStore is the hot store in the hands of its owner, beside the instance that scans the lake. An embedded one is
// attached to that instance: DuckDB allows one opener per file, so both tiers of a laptop share one.
type hotStore struct {
	db     *duck.DB
	cold   *cold.Engine    // who answers cold statements, with db
	gate   *admission.Gate // of the clients' statements that db answers
	loader *hotload.Loader // nil: hot.kind is none
	keeper *hotload.Keeper // likewise
	server *hotServer      // nil: it is embedded
	pins   *hotload.Pins
	socket string
}

// ownHot takes the ownership and opens the instance. What it opens is added to opened, also when it fails.
func (p *parts) ownHot(ctx context.Context, prog *program, opened *closeAll) (*hotStore, error) {
	h := &hotStore{pins: new(hotload.Pins), socket: hotload.SocketPath(p.DataDir)}
	// Only the owner uses it, so what is there was left by one that was killed.
	work, err := p.hotWork()
	if err != nil {
		return nil, err
	}
	o := duck.Options{Threads: p.Limits.Threads, Fence: true}
	if p.Hot.Kind != "none" {
		// Before the cache, which has one owner too: whoever is not the owner shall hear that, and wake it.
		lock, err := hotload.Acquire(p.DataDir)
		if err != nil {
			return nil, err
		}
		opened.add(lock.Release)
		if h.keeper, err = hotload.Keep(ctx, p.store, p.DataDir, p.log); err != nil {
			return nil, err
		}
		opened.add(h.keeper.Release)
		if err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o755)); err != nil {
			return nil, err
		}
		o.AllowedDirs = append(o.AllowedDirs, work)
	}
	if p.Hot.Kind == "embedded" {
		o.Attach = []duck.Attachment{{Name: hotload.Database, Path: p.hotFile()}}
	}
	files, err := p.openCold(ctx, opened)
	if err != nil {
		return nil, err
	}
	o.AllowedDirs = append(o.AllowedDirs, files.scanned...)
	db, err := p.openDuck(ctx, "spill", p.Limits.Memory, o)
	if err != nil {
		return nil, err
	}
	opened.add(db.Close)
	h.db, h.cold = db, files.engine(db, p)
	if h.gate, err = p.newGate(); err != nil {
		return h, err
	}
	if p.Hot.Kind == "none" {
		return h, nil
	}
	h.loader = &hotload.Loader{
		Store: p.store, Lake: p.lake, WorkDir: work, Readers: h.pins, Log: p.log, Step: prog.step,
		Under: []catalog.Lease{h.keeper.Lease()}, Hot: &hotload.Embedded{DB: db, Step: prog.step},
	}
	if p.Hot.remote() {
		if h.server, err = p.newHotServer(ctx, h.loader, db, prog.step, opened); err == nil {
			h.server.table.Held = h.keeper.Held
			h.server.days = p.newAdoptedDays(h, h.server.engine)
		}
	}
	return h, err
}

// An owner without a socket is mostly an etl run, which is done soon: it is waited for.
const (
	quietOwner = time.Minute
	ownerPoll  = 100 * time.Millisecond
)

// untilQuietOwnerEnds tries again while try says hotload.ErrOwned, but not for ever.
func (p *parts) untilQuietOwnerEnds(ctx context.Context, try func() error) error {
	deadline := time.Now().Add(quietOwner)
	for told := false; ; told = true {
		err := try()
		if !errors.Is(err, hotload.ErrOwned) || time.Now().After(deadline) {
			return err
		}
		if !told {
			p.log.InfoContext(ctx, "waiting for the owner of the hot store", logkey.Reason, err.Error())
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(ownerPoll):
		}
	}
}

// ownHotToServe is ownHot that waits for an etl run to end, but not for another serve.
func (p *parts) ownHotToServe(ctx context.Context, prog *program, opened *closeAll) (h *hotStore, err error) {
	var serving error
	err = p.untilQuietOwnerEnds(ctx, func() error {
		h, err = p.ownHot(ctx, prog, opened)
		if errors.Is(err, hotload.ErrOwned) && hotload.Listening(ctx, hotload.SocketPath(p.DataDir)) {
			serving = err
			return nil
		}
		return err
	})
	return h, errors.Join(err, serving)
}

// verify makes the coverage true before the first client reads. A server may be down: it is verified when it is up,
// and until then nobody reads it.
func (h *hotStore) verify(ctx context.Context) error {
	if h.server != nil {
		h.server.verify(ctx)
		h.server.only.look(ctx)
		return nil
	}
	if h.loader == nil {
		return nil
	}
	return h.loader.Verify(ctx)
}

// loadPending brings hot what was committed while nobody owned the store.
func (h *hotStore) loadPending(ctx context.Context) error {
	if h.loader == nil {
		return nil
	}
	_, err := h.loader.LoadPending(ctx)
	return err
}

// bringHot is loadPending and the comparison of adopted tables, for those who wake the owner.
func (h *hotStore) bringHot(ctx context.Context) error {
	err := h.loadPending(ctx)
	if h.server != nil {
		err = errors.Join(err, h.server.days.compareAll(ctx))
	}
	return err
}

// start follows the catalog and answers those who wake the owner, until ctx ends.
func (h *hotStore) start(ctx context.Context, running *errgroup.Group) {
	if h.loader == nil {
		return
	}
	if h.server != nil {
		running.Go(func() error { return h.server.keep(ctx) })
	}
	running.Go(func() error {
		select {
		case <-h.keeper.Lost():
			return errors.New("another process keeps the hot store: this one stood still for more than a minute")
		case <-ctx.Done():
			return nil
		}
	})
	running.Go(func() error { return h.loader.Watch(ctx, watchInterval) })
	running.Go(func() error { return hotload.Serve(ctx, h.socket, h.bringHot) })
}

// tier is the hot tier as the router needs it; nil: there is none.
func (h *hotStore) tier() *router.Hot {
	switch {
	case h.loader == nil:
		return nil
	case h.server != nil:
		return h.server.tier()
	}
	return &router.Hot{Engine: admission.New(h.db, h.gate), Table: hotload.TableRef, Altered: h.loader.Altered}
}

// hotOnly gives what the hot store has beside the lake's tables, as it was last listed.
func (h *hotStore) hotOnly() *hotOnlyList {
	if h.server == nil {
		return &hotOnlyList{}
	}
	return h.server.only.list()
}
