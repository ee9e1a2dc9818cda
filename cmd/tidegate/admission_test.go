package main

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
)

// TestHeavyBesideLight runs statements that cannot do with the memory there is, while others that need little go on:
// the heavy ones fail, and none of the light ones.
func TestHeavyBesideLight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeEvents(t, dir)
	c := eventsConfig(dir)
	c.Limits.Memory = "160MB"
	const (
		// One text of more than there is cannot go to the disk.
		heavy = "select length(string_agg(repeat(e.user_agent, 200), '' order by e.event_id)) from web.events e"
		light = "select site_id, count(user_agent) from web.events group by 1"
	)
	serveWhile(t, c, nil, func(connect func() *pgconn.PgConn) {
		want := strings.Join(rowsOf(t, connect(), light+" order by 1"), " ")
		var heavies, lights sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			client := connect()
			lights.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						if n < 5 {
							t.Errorf("only %d light statements were answered", n)
						}
						return
					default:
					}
					results, err := client.Exec(t.Context(), light+" order by 1").ReadAll()
					if err != nil || len(results[0].Rows) != len(strings.Fields(want)) {
						t.Errorf("light: %v", err)
						return
					}
				}
			})
		}
		for range 2 {
			client := connect()
			heavies.Go(func() {
				_, err := client.Exec(t.Context(), heavy).ReadAll()
				if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != string(pgerr.OutOfMemory) {
					t.Errorf("heavy: %v", err)
				}
			})
		}
		heavies.Wait()
		time.AfterFunc(time.Second, func() { close(stop) })
		lights.Wait()
	})
}

// TestNoPlace has one statement hold the only place, another wait for it, and a third find the queue full.
func TestNoPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeEvents(t, dir)
	c := eventsConfig(dir)
	c.Limits.Queries, c.Limits.Queue, c.Limits.QueueTimeout = 1, 1, "2s"
	const endless = "select sum(length(a.path) * length(b.path) * length(c.path)) from web.events a, web.events b, web.events c"
	serveWhile(t, c, nil, func(connect func() *pgconn.PgConn) {
		first := connect()
		ended := make(chan error, 1)
		go func() {
			_, err := first.Exec(t.Context(), endless).ReadAll()
			ended <- err
		}()
		refused := make(chan error, 2)
		var asked [2]*pgconn.PgConn
		for i := range asked {
			asked[i] = connect()
		}
		time.Sleep(500 * time.Millisecond) // the first one computes
		for _, client := range asked {
			go func() {
				_, err := client.Exec(t.Context(), "select count(user_agent) from web.events where site_id = 3").ReadAll()
				refused <- err
			}()
		}
		for range 2 {
			err := <-refused
			if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != string(pgerr.TooManyConnections) || e.Hint == "" {
				t.Errorf("got %v", err)
			}
		}
		if err := first.CancelRequest(t.Context()); err != nil {
			t.Error(err)
		}
		if e, ok := errors.AsType[*pgconn.PgError](<-ended); !ok || e.Code != string(pgerr.QueryCanceled) {
			t.Errorf("the first ended with %v", e)
		}
		if got := rowsOf(t, asked[0], "select count(user_agent) > 0 from web.events where site_id = 3"); len(got) != 1 || got[0] != "t" {
			t.Errorf("afterwards %q", got)
		}
	})
}
