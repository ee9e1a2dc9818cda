package gateway

import (
	"strings"
	"sync"
	"sync/atomic"

	"tidegate/internal/pgerr"
)

// SettingChange is what set_config is called with.
type SettingChange struct {
	Name, Value string
	Reset       bool // the value is NULL
	Local       bool
}

// called are the settings as functions of the session's statement find them, and what those functions change. An engine
// calls them from threads of its own, so what they change becomes the session's when that looks: at a result's first row,
// and when the statement has ended.
type called struct {
	waiting atomic.Bool // len(changes) > 0

	mu      sync.Mutex
	now     settings         // guarded by mu
	changes []changedSetting // guarded by mu
}

// changedSetting is a change that is allowed.
type changedSetting struct {
	SettingChange
	canonical string
}

// follow makes the functions see the session's settings.
func (c *called) follow(s *settings) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = *s
}

// take gives what was changed, once.
func (c *called) take() []changedSetting {
	if !c.waiting.Load() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	changes := c.changes
	c.changes = nil
	c.waiting.Store(false)
	return changes
}

// forget drops what a statement that failed has changed: the settings are told again when the next one begins.
func (c *called) forget() { c.take() }

// settle makes what functions have changed the session's.
func (s *session) settle() {
	for _, c := range s.called.take() {
		s.keepModes(c.Name)
		s.tellClipped(c.Name, c.Value)
		s.settings.set(c.Name, c.canonical, c.Local)
	}
}

// CurrentSetting is current_setting of the session pid; ok is false if the setting is not there and may be missing. It is
// called while one of the session's statements runs.
func (s *Server) CurrentSetting(pid int32, name string, missing bool) (value string, ok bool, err error) {
	x := s.session(pid)
	if x == nil {
		return "", false, errShutdown()
	}
	x.called.mu.Lock()
	defer x.called.mu.Unlock()
	value, ok = x.called.now.show(strings.ToLower(name))
	if !ok && !missing {
		err = unrecognized(name)
		x.work.interrupt(err) // an engine would tell no more of it than its message
	}
	return value, ok, err
}

// SetConfig is set_config of the session pid, and gives the new value. It is called as CurrentSetting is.
func (s *Server) SetConfig(pid int32, c SettingChange) (string, error) {
	x := s.session(pid)
	if x == nil {
		return "", errShutdown()
	}
	x.called.mu.Lock()
	defer x.called.mu.Unlock()
	value, err := x.called.change(x.state.User, s.escapes(), c)
	if err != nil {
		x.work.interrupt(err)
	}
	return value, err
}

// change checks a change and makes it. own is what the dialect says of backslashes.
func (c *called) change(user, own string, to SettingChange) (string, error) {
	if to.Name == "" {
		return "", &pgerr.Error{Code: "22004", Message: "SET requires parameter name"}
	}
	to.Name, to.Local = strings.ToLower(to.Name), to.Local || isMode(to.Name)
	before := c.now.get(to.Name)
	value, err := written(to.Name, to.Value, before)
	if to.Reset {
		began := settings{server: c.now.server, startup: c.now.startup}
		value, err = began.get(to.Name), checkCustomName(to.Name)
		if findSetting(to.Name) != nil {
			_, err = canonical(to.Name, []string{value}, before)
		}
	}
	if err == nil {
		err = allowIdentity(user, to.Name, value)
	}
	if err == nil {
		err = allowEscapes(own, to.Name, value)
	}
	if err == nil {
		err = allowMode(to.Name, value == before, value, true, false)
	}
	if err != nil {
		return "", err
	}
	c.now.set(to.Name, value, to.Local)
	c.changes = append(c.changes, changedSetting{to, value})
	c.waiting.Store(true)
	return value, nil
}
