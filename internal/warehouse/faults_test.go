package warehouse_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/warehouse"
)

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]warehouse.Fault{
		"refuse":                  {At: warehouse.OnConnect, Effect: warehouse.Drop},
		"slow-queue=200ms":        {At: warehouse.BeforeStatement, Effect: warehouse.Delay, Pause: 200 * time.Millisecond},
		"pause-before-commit=1s":  {At: warehouse.BeforeCommit, Effect: warehouse.Delay, Pause: time.Second},
		"drop-before-commit*2":    {At: warehouse.BeforeCommit, Effect: warehouse.Drop, Times: 2},
		"drop-after-commit":       {At: warehouse.AfterCommit, Effect: warehouse.Drop},
		"serialization-failure*1": {At: warehouse.BeforeCommit, Effect: warehouse.Serialize, Times: 1},
	} {
		got, err := warehouse.ParseFault(text)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(warehouse.Fault{}, "Hit", "Until")); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "fire", "slow-queue", "slow-queue=soon", "refuse=1s", "drop-after-commit*0", "refuse*x"} {
		if f, err := warehouse.ParseFault(text); err == nil {
			t.Errorf("%q is %+v", text, f)
		}
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	l := start(t)
	l.connect(t)
	withdraw := l.Fail(warehouse.Fault{At: warehouse.OnConnect, Effect: warehouse.Drop})
	if c, err := pgconn.Connect(t.Context(), l.url()); err == nil {
		_ = c.Close(t.Context())
		t.Error("a refused client is in")
	}
	withdraw()
	l.connect(t)
}

func TestCommitThatIsLost(t *testing.T) {
	t.Parallel()
	for _, f := range []struct {
		fault warehouse.Fault
		want  string // rows afterwards
	}{
		{warehouse.Fault{At: warehouse.BeforeCommit, Effect: warehouse.Drop}, "0"},
		{warehouse.Fault{At: warehouse.AfterCommit, Effect: warehouse.Drop}, "1"},
		{warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Drop, Match: "insert"}, "0"},
		{warehouse.Fault{At: warehouse.AfterStatement, Effect: warehouse.Drop, Match: "insert"}, "0"},
	} {
		t.Run(fmt.Sprint(f.fault.At), func(t *testing.T) {
			t.Parallel()
			l := start(t)
			c := l.connect(t)
			ask(t, c, "create table t (n int)")
			withdraw := l.Fail(f.fault)
			ask(t, c, "begin")
			_, err := try(t, c, "insert into t values (1)")
			if err == nil {
				_, err = try(t, c, "commit")
			}
			if _, told := errors.AsType[*pgconn.PgError](err); err == nil || told || !c.IsClosed() {
				t.Errorf("the client was told: %v", err)
			}
			withdraw()
			again := l.connect(t)
			// It waits for the lock of the lost session, whose end the server notices on its own.
			same(t, "rows", ask(t, again, "begin; lock t; select count(*) from t"), f.want)
			ask(t, again, "delete from t; commit")
		})
	}
}

func TestSerializationFailureAndSlowQueue(t *testing.T) {
	t.Parallel()
	l := start(t, func(o *warehouse.Options) {
		o.Faults = []warehouse.Fault{{At: warehouse.BeforeCommit, Effect: warehouse.Serialize, Skip: 1, Times: 1}}
	})
	c := l.connect(t)
	ask(t, c, "create table t (n int)")
	ask(t, c, "begin; insert into t values (1); commit")
	ask(t, c, "begin; insert into t values (2)")
	refused(t, c, "commit", "40001", "Serializable isolation violation")
	if c.TxStatus() != 'I' {
		t.Errorf("status: %c", c.TxStatus())
	}
	ask(t, c, "begin; insert into t values (3); commit")
	same(t, "rows", ask(t, c, "select n from t order by n"), "1", "3")

	open := make(chan struct{})
	waiting := make(chan struct{}, 1)
	l.Fail(warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Delay, Match: "select 7", Until: open, Hit: func() { waiting <- struct{}{} }})
	got := make(chan []string, 1)
	go func() { got <- ask(t, c, "select 7") }()
	<-waiting
	select {
	case <-got:
		t.Error("the queue let it through")
	default:
	}
	close(open)
	same(t, "after the queue", <-got, "7")
}

// load is the exactly-once load that the stand-in is there to test, in its simplest form.
func load(t *testing.T, l *lab, batch string) error {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), l.url())
	if err != nil {
		return err
	}
	defer c.Close(t.Context())
	done, err := try(t, c, "begin; lock ledger; select 1 from ledger where batch = '"+batch+"'")
	if err != nil {
		return err
	}
	if len(done) > 0 {
		_, err = try(t, c, "rollback")
		return err
	}
	for _, sql := range []string{
		"create temp table stg (like fact)",
		"copy stg from 's3://lake/" + batch + "/manifest'" + role + " manifest format parquet",
		"insert into fact select * from stg",
		"insert into ledger values ('" + batch + "')",
		"commit",
	} {
		if _, err := try(t, c, sql); err != nil {
			return err
		}
	}
	return nil
}

// Loaders at the same time, duplicate deliveries, lost connections at random places: nothing is lost or doubled.
func TestLedgerSurvivesEverything(t *testing.T) {
	t.Parallel()
	l := start(t)
	c := l.connect(t)
	ask(t, c, "create table ledger (batch varchar(128)) diststyle all; create table fact (batch varchar(20), n int)")
	const batches = 12
	for b := range batches {
		l.parquet(t, fmt.Sprintf("b%d/part", b), fmt.Sprintf("select 'b%d' as batch, range::integer as n from range(10)", b))
		l.manifest(t, fmt.Sprintf("b%d/manifest", b), fmt.Sprintf("s3://lake/b%d/part!", b))
	}
	random := rand.New(rand.NewPCG(7, 7))
	points := []warehouse.Fault{
		{At: warehouse.BeforeCommit, Effect: warehouse.Drop},
		{At: warehouse.AfterCommit, Effect: warehouse.Drop},
		{At: warehouse.BeforeCommit, Effect: warehouse.Serialize},
		{At: warehouse.OnConnect, Effect: warehouse.Drop},
		{At: warehouse.BeforeStatement, Effect: warehouse.Drop, Match: "copy"},
		{At: warehouse.AfterStatement, Effect: warehouse.Drop, Match: "into fact"},
		{At: warehouse.AfterStatement, Effect: warehouse.Drop, Match: "into ledger"},
		{At: warehouse.BeforeStatement, Effect: warehouse.Drop, Match: "lock"},
	}
	for b := range batches {
		f := points[random.IntN(len(points))]
		f.Times, f.Skip = 1+random.IntN(2), random.IntN(2)
		withdraw := l.Fail(f)
		results := make(chan error)
		for range 2 { // two loaders, each until it has done it
			go func() {
				var err error
				for range 10 {
					if err = load(t, l, fmt.Sprintf("b%d", b)); err == nil {
						break
					}
				}
				results <- err
			}()
		}
		for range 2 {
			if err := <-results; err != nil {
				t.Errorf("batch %d with %s %s: %v", b, f.At, f.Effect, err)
			}
		}
		withdraw()
	}
	same(t, "ledger and rows", ask(t, c, "select (select count(*) from ledger), count(*), count(distinct batch || ':' || n) from fact"),
		fmt.Sprintf("%d|%d|%d", batches, batches*10, batches*10))
}
