package hotload_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestRedshiftStageOfAnother has a loader that lost its connection, and with it the lock, while it stages: what the next
// one has staged stays where it is, and so does what others have below the stage.
func TestRedshiftStageOfAnother(t *testing.T) {
	t.Parallel()
	l := startRedshift(t)
	w, st := l.world(t), l.store("staged")
	st.OnS3 = false
	stage, err := st.stage()
	if err != nil {
		t.Fatal(err)
	}
	others := st.Schema + "/events/0000.parquet"
	if _, err := stage.Put(t.Context(), others, strings.NewReader("of somebody else")); err != nil {
		t.Fatal(err)
	}
	second := w.serverHot(t, st)
	load := oneLoad(t, w, second)
	staged, mayGo, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	second.Step = func(step string) {
		if step == "staged" {
			close(staged)
			<-mayGo
		}
	}
	first := w.serverHot(t, st)
	connect := first.Connect
	var connection *pgconn.PgConn
	first.Connect = func(ctx context.Context) (*pgconn.PgConn, error) {
		connection, err = connect(ctx)
		return connection, err
	}
	first.Step = func(step string) {
		if step != "staged" {
			return
		}
		if err := connection.Close(t.Context()); err != nil {
			t.Error(err)
		}
		go func() {
			defer close(done)
			if n, err := second.Load(t.Context(), load); n != 450 || err != nil {
				t.Errorf("the second loader: %d rows, %v", n, err)
			}
		}()
		<-staged
	}
	if _, err := first.Load(t.Context(), load); err == nil {
		t.Error("the first loader: no error")
	}
	close(mayGo)
	<-done
	if left := st.staged(t); !slices.Equal(left, []string{others}) {
		t.Errorf("in the stage: %q", left)
	}
}
