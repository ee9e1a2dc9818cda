package gateway

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		list []string
		want string // or the SQLSTATE of the error
	}{
		{"timezone", []string{"Asia/Tokyo"}, "Asia/Tokyo"},
		{"timezone", []string{"utc"}, "UTC"},
		{"timezone", []string{"9"}, "<+09>-09"},
		{"timezone", []string{"-8"}, "<-08>+08"},
		{"timezone", []string{"Local"}, "22023"},
		{"timezone", []string{"../etc/passwd"}, "22023"},
		{"statement_timeout", []string{"1500"}, "1500ms"},
		{"statement_timeout", []string{"1 min"}, "1min"},
		{"statement_timeout", []string{"2h"}, "2h"},
		{"statement_timeout", []string{"0"}, "0"},
		{"statement_timeout", []string{"-1"}, "22023"},
		{"statement_timeout", []string{"1 parsec"}, "22023"},
		{"search_path", []string{"a", "B c", "$user"}, `a, "B c", "$user"`},
		{"datestyle", []string{"ISO", "YMD"}, "ISO, YMD"},
		{"datestyle", []string{"nonsense"}, "22023"},
		{"client_encoding", []string{"'utf-8'"}, "UTF8"},
		{"client_encoding", []string{"UNICODE"}, "UNICODE"},
		{"extra_float_digits", []string{"0"}, "0"},
		{"extra_float_digits", []string{"4"}, "22023"},
		{"application_name", []string{"naïve"}, "na??ve"},
		{"tidegate.max_scan", []string{"10 GB"}, "10 GB"},
		{"tidegate.max_scan", []string{"-1"}, "22023"},
		{"tidegate.generation", []string{"newest"}, "0"},
		{"tidegate.generation", []string{"x"}, "22023"},
		{"tidegate.max_staleness", []string{"90s"}, "90s"},
		{"tidegate.unknown", []string{"x"}, "42704"},
		{"unknown", []string{"x"}, "42704"},
		{"my.unknown", []string{"x", "y"}, "x, y"},
		{"server_version", []string{"16"}, "55P02"},
		{"work_mem", []string{"1", "2"}, "22023"},
	} {
		got, err := canonical(c.name, c.list, "")
		if err != nil {
			got = string(pgerr.CodeOf(err))
		}
		if got != c.want {
			t.Errorf("%s = %q: got %q, want %q (%v)", c.name, c.list, got, c.want, err)
		}
	}
}

// TestTableIsCanonical keeps the table's own values in the form that SET gives them.
func TestTableIsCanonical(t *testing.T) {
	t.Parallel()
	for _, s := range settingTable {
		if s.check == nil || s.initial == "" {
			continue
		}
		if got, err := s.check(s.name, s.initial); err != nil || got != s.initial {
			t.Errorf("%s: %q becomes %q, %v", s.name, s.initial, got, err)
		}
	}
}

func TestSplitIdentifiers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                      nil,
		"a":                     {"a"},
		` "$user" , Public`:     {"$user", "public"},
		`"a""b","c,d",E`:        {`a"b`, "c,d", "e"},
		`"open`:                 {"open"},
		`"x" y, z`:              {"x", "z"},
		` "a" `:                 {"a"},
		`web, "My Schema", pub`: {"web", "My Schema", "pub"},
	} {
		if diff := cmp.Diff(want, splitIdentifiers(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

// TestState shows what the planner sees of the settings.
func TestState(t *testing.T) {
	t.Parallel()
	s := &session{wire: &wire{}, settings: &settings{startup: values{"session_authorization": "ann"}, version: 1}}
	s.state.settings = s.settings
	for name, list := range map[string][]string{
		"tidegate.latency": {"Interactive"}, "tidegate.max_scan": {"2kB"}, "tidegate.generation": {"5"},
		"tidegate.max_staleness": {"2min"}, "timezone": {"Asia/Tokyo"}, "search_path": {"web", "X"}, "statement_timeout": {"3s"},
	} {
		value, err := canonical(name, list, "")
		if err != nil {
			t.Fatal(err)
		}
		s.settings.set(name, value, false)
	}
	s.begin()
	st := &s.state
	got := []any{st.Latency, st.MaxScan, st.Generation, st.MaxStaleness, st.TimeZone, st.Zone.String(), st.SearchPath, s.timeout}
	want := []any{"interactive", int64(2048), int64(5), 2 * time.Minute, "Asia/Tokyo", "Asia/Tokyo", []string{"web", "X"}, 3 * time.Second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if v, ok := st.Setting("tidegate.latency"); !ok || v != "interactive" {
		t.Errorf("Setting: %q, %v", v, ok)
	}
	if _, ok := st.Setting("nope"); ok {
		t.Error("an unknown setting was found")
	}
	if _, ok := (&State{}).Setting("timezone"); ok {
		t.Error("a state without a session has settings")
	}
}

// TestEscapesFollowTheDialect wants drivers to be told how to write a backslash, and nobody to change it.
func TestEscapesFollowTheDialect(t *testing.T) {
	t.Parallel()
	for dialect, own := range map[sql.Dialect]string{sql.Postgres: "on", sql.Redshift: "off"} {
		server := &Server{options: Options{Dialect: dialect}}
		v, err := (&guest{server: server, rules: server.rules(), said: &startup{user: "ann"}}).ownValues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s := &session{wire: &wire{}, server: server, settings: &settings{server: v, version: 1}}
		if got := s.settings.get(conformingStrings); got != own {
			t.Errorf("%v: %s, want %s", dialect, got, own)
		}
		for _, value := range []string{"on", "off"} {
			err := s.applyOne(&sql.Setting{Name: conformingStrings, Values: []string{value}})
			if want := value != own; (pgerr.CodeOf(err) == pgerr.FeatureNotSupported) != want {
				t.Errorf("%v: SET to %s: %v", dialect, value, err)
			}
		}
	}
}
