package etl

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"tidegate/etl/pipeline"
)

// TestReplacedBetweenRuns has a second run list an object that was replaced after the first has read it.
func TestReplacedBetweenRuns(t *testing.T) {
	t.Parallel()
	var once sync.Once
	var l *lab
	second := make(chan error, 1)
	l = newLab(t, func(o *Options) {
		o.Step = func(n string) {
			if n != "ingested" {
				return
			}
			once.Do(func() {
				l.put(t, "1.gz", event("a", "2018-02-15T01:00:00Z", 1, ""), event("b", "2018-02-15T01:00:00Z", 1, ""))
				discovered := make(chan struct{})
				opt := *l.runner
				opt.Step = func(n string) {
					if n == "discovered" {
						close(discovered)
					}
				}
				p := l.events()
				p.UniqueKey = nil
				q, err := seal(p)
				if err != nil {
					t.Error(err)
				}
				go func() { _, err := opt.Run(t.Context(), []*pipeline.Pipeline{q}); second <- err }()
				<-discovered
			})
		}
	})
	p := l.events()
	p.UniqueKey = nil
	l.put(t, "1.gz", event("a", "2018-02-15T01:00:00Z", 1, ""))
	if _, err := l.run(t, p); err != nil {
		t.Error(err)
	}
	if err := <-second; err == nil || !strings.Contains(err.Error(), "1.gz was replaced after it was read") {
		t.Errorf("the second run: %v", err)
	}
	if got := l.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("rows of %v", got)
	}
}
