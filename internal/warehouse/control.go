package warehouse

import (
	"context"
	"maps"
	"slices"
	"strings"

	wire "github.com/jeroenrinzema/psql-wire"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// planSession knows the statements about the session itself: transactions, locks, parameters. Both results are nil
// for others.
func (s *session) planSession(st statement) (*action, error) {
	c := st.cursor()
	c.next()
	switch st.verb() {
	case "begin", "start":
		return control(s.beginBlock), nil
	case "commit", "end":
		return control(s.commitBlock), nil
	case "rollback", "abort":
		if slices.ContainsFunc(st.tokens, func(t token) bool { return t.is("to") }) {
			return nil, unsupported("SAVEPOINT")
		}
		return control(s.rollbackBlock), nil
	case "lock":
		return s.planLock(c)
	case "set":
		return s.planSet(c)
	case "reset":
		return s.planReset(c)
	case "show":
		return s.planShow(c)
	case "vacuum":
		return control(s.vacuum), nil
	case "analyze", "analyse", "grant", "revoke", "comment":
		// Statistics, rights and descriptions change nothing that this stand-in answers.
		return control(done(strings.ToUpper(st.verb()))), nil
	}
	return nil, nil
}

func control(run func(context.Context) (string, error)) *action {
	return &action{control: true, run: func(ctx context.Context, _ wire.DataWriter) (string, error) { return run(ctx) }}
}

func done(tag string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return tag, nil }
}

func (s *session) beginBlock(context.Context) (string, error) {
	if s.tx == txBlock {
		return "BEGIN", s.conn.notice("WARNING", string(pgerr.ActiveTransaction), "there is already a transaction in progress")
	}
	s.tx = txBlock
	return "BEGIN", nil
}

func (s *session) commitBlock(ctx context.Context) (string, error) {
	switch s.tx {
	case txFailed:
		return "ROLLBACK", s.rollback(ctx)
	case txNone:
		return "COMMIT", s.noBlock()
	default:
		return "COMMIT", s.commit(ctx)
	}
}

func (s *session) rollbackBlock(ctx context.Context) (string, error) {
	if s.tx == txNone {
		return "ROLLBACK", s.noBlock()
	}
	return "ROLLBACK", s.rollback(ctx)
}

func (s *session) noBlock() error {
	return s.conn.notice("WARNING", string(pgerr.NoActiveTransaction), "there is no transaction in progress")
}

func (s *session) vacuum(context.Context) (string, error) {
	if s.tx == txBlock {
		return "", pgerr.New(pgerr.ActiveTransaction, "VACUUM cannot run inside a transaction block")
	}
	return "VACUUM", nil
}

// planLock is LOCK [TABLE] name [, …]: alone with the table to the end of the block. It takes no snapshot.
func (s *session) planLock(c *cursor) (*action, error) {
	c.accept("table")
	var tables []table
	for {
		t, err := c.table()
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
		if !c.accept(",") {
			break
		}
	}
	return control(func(ctx context.Context) (string, error) {
		if s.tx != txBlock {
			return "", pgerr.New(pgerr.NoActiveTransaction, "LOCK TABLE can only be used in transaction blocks")
		}
		for _, t := range tables {
			if _, err := s.relation(ctx, t); err != nil {
				return "", err
			}
			for _, l := range s.lock(t, accessExclusive) {
				if err := s.w.locks.acquire(ctx, &s.locks, l.key, l.mode); err != nil {
					return "", err
				}
			}
		}
		return "LOCK TABLE", nil
	}), c.done()
}

// planSet is SET [SESSION | LOCAL] name TO value [, …], and SET TIME ZONE.
func (s *session) planSet(c *cursor) (*action, error) {
	local := c.accept("local")
	if !local {
		c.accept("session")
	}
	if c.peek().is("authorization") || c.peek().is("transaction") || c.peek().is("characteristics") {
		return nil, unsupported("SET " + strings.ToUpper(c.peek().value))
	}
	name := "timezone"
	if !c.accept("time", "zone") {
		var err error
		if name, err = c.settingName(); err != nil {
			return nil, err
		}
		if !c.accept("to") && !c.accept("=") {
			return nil, c.unexpected()
		}
	}
	value, err := c.settingValue(name)
	if err != nil {
		return nil, err
	}
	return control(func(ctx context.Context) (string, error) {
		old := s.settings.values[name]
		if err := s.set(ctx, name, value); err != nil {
			return "", err
		}
		if _, kept := s.restore[name]; local && s.tx == txBlock && !kept {
			s.restore[name] = old
		}
		return "SET", s.report(name)
	}), c.done()
}

func (c *cursor) settingName() (string, error) {
	name, err := c.identifier()
	if err != nil || !c.accept(".") {
		return name, err
	}
	member, err := c.identifier() // an application's own: "app.user_id"
	return name + "." + member, err
}

// settingValue reads a value or a list of them; DEFAULT is the value of a new session.
func (c *cursor) settingValue(name string) (string, error) {
	if c.accept("default") {
		return defaults()[name], nil
	}
	var parts []string
	for {
		sign := ""
		if c.accept("-") {
			sign = "-"
		}
		t := c.next()
		switch t.kind {
		case word, quoted, text, number:
			parts = append(parts, sign+t.value)
		default:
			c.back(t)
			return "", c.unexpected()
		}
		if !c.accept(",") {
			return strings.Join(parts, ", "), nil
		}
	}
}

// report tells the client of parameters that drivers follow.
func (s *session) report(name string) error {
	reported := map[string]string{"timezone": "TimeZone", "datestyle": "DateStyle", "client_encoding": "client_encoding"}[name]
	if reported == "" {
		return nil
	}
	_, err := s.conn.Conn.Write(parameterStatus(reported, s.settings.values[name]))
	return err
}

func (s *session) planReset(c *cursor) (*action, error) {
	names := slices.Sorted(maps.Keys(defaults()))
	if !c.accept("all") {
		name, err := c.settingName()
		if err != nil {
			return nil, err
		}
		if _, err := newSettings().get(name); err != nil {
			return nil, err
		}
		names = []string{name}
	}
	return control(func(ctx context.Context) (string, error) {
		for _, name := range names {
			if slices.Contains(readOnly, name) {
				continue
			}
			if err := s.set(ctx, name, defaults()[name]); err != nil {
				return "", err
			}
		}
		return "RESET", nil
	}), c.done()
}

func (s *session) planShow(c *cursor) (*action, error) {
	if c.accept("all") {
		return shown(textColumns("name", "setting"), func() ([][]string, error) {
			var out [][]string
			for _, name := range slices.Sorted(maps.Keys(s.settings.values)) {
				out = append(out, []string{name, s.settings.values[name]})
			}
			return out, nil
		}), c.done()
	}
	name := "timezone"
	if !c.accept("time", "zone") {
		var err error
		if name, err = c.settingName(); err != nil {
			return nil, err
		}
	}
	if c.peek().kind != end {
		return nil, unsupported("SHOW " + strings.ToUpper(name))
	}
	if _, err := s.settings.get(name); err != nil {
		return nil, err
	}
	return shown(textColumns(name), func() ([][]string, error) {
		v, err := s.settings.get(name)
		return [][]string{{v}}, err
	}), nil
}

func shown(columns []engine.Column, rows func() ([][]string, error)) *action {
	return &action{control: true, columns: columns, run: func(_ context.Context, w wire.DataWriter) (string, error) {
		texts, err := rows()
		if err != nil {
			return "", err
		}
		return "SHOW", sendTexts(w, texts)
	}}
}
