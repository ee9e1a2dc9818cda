package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"tidegate/internal/logkey"
	"tidegate/router"
)

const (
	// catalogRest is how long a catalog is built anew after each change though nobody asks for it.
	catalogRest = 10 * time.Minute
	// rolesAtStart is for how many roles one is built at the start: each holds all relations in memory.
	rolesAtStart = 8
)

// catalogKeeper builds catalogs before somebody asks for them.
type catalogKeeper struct {
	everybody *postgresCatalog // of those who have no role
	others    *roleLocals
	roles     []*router.Role
	failed    string // what was logged last
}

// keep opens catalogs of roles that have users, and builds at the start, and after each change, what was asked for lately,
// until ctx ends.
func (k *catalogKeeper) keep(ctx context.Context) error {
	if len(k.roles) == 0 {
		k.everybody.wasAsked()
	}
	for _, role := range k.atStart() {
		if i, err := k.others.ofRole(ctx, role); err != nil {
			k.warn(ctx, err)
		} else {
			i.shown.wasAsked()
		}
	}
	for {
		k.warn(ctx, k.buildAll(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probeInterval):
		}
	}
}

// atStart gives the roles that users have who may come in now.
func (k *catalogKeeper) atStart() []*router.Role {
	people := k.others.parts.access.latest.Load()
	named := map[string]bool{publicRole: people.rules.Stranger != nil}
	for role := range maps.Values(people.roles) {
		named[role] = true
	}
	roles := slices.DeleteFunc(slices.Clone(k.roles), func(r *router.Role) bool { return !named[r.Name] })
	return roles[:min(len(roles), rolesAtStart)]
}

// buildAll builds one after the other what is not as it should be.
func (k *catalogKeeper) buildAll(ctx context.Context) error {
	catalogs := []*postgresCatalog{k.everybody}
	for _, i := range k.others.all() {
		select {
		case <-i.ready:
			if i.err == nil {
				catalogs = append(catalogs, i.shown)
			}
		default: // whoever opens it builds it
		}
	}
	var errs []error
	for _, c := range catalogs {
		if time.Since(time.Unix(c.asked.Load(), 0)) > catalogRest {
			continue
		}
		v, err := k.others.parts.store.View(ctx)
		if err == nil {
			err = c.kept.Build(ctx, func() wantedCatalog { return c.wanted(v) })
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// warn logs an error once: whoever asks is told it each time.
func (k *catalogKeeper) warn(ctx context.Context, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != k.failed && text != "" && ctx.Err() == nil {
		k.others.parts.log.WarnContext(ctx, "build the system relations", logkey.Error, err)
	}
	k.failed = text
}
