package gateway

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// setting is one row of the table of settings.
type setting struct {
	name        string // as SHOW ALL and ParameterStatus spell it
	initial     string
	description string
	report      bool // ParameterStatus is sent when it changes
	fixed       bool // nobody can change it
	list        bool // several values, joined by commas
	// check gives the canonical form of a value, or why it is none. nil takes every value.
	check func(name, value string) (string, error)
	// after is check for a value that changes a part of the current one.
	after func(value, current string) (string, error)
}

// values are settings by lower-case name. They are replaced, never changed, so that a copy is a snapshot.
type values map[string]string

func (v values) with(name, value string) values {
	c := maps.Clone(v)
	if c == nil {
		c = values{}
	}
	c[name] = value
	return c
}

func (v values) without(name string) values {
	c := maps.Clone(v)
	delete(c, name)
	return c
}

// settings are a session's settings with PostgreSQL's scopes: SET LOCAL before SET before what the startup message
// said before the server's own.
type settings struct {
	server  values // where it differs from the table
	startup values
	session values
	local   values // of the transaction
	// version grows with every change, so that others notice one cheaply.
	version int
}

// snapshot is what ROLLBACK brings back.
type snapshot struct{ session, local values }

func (s *settings) snapshot() snapshot { return snapshot{s.session, s.local} }

func (s *settings) restore(to snapshot) {
	s.session, s.local = to.session, to.local
	s.version++
}

// dropLocal ends SET LOCAL, at the end of a transaction.
func (s *settings) dropLocal() {
	if s.local != nil {
		s.local = nil
		s.version++
	}
}

func findSetting(name string) *setting {
	for i := range settingTable {
		if strings.EqualFold(settingTable[i].name, name) {
			return &settingTable[i]
		}
	}
	return nil
}

// show gives a setting's value; name in lower case.
func (s *settings) show(name string) (string, bool) {
	for _, scope := range []values{s.local, s.session, s.startup, s.server} {
		if v, ok := scope[name]; ok {
			return v, true
		}
	}
	switch name {
	case "transaction_isolation", "transaction_read_only", "transaction_deferrable":
		return s.show("default_" + name)
	}
	if t := findSetting(name); t != nil {
		return t.initial, true
	}
	return "", false
}

// get is show for settings of the table.
func (s *settings) get(name string) string {
	v, _ := s.show(name)
	return v
}

func unrecognized(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter %q", name)
}

// canonical checks a value for a setting. A name without a dot must be in the table; one with a dot is the client's
// own, except ours. current is the setting's value before.
func canonical(name string, list []string, current string) (string, error) {
	t := findSetting(name)
	switch {
	case t == nil && (!strings.Contains(name, ".") || strings.HasPrefix(name, "tidegate.")):
		return "", unrecognized(name)
	case t == nil:
		return strings.Join(list, ", "), checkCustomName(name)
	case t.fixed:
		return "", &pgerr.Error{Code: "55P02", Message: `parameter "` + t.name + `" cannot be changed`}
	case t.list:
		quoted := make([]string, len(list))
		for i, v := range list {
			quoted[i] = quoteIdentifier(v)
		}
		return strings.Join(quoted, ", "), nil
	case t.after != nil:
		return t.after(strings.Join(list, ", "), current)
	case len(list) > 1:
		return "", pgerr.New(pgerr.InvalidParameterValue, "SET %s takes only one argument", name)
	case t.check == nil:
		return strings.Join(list, ", "), nil
	}
	return t.check(t.name, strings.Join(list, ", "))
}

// written is canonical of a value as a person writes it: a list stays as it is.
func written(name, value, current string) (string, error) {
	if t := findSetting(name); t == nil || !t.list {
		return canonical(name, []string{value}, current)
	}
	if !identifierList.MatchString(value) {
		return "", invalidValue(name, value).WithDetail("List syntax is invalid.")
	}
	return value, nil
}

// set changes a setting for the session or, local, for the transaction.
func (s *settings) set(name, value string, local bool) {
	if local {
		s.local = s.local.with(name, value)
	} else {
		// A later SET of the same transaction is stronger than SET LOCAL before it.
		s.session, s.local = s.session.with(name, value), s.local.without(name)
	}
	s.version++
}

// reset brings back what the session began with; "" is every setting.
func (s *settings) reset(name string) error {
	switch t := findSetting(name); {
	case name == "":
		own := s.local // a transaction's own modes are not reset
		s.session, s.local = nil, nil
		for name, value := range own {
			if isMode(name) {
				s.local = s.local.with(name, value)
			}
		}
	case t == nil && !strings.Contains(name, "."):
		return unrecognized(name)
	case t != nil && t.fixed:
		return &pgerr.Error{Code: "55P02", Message: `parameter "` + t.name + `" cannot be changed`}
	default:
		s.session, s.local = s.session.without(name), s.local.without(name)
	}
	s.version++
	return nil
}

