package hotload_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

// crashCases is how many cases each campaign has; without it a few.
const crashCases = "TIDEGATE_TEST_CRASH_CASES"

const fewCases = 8

// troubles are what may happen to a load, and how to make it happen. Each does its worst to one pass.
var troubles = []struct {
	name string
	make func(c *campaign, t *testing.T)
}{
	{"kill", (*campaign).kill},
	{"break", (*campaign).breakConnection},
	{"twice", (*campaign).deliverTwice},
	{"two loaders", (*campaign).twoLoaders},
}

// campaign is a sequence of seeded cases against one store. Between cases the world is closed: processes open it.
type campaign struct {
	lab    *serverLab
	store  serverStore
	dir    string
	random *rand.Rand
	live   []catalog.Pair
	batch  int
	failed int // passes that the trouble ended
}

// TestLoadCampaign commits batches and lets seeded troubles befall their loads: a loader that is killed, a connection
// that breaks around COMMIT or elsewhere, a load that is delivered twice, two loaders. After each case and one calm pass
// table, ledger and coverage agree, and every row is there once.
func TestLoadCampaign(t *testing.T) {
	t.Parallel()
	eachServer(t, loadCampaign)
}

func loadCampaign(t *testing.T, l *serverLab) {
	t.Helper()
	cases := fewCases
	if text := os.Getenv(crashCases); text != "" {
		var err error
		if cases, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	c := &campaign{lab: l, store: l.store("campaign"), dir: l.worldDir(t)}
	befell := map[string]int{}
	for i := range cases {
		c.random = rand.New(rand.NewPCG(3, uint64(i)))
		c.store.OnS3 = c.random.IntN(3) > 0
		c.commit(t)
		trouble := troubles[c.random.IntN(len(troubles))]
		befell[trouble.name]++
		trouble.make(c, t)
		l.calm()
		c.check(t, i, trouble.name)
		if t.Failed() {
			t.Fatalf("case %d: %s", i, trouble.name)
		}
	}
	t.Logf("%d cases (%v), %d passes failed, %d batches, 0 rows lost, 0 double", cases, befell, c.failed, c.batch)
	if c.failed < cases/5 {
		t.Errorf("only %d of %d passes were hit", c.failed, cases)
	}
}

// open opens the world for one step of a case.
func (c *campaign) open(t *testing.T, do func(w *world)) {
	t.Helper()
	w, err := openWorld(t.Context(), c.dir)
	if err != nil {
		t.Fatal(err)
	}
	do(w)
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
}

// commit publishes one to three batches; now and then one takes the place of an older one's partition. A partition that is
// hot is compacted before, now and then one that is not all hot afterwards.
func (c *campaign) commit(t *testing.T) {
	t.Helper()
	c.open(t, func(w *world) {
		if n := len(c.live); n > 0 {
			c.compact(t, w, c.live[c.batch%n].Partition)
		}
		for range 1 + c.random.IntN(3) {
			c.batch++
			name := fmt.Sprintf("b%d", c.batch)
			day := 10 + c.random.IntN(5)
			kind := []string{"a", "x/y=z'", `back\slash`, ""}[c.random.IntN(4)]
			parts := []part{{day, kind, 1 + c.random.IntN(40)}, {day + 1, "a", 1 + c.random.IntN(9)}}
			var replaces []catalog.Replaced
			if len(c.live) > 0 && c.random.IntN(3) == 0 {
				i := c.random.IntN(len(c.live))
				replaces = []catalog.Replaced{{Batch: c.live[i].Batch, Revision: 1, Partition: c.live[i].Partition}}
				c.live = append(c.live[:i], c.live[i+1:]...)
			}
			w.commit(t, events(), name, replaces, parts...)
			for _, p := range parts {
				c.live = append(c.live, catalog.Pair{Batch: name, Partition: p.partition()})
			}
			if c.batch%3 == 0 {
				c.compact(t, w, parts[c.batch%2].partition())
			}
		}
	})
}

func (c *campaign) compact(t *testing.T, w *world, partition string) {
	t.Helper()
	c.batch++
	name := fmt.Sprintf("k%d", c.batch)
	w.compact(t, name, partition)
	c.live = slices.DeleteFunc(c.live, func(p catalog.Pair) bool { return p.Partition == partition })
	c.live = append(c.live, catalog.Pair{Batch: name, Partition: partition})
}

// check runs a calm pass and compares everything.
func (c *campaign) check(t *testing.T, i int, trouble string) {
	t.Helper()
	c.open(t, func(w *world) {
		checkServer(t, w, c.store, false)
		if _, err := w.serverLoader(w.serverHot(t, c.store), nil).LoadPending(t.Context()); err != nil {
			t.Errorf("case %d, after %s: %v\n%s", i, trouble, err, w.log)
			return
		}
		checkServer(t, w, c.store, true)
		if covered := len(w.view(t).Tables[events().Name].Hot.Covered); covered != len(c.live) {
			t.Errorf("%d pairs are live, %d covered", len(c.live), covered)
		}
	})
}

func (c *campaign) kill(t *testing.T) {
	t.Helper()
	if runServerAndKill(t, c.dir, c.store, 1+c.random.IntN(24)) {
		c.failed++
	}
}

func (c *campaign) breakConnection(t *testing.T) {
	t.Helper()
	c.open(t, func(w *world) {
		hot := w.serverHot(t, c.store)
		c.lab.breakOne(c.random)
		if _, err := w.serverLoader(hot, nil).LoadPending(t.Context()); err != nil {
			c.failed++
		}
	})
}

// twice delivers every load from two sides at once, and once more.
type twice struct{ *hotload.Server }

func (s twice) Load(ctx context.Context, l hotload.Load) (rows int64, err error) {
	var both sync.WaitGroup
	var n [3]int64
	var errs [3]error
	for i := range 2 {
		both.Go(func() { n[i], errs[i] = s.Server.Load(ctx, l) })
	}
	both.Wait()
	n[2], errs[2] = s.Server.Load(ctx, l)
	if n[0] != n[1] || n[1] != n[2] {
		errs[2] = errors.Join(errs[2], fmt.Errorf("three deliveries say %v rows", n))
	}
	return n[0], errors.Join(errs[:]...)
}

func (c *campaign) deliverTwice(t *testing.T) {
	t.Helper()
	c.open(t, func(w *world) {
		if _, err := w.serverLoader(twice{w.serverHot(t, c.store)}, nil).LoadPending(t.Context()); err != nil {
			t.Errorf("delivered twice: %v", err)
		}
	})
}

// twoLoaders starts two processes at once; the one that does not get the ownership says so and ends. The other one may
// be killed.
func (c *campaign) twoLoaders(t *testing.T) {
	t.Helper()
	step := 0
	if c.random.IntN(2) == 0 {
		step = 1 + c.random.IntN(24)
	}
	first, second := serverProcess(t, c.dir, c.store, step), serverProcess(t, c.dir, c.store, 0)
	for _, cmd := range []interface{ Start() error }{first, second} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Wait(); err != nil {
		c.failed++
	}
	if err := second.Wait(); err != nil && !strings.Contains(fmt.Sprint(second.Stderr), hotload.ErrOwned.Error()) {
		t.Errorf("the second loader: %v\n%s", err, second.Stderr)
	}
}
