package catalogtest

import (
	"testing"
	"time"

	"tidegate/catalog"
)

// keepNotices is how long notices are worth telling in these tests.
const keepNotices = 24 * time.Hour

var firstHour = time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)

func afterAMinute(int) time.Duration { return time.Minute }

// openIncidents gives the open incidents as "kind rule text".
func openIncidents(t *testing.T, s catalog.Store) []string {
	t.Helper()
	all, err := s.Incidents(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, i := range all {
		told = append(told, string(i.Kind)+" "+i.Rule+" "+i.Text)
	}
	return told
}

// claimAll claims and delivers what is due for a target, as "event kind rule".
func claimAll(t *testing.T, s catalog.Store, target string, now time.Time) []string {
	t.Helper()
	told := []string{}
	for {
		n, found, err := s.ClaimNotice(t.Context(), target, now, keepNotices, afterAMinute)
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			return told
		}
		told = append(told, string(n.Event)+" "+string(n.Kind)+" "+n.Rule)
		if err := s.NoticeDelivered(t.Context(), n, target, now); err != nil {
			t.Fatal(err)
		}
	}
}

func raise(t *testing.T, s catalog.Store, kind catalog.IncidentKind, text string, at time.Time) {
	t.Helper()
	if err := s.Raise(t.Context(), catalog.Incident{Table: Events(), Kind: kind, Text: text, SeenAt: at}); err != nil {
		t.Fatal(err)
	}
}

func incidents(t *testing.T, open Opener) {
	t.Helper()
	s, other := open(t), open(t)
	raise(t, s, catalog.IncidentFailure, "first", firstHour)
	raise(t, other, catalog.IncidentFailure, "again", firstHour.Add(time.Hour))
	equal(t, "open", openIncidents(t, s), []string{"failure  again"})
	all, err := other.Incidents(t.Context(), time.Time{})
	if err != nil || len(all) != 1 || !all[0].OpenedAt.Equal(firstHour) || !all[0].SeenAt.Equal(firstHour.Add(time.Hour)) {
		t.Errorf("%+v, %v", all, err)
	}
	if err := s.Resolve(t.Context(), Events(), firstHour.Add(2*time.Hour), catalog.OfKind(catalog.IncidentStop, catalog.IncidentWarn)); err != nil {
		t.Fatal(err)
	}
	equal(t, "open after others were resolved", openIncidents(t, s), []string{"failure  again"})
	for range 2 {
		if err := s.Resolve(t.Context(), Events(), firstHour.Add(2*time.Hour), catalog.OfKind(catalog.IncidentFailure)); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "open after it was resolved", openIncidents(t, s), []string{})
	for _, from := range []struct {
		hours int
		want  int
	}{{1, 1}, {2, 1}, {3, 0}} {
		all, err := s.Incidents(t.Context(), firstHour.Add(time.Duration(from.hours)*time.Hour))
		if err != nil || len(all) != from.want {
			t.Errorf("resolved from hour %d on: %+v, %v", from.hours, all, err)
		}
	}
	raise(t, s, catalog.IncidentFailure, "a second one", firstHour.Add(3*time.Hour))
	equal(t, "the outbox", claimAll(t, other, "a", firstHour.Add(3*time.Hour)),
		[]string{"opened failure ", "resolved failure ", "opened failure "})
	equal(t, "the outbox again", claimAll(t, s, "a", firstHour.Add(4*time.Hour)), []string{})
	equal(t, "another target's", claimAll(t, s, "b", firstHour.Add(keepNotices+150*time.Minute)), []string{"opened failure "})
	if v := view(t, s); v.Generation != 0 {
		t.Errorf("incidents made generation %d", v.Generation)
	}
}