// style gives how values are shown, in zone.
func (s *settings) style(zone *time.Location) pgtypes.Style {
	style := pgtypes.Style{Zone: zone}
	// The checks of the settings have read all of these before.
	_ = style.ParseDateStyle(s.get("datestyle"))
	style.Intervals, _ = pgtypes.ParseIntervalStyle(s.get("intervalstyle"))
	digits, _ := strconv.Atoi(s.get("extra_float_digits"))
	style.FewerDigits = max(1-digits, 0)
	style.EscapeBytea = s.get("bytea_output") == "escape"
	return style
}

// all lists every setting for SHOW ALL, by name.
func (s *settings) all() [][]string {
	rows := make([][]string, 0, len(settingTable))
	for _, t := range settingTable {
		rows = append(rows, []string{t.name, s.get(strings.ToLower(t.name)), t.description})
	}
	for _, scope := range []values{s.local, s.session, s.startup, s.server} {
		for name := range scope {
			known := func(row []string) bool { return strings.EqualFold(row[0], name) }
			if !slices.ContainsFunc(rows, known) {
				rows = append(rows, []string{name, s.get(name), ""})
			}
		}
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(strings.ToLower(a[0]), strings.ToLower(b[0])) })
	return rows
}

// InitialSetting is a setting and its value where nobody says another.
type InitialSetting struct{ Name, Value, Description string }

// InitialSettings gives all settings but clients' own.
func InitialSettings() []InitialSetting {
	all := make([]InitialSetting, len(settingTable))
	for i, t := range settingTable {
		all[i] = InitialSetting{t.name, t.initial, t.description}
	}
	return all
}

// Settings gives what a session shows, by name. The session of that number must be the caller's own: nobody else may look.
func (s *Server) Settings(pid int32) map[string]string {
	x := s.session(pid)
	if x == nil {
		return nil
	}
	values := map[string]string{}
	for _, row := range x.settings.all() {
		values[row[0]] = row[1]
	}
	return values
}

// applySet runs SET and RESET.
func (s *session) applySet(set *sql.Setting) error {
	for _, one := range append([]sql.Setting{*set}, set.More...) {
		if err := s.applyOne(&one); err != nil {
			return err
		}
	}
	if set.Default && set.Name == "transaction_isolation" && !s.tx.block {
		s.notice(warning(pgerr.NoActiveTransaction, "RESET TRANSACTION can only be used in transaction blocks"))
	}
	if set.Local && !s.tx.block {
		verb := "SET LOCAL"
		if isMode(set.Name) {
			verb = "SET TRANSACTION"
		}
		s.notice(warning(pgerr.NoActiveTransaction, verb+" can only be used in transaction blocks"))
	}
	return nil
}

func (s *session) applyOne(set *sql.Setting) error {
	s.keepModes(set.Name)
	if set.Default {
		return s.settings.reset(set.Name)
	}
	value, err := canonical(set.Name, set.Values, s.settings.get(set.Name))
	if err != nil {
		return err
	}
	s.tellClipped(set.Name, strings.Join(set.Values, ", "))
	if err := allowIdentity(s.state.User, set.Name, value); err != nil {
		return err
	}
	if err := allowEscapes(s.server.escapes(), set.Name, value); err != nil {
		return err
	}
	if err := allowMode(set.Name, value == s.settings.get(set.Name), value, s.tx.queried, len(s.tx.savepoints) > 0); err != nil {
		return err
	}
	local := set.Local || isMode(set.Name)
	s.settings.set(set.Name, value, local)
	return nil
}

// escapes is the only conformingStrings of the server.
func (s *Server) escapes() string { return onOff(s.options.Dialect == sql.Postgres) }

// conformingStrings says whether a backslash in '…' is itself: drivers write texts by it. The dialect decides.
const conformingStrings = "standard_conforming_strings"

func allowEscapes(own, name, value string) error {
	if name == conformingStrings && value != own {
		return pgerr.New(pgerr.FeatureNotSupported, "%s %q is not supported, only %q is", name, value, own)
	}
	return nil
}

// allowIdentity refuses that a user becomes somebody else: there are no roles to change to.
func allowIdentity(user, name, value string) error {
	switch {
	case name != "role" && name != "session_authorization":
		return nil
	case value == user, name == "role" && strings.EqualFold(value, "none"):
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to set %s %q", strings.ReplaceAll(name, "_", " "), value)
}
