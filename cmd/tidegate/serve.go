package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/gateway"
	"tidegate/internal/logkey"
)

type serveCmd struct{}

// Run answers clients until the process is told to stop, then lets running statements finish.
func (serveCmd) Run(ctx context.Context, p *program) error {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		return err
	}
	err = parts.serve(ctx, p, func(string) error { return nil })
	return errors.Join(err, parts.close())
}

// serve builds the two tiers, the router and the gateway in the order in which each needs the one before, and ends
// them in reverse. ready is called with the address when clients can connect.
func (p *parts) serve(ctx context.Context, prog *program, ready func(address string) error) error {
	var opened closeAll
	err := p.serveUntilDone(ctx, prog, &opened, ready)
	return errors.Join(err, opened.close())
}

func (p *parts) serveUntilDone(ctx context.Context, prog *program, opened *closeAll, ready func(string) error) error {
	// The port first: it is what most often is taken, and nothing is started in vain.
	listener, err := p.listen(ctx)
	if err != nil {
		return err
	}
	opened.add(func() error { return ignoreClosed(listener.Close()) })
	if p.access, err = newAccess(&p.config, prog.config, p.log); err != nil {
		return err
	}
	watchers, err := p.watch(ctx, opened)
	if err != nil {
		return err
	}

	owner, err := p.ownHotToServe(ctx, prog, opened)
	if err != nil {
		return err
	}
	if err := p.tellReads(ctx, owner.pins, opened); err != nil {
		return err
	}
	answers, err := p.newAnswers(ctx, owner, opened)
	if err != nil {
		return err
	}
	server := p.newGateway(answers, owner)
	// No client may read a hot store that was lost or cut off. What else fails to load stays cold, and is tried again.
	if err := owner.verify(ctx); err != nil {
		return err
	}
	if err := owner.loadPending(ctx); err != nil {
		p.log.ErrorContext(ctx, "hot load", logkey.Error, err)
	}
	if err := p.warnOfFilters(ctx, answers); err != nil {
		return err
	}
	watchers.watchHot(owner)
	countIncidents(p.metrics, p.store)
	watchers.ready()
	context.AfterFunc(ctx, func() { watchers.notReady("the gateway is stopping") })
	return p.runUntilDone(ctx, owner, answers.catalogs, server, listener, ready)
}

// runUntilDone serves until ctx ends and the statements that run then have ended.
func (p *parts) runUntilDone(ctx context.Context, owner *hotStore, catalogs *catalogKeeper, server *gateway.Server, listener net.Listener, ready func(string) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	running, runCtx := errgroup.WithContext(ctx)
	owner.start(runCtx, running)
	running.Go(func() error { return catalogs.keep(runCtx) })
	running.Go(func() error { return p.keepTelling(runCtx) })
	// Sessions outlive runCtx: Shutdown gives them time to end by themselves.
	running.Go(func() error { return server.Serve(context.WithoutCancel(ctx), listener) })
	running.Go(func() error { return p.access.reloadOnHangup(runCtx) })
	running.Go(func() error {
		<-runCtx.Done()
		drain, cancel := context.WithoutCancel(runCtx), func() {}
		if grace := p.Limits.grace(); grace > 0 {
			drain, cancel = context.WithTimeout(drain, grace)
		}
		defer cancel()
		return server.Shutdown(drain)
	})
	p.log.InfoContext(ctx, "ready", logkey.Address, listener.Addr().String())
	if err := ready(listener.Addr().String()); err != nil {
		stop()
		return errors.Join(err, running.Wait())
	}
	err := running.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (p *parts) listen(ctx context.Context) (net.Listener, error) {
	// A client whose machine is gone is noticed within two minutes, also by a session that only waits.
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}}
	l, err := lc.Listen(ctx, "tcp", p.Listen)
	if err != nil {
		return nil, portTaken(p.Listen, err)
	}
	return l, nil
}

func portTaken(address string, err error) error {
	return fmt.Errorf("listen on %s: %w (end what holds the port, or set listen to another address)", address, err)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