func claims(t *testing.T, open Opener) {
	t.Helper()
	s, other := open(t), open(t)
	raise(t, s, catalog.IncidentFailure, "x", firstHour)
	if err := s.Resolve(t.Context(), Events(), firstHour, catalog.OfKind(catalog.IncidentFailure)); err != nil {
		t.Fatal(err)
	}
	claim := func(s catalog.Store, after time.Duration, want catalog.NoticeEvent, attempts int) catalog.Notice {
		t.Helper()
		n, found, err := s.ClaimNotice(t.Context(), "a", firstHour.Add(after), keepNotices, afterAMinute)
		if err != nil || found != (want != "") || n.Event != want || n.Attempts != attempts {
			t.Errorf("after %s: %+v, %v, %v; want %q, attempt %d", after, n, found, err, want, attempts)
		}
		return n
	}
	claim(s, 0, catalog.NoticeOpened, 1)
	claim(other, 59*time.Second, "", 0) // somebody has it; and nobody is told first that it is resolved
	opened := claim(other, time.Minute, catalog.NoticeOpened, 2)
	if err := other.NoticeDelivered(t.Context(), opened, "a", firstHour.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	claim(s, 2*time.Minute, catalog.NoticeResolved, 1)
	claim(s, 3*time.Minute, catalog.NoticeResolved, 2)
	if err := s.ForgetNotices(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim(s, 10*time.Minute, "", 0)
}

// publishedIncidents has batches raise and resolve what their records tell, with the publication or not at all.
func publishedIncidents(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	rule := func(rule string, accepted bool) catalog.BrokenRule {
		action := "warn"
		if accepted {
			action = "stop"
		}
		return catalog.BrokenRule{Rule: rule, Action: action, Expected: "2", Found: "1", Accepted: accepted}
	}
	record := func(batch string, seq int64, n catalog.Notes) *catalog.Record {
		r := Record(batch, seq, Partition{day15, []int64{1}})
		r.Notes = n
		return r
	}
	told := func(what string, opened []string, notices ...string) {
		t.Helper()
		equal(t, "open after "+what, openIncidents(t, s), opened)
		equal(t, "notices after "+what, claimAll(t, s, "a", firstHour.Add(time.Minute)), append([]string{}, notices...))
	}
	raise(t, s, catalog.IncidentAbsence, "late", firstHour)
	first := record("b1", 1, catalog.Notes{Broken: []catalog.BrokenRule{rule("silent", false), rule("row_change", true)}})
	mustPublish(t, s, first)
	mustPublish(t, s, first) // as after a crash
	const silent = "warn silent rule silent: expected 2, found 1"
	told("a warning", []string{silent, "warn row_change rule row_change: expected 2, found 1, accepted"},
		"opened absence ", "resolved absence ", "opened warn silent", "opened warn row_change")

	conflict := record("b2", 1, catalog.Notes{Broken: []catalog.BrokenRule{rule("freshness", false)}})
	_, err := s.Publish(t.Context(), conflict)
	wantConflict(t, "the seq of another batch", err)
	mustPublish(t, s, record("b2", 2, catalog.Notes{Broken: []catalog.BrokenRule{rule("silent", false)}, Overrun: &catalog.Overrun{Seconds: 95, Expected: 40}}))
	told("the next batch", []string{silent, "overrun  the batch took 95 s, expected are 40 s"}, "resolved warn row_change", "opened overrun ")

	requeued := record("b3", 3, catalog.Notes{})
	requeued.Kind = catalog.RecordRequeue
	mustPublish(t, s, requeued)
	told("a requeue", []string{silent, "overrun  the batch took 95 s, expected are 40 s"})
	mustPublish(t, s, record("b4", 4, catalog.Notes{}))
	told("a good batch", []string{}, "resolved warn silent", "resolved overrun ")
}

func failureIncidents(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	fail := func(batch, reason string, broken ...catalog.BrokenRule) {
		t.Helper()
		b := catalog.Batch{Table: Events(), ID: batch, Revision: 1, Reason: reason, FailedAt: firstHour, Notes: catalog.Notes{Broken: broken}}
		if err := s.NoteFailure(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	stop := catalog.BrokenRule{Rule: "row_change", Action: "stop", Expected: "2", Found: "1"}
	accepted := catalog.BrokenRule{Rule: "silent", Action: "stop", Accepted: true}
	fail("b1", "no space left")
	fail("b1", "no space left")
	fail("b2", "rule row_change …", stop, accepted, catalog.BrokenRule{Rule: "freshness", Action: "warn"})
	fail("b2", "no space left", accepted)
	equal(t, "open", openIncidents(t, s), []string{"failure  no space left", "stop row_change rule row_change: expected 2, found 1"})
	equal(t, "notices", claimAll(t, s, "a", firstHour), []string{"opened failure ", "opened stop row_change"})
	mustPublish(t, s, Record("b2", 1, Partition{day15, []int64{1}}))
	equal(t, "open after another batch", len(openIncidents(t, s)), 2) // who knows whether b1 is well
}

func absences(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	absent := func(since time.Time) {
		t.Helper()
		i := catalog.Incident{Table: Events(), Kind: catalog.IncidentAbsence, Text: "late", SeenAt: firstHour}
		if err := s.RaiseAbsence(t.Context(), i, since); err != nil {
			t.Fatal(err)
		}
	}
	r := Record("b1", 1, Partition{day15, []int64{1}})
	mustPublish(t, s, r)
	requeued := Record("b2", 2, Partition{day15, []int64{1}})
	requeued.Kind, requeued.CommittedAt = catalog.RecordRequeue, r.CommittedAt.Add(time.Hour)
	mustPublish(t, s, requeued)
	if err := s.NoteFailure(t.Context(), catalog.Batch{Table: Events(), ID: "b3", Revision: 1, StartedAt: r.CommittedAt.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Resolve(t.Context(), Events(), firstHour, catalog.OfKind(catalog.IncidentFailure)); err != nil {
		t.Fatal(err)
	}
	absent(r.CommittedAt)
	equal(t, "with a batch", openIncidents(t, s), []string{})
	absent(r.CommittedAt.Add(time.Microsecond))
	equal(t, "without one", openIncidents(t, s), []string{"absence  late"})
}

// oldIncidents wants incidents to go 30 days after they were resolved, with the next that opens, and open ones to stay.
func oldIncidents(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	raise(t, s, catalog.IncidentFailure, "stays open", firstHour)
	raise(t, s, catalog.IncidentStop, "over", firstHour)
	if err := s.Resolve(t.Context(), Events(), firstHour, catalog.OfKind(catalog.IncidentStop)); err != nil {
		t.Fatal(err)
	}
	claimAll(t, s, "a", firstHour)
	for _, c := range []struct {
		days, want int
		kind       catalog.IncidentKind
	}{{29, 3, catalog.IncidentWarn}, {31, 3, catalog.IncidentOverrun}} {
		raise(t, s, c.kind, "another", firstHour.Add(time.Duration(c.days)*24*time.Hour))
		all, err := s.Incidents(t.Context(), firstHour)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != c.want {
			t.Errorf("%d incidents after %d days, want %d: %v", len(all), c.days, c.want, all)
		}
	}
}
