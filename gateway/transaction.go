package gateway

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// transaction is the session's place in PostgreSQL's transaction states. What it holds together here is now(), the
// generation, SET LOCAL, and the life of portals; what it changes in the warehouse is in changes.
type transaction struct {
	active   bool // something has begun: a statement alone, a block, or a pipeline up to Sync
	explicit bool // by BEGIN
	block    bool // explicit, or several statements in one simple query
	failed   bool
	queried  bool // has read data, so its isolation is fixed

	number     transactionID
	now        time.Time
	pinned     int64
	saved      snapshot
	savepoints []savepoint
}

type savepoint struct {
	name  string
	saved snapshot
	told  place // of what is told when the transaction commits
	locks int64 // advisory ones that the transaction had
}

// transactionID tells transactions of one session apart.
type transactionID int64

func (t *transaction) id() transactionID { return t.number }

// status is the byte of ReadyForQuery.
func (t *transaction) status() byte {
	switch {
	case !t.explicit:
		return 'I'
	case t.failed:
		return 'E'
	}
	return 'T'
}

// enter begins a transaction unless one is active.
func (s *session) enter() {
	if !s.tx.active {
		s.transactions++
		s.advisory.transaction.Store(int64(s.transactions))
		s.tx = transaction{active: true, number: s.transactions, now: s.now, saved: s.settings.snapshot()}
	}
}

// leave ends a transaction: portals die, SET LOCAL ends, a rollback also takes SET back.
func (s *session) leave(rollback bool) {
	if !s.tx.active {
		return
	}
	if rollback {
		s.settings.restore(s.tx.saved)
	}
	s.settings.dropLocal()
	s.dropPortals(func(p *portal) bool { return !p.hold || rollback && p.born == s.tx.id() })
	s.endAdvisory(0)
	s.advisory.transaction.Store(0)
	s.tx = transaction{}
}

// abort makes the transaction a failed one: what SET did since its innermost savepoint is taken back at once.
func (s *session) abort() {
	s.called.forget()
	if !s.tx.active || s.tx.failed {
		return
	}
	s.tx.failed = true
	to, locks := s.tx.saved, int64(0)
	if n := len(s.tx.savepoints); n > 0 {
		to, locks = s.tx.savepoints[n-1].saved, s.tx.savepoints[n-1].locks
	}
	s.endAdvisory(locks)
	modes := s.modes()
	s.settings.restore(to)
	s.setModes(modes)
}

// modes are the transaction's own settings: isolation and access.
func (s *session) modes() values {
	m := values{}
	for name, v := range s.settings.local {
		if isMode(name) {
			m[name] = v
		}
	}
	return m
}

// isMode reports whether a setting is one of the transaction's own: its isolation, access and deferral.
func isMode(name string) bool { return strings.HasPrefix(name, "transaction_") }

func (s *session) setModes(m values) {
	for name, v := range m {
		s.settings.set(name, v, true)
	}
}

// keepModes makes a mode the transaction's own before its default changes: that is for transactions to come.
func (s *session) keepModes(name string) {
	mode, ok := strings.CutPrefix(name, "default_")
	if !ok || !isMode(mode) {
		return
	}
	if _, own := s.settings.local[mode]; !own {
		s.settings.set(mode, s.settings.get(mode), true)
	}
}

// allowMode keeps a transaction that has begun to read, or has savepoints, from becoming another: the check_ functions
// of PostgreSQL's variable.c.
func allowMode(name string, same bool, value string, queried, nested bool) error {
	switch name {
	case "transaction_isolation":
		switch {
		case same:
		case queried:
			return pgerr.New(pgerr.ActiveTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		case nested:
			return pgerr.New(pgerr.ActiveTransaction, "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction")
		}
	case "transaction_read_only":
		switch {
		case same || value == "on":
		case nested:
			return pgerr.New(pgerr.ActiveTransaction, "cannot set transaction read-write mode inside a read-only transaction")
		case queried:
			return pgerr.New(pgerr.ActiveTransaction, "transaction read-write mode must be set before any query")
		}
	case "transaction_deferrable":
		switch {
		case nested:
			return pgerr.New(pgerr.ActiveTransaction, "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction")
		case queried:
			return pgerr.New(pgerr.ActiveTransaction, "SET TRANSACTION [NOT] DEFERRABLE must be called before any query")
		}
	}
	return nil
}

// leaveImplicit ends what no BEGIN began, after a simple query or at Sync. The error is that of a COMMIT.
func (s *session) leaveImplicit(ctx context.Context) error {
	if s.tx.explicit {
		return nil
	}
	return s.finish(ctx, s.tx.failed)
}

// finish commits the transaction or rolls it back. It is rolled back if it cannot be committed.
func (s *session) finish(ctx context.Context, rollback bool) error {
	var held error
	if !rollback {
		held = s.keepHeld()
	}
	rollback = rollback || held != nil
	err := s.endChanges(ctx, rollback)
	s.leave(rollback || err != nil)
	return cmp.Or(held, err)
}

// sync ends a pipeline.
func (s *session) sync(ctx context.Context) error {
	if err := s.leaveImplicit(ctx); err != nil {
		if err := s.fail(err); err != nil {
			return err
		}
	}
	return s.ready()
}

// failedOnly refuses everything but the end of a failed transaction.
func (s *session) failedOnly(st *sql.Statement) error {
	if !s.tx.failed || !s.tx.explicit || st.Kind == sql.KindEmpty {
		return nil
	}
	if t := st.Transaction; t != nil {
		switch t.Verb {
		case "COMMIT", "ROLLBACK", "ROLLBACK TO", "PREPARE TRANSACTION":
			return nil
		}
	}
	return errFailedTransaction()
}

func errFailedTransaction() error {
	return pgerr.New(pgerr.InFailedTransaction, "current transaction is aborted, commands ignored until end of transaction block")
}

// control runs a transaction statement and gives its tag.
func (s *session) control(ctx context.Context, st *sql.Statement) (tag string, err error) {
	t := st.Transaction
	switch t.Verb {
	case "BEGIN":
		if s.tx.explicit {
			s.notice(warning(pgerr.ActiveTransaction, "there is already a transaction in progress"))
			return st.Tag, nil
		}
		return st.Tag, s.beginBlock(t)
	case "COMMIT", "ROLLBACK":
		return s.endBlock(ctx, t)
	case "PREPARE TRANSACTION":
		return s.prepareTransaction(ctx)
	case "COMMIT PREPARED", "ROLLBACK PREPARED":
		if s.tx.block {
			return "", pgerr.New(pgerr.ActiveTransaction, "%s cannot run inside a transaction block", t.Verb)
		}
		return "", pgerr.New(pgerr.UndefinedObject, "prepared transaction with identifier %q does not exist", t.Prepared)
	}
	return st.Tag, s.savepoint(ctx, t)
}

func (s *session) beginBlock(t *sql.Transaction) error {
	s.tx.explicit, s.tx.block = true, true
	if t.Isolation != "" {
		value, err := canonical("transaction_isolation", []string{t.Isolation}, "")
		if err != nil {
			return err
		}
		s.settings.set("transaction_isolation", value, true)
	}
	if t.ReadOnly != nil {
		s.settings.set("transaction_read_only", onOff(*t.ReadOnly), true)
	}
	if t.Deferrable != nil {
		s.settings.set("transaction_deferrable", onOff(*t.Deferrable), true)
	}
	return nil
}

func (s *session) endBlock(ctx context.Context, t *sql.Transaction) (tag string, err error) {
	tag = t.Verb
	if !s.tx.explicit {
		if t.Chain {
			return "", pgerr.New(pgerr.NoActiveTransaction, "%s AND CHAIN can only be used in transaction blocks", t.Verb)
		}
		s.notice(warning(pgerr.NoActiveTransaction, "there is no transaction in progress"))
	}
	if s.tx.failed {
		tag = "ROLLBACK"
	}
	modes := s.modes()
	if err = s.finish(ctx, tag == "ROLLBACK"); err != nil {
		return "", err
	}
	if t.Chain {
		s.enter()
		s.tx.explicit, s.tx.block = true, true
		s.setModes(modes)
	}
	return tag, nil
}

// prepareTransaction is what PREPARE TRANSACTION does where max_prepared_transactions is 0, as here: it rolls back.
func (s *session) prepareTransaction(ctx context.Context) (tag string, err error) {
	whole := s.tx.block && !s.tx.failed
	if tag, err = s.endBlock(ctx, &sql.Transaction{Verb: "ROLLBACK"}); err == nil && whole {
		err = pgerr.New(pgerr.ObjectNotInState, "prepared transactions are disabled").
			WithHint("Set max_prepared_transactions to a nonzero value.")
	}
	return tag, err
}

func (s *session) savepoint(ctx context.Context, t *sql.Transaction) error {
	if !s.tx.explicit {
		return pgerr.New(pgerr.NoActiveTransaction, "%s can only be used in transaction blocks", verbOf(t))
	}
	if t.Verb == "SAVEPOINT" {
		if err := s.onServer(ctx, t); err != nil {
			return err
		}
		s.tx.savepoints = append(s.tx.savepoints, savepoint{t.Savepoint, s.settings.snapshot(), s.listening.place(), s.advisory.taken.Load()})
		return nil
	}
	i := len(s.tx.savepoints) - 1
	for i >= 0 && s.tx.savepoints[i].name != t.Savepoint {
		i--
	}
	if i < 0 {
		return pgerr.New(pgerr.InvalidSavepoint, "savepoint %q does not exist", t.Savepoint)
	}
	if err := s.onServer(ctx, t); err != nil {
		return err
	}
	if t.Verb == "RELEASE" {
		if s.state.Temporary != nil {
			s.state.Temporary.Release(i)
		}
		s.tx.savepoints = slices.Clip(s.tx.savepoints[:i])
		s.dropLevels(i)
		return nil
	}
	if s.state.Temporary != nil {
		s.state.Temporary.RollbackTo(ctx, i)
	}
	s.settings.restore(s.tx.savepoints[i].saved)
	s.listening.back(s.tx.savepoints[i].told)
	s.endAdvisory(s.tx.savepoints[i].locks)
	s.tx.savepoints = slices.Clip(s.tx.savepoints[:i+1])
	s.tx.failed = false
	s.dropPortals(func(p *portal) bool { return p.level > i })
	return nil
}

// dropLevels gives the portals of a released savepoint to the one around it.
func (s *session) dropLevels(level int) {
	for _, p := range s.portals {
		p.level = min(p.level, level)
	}
}

func verbOf(t *sql.Transaction) string {
	switch t.Verb {
	case "RELEASE":
		return "RELEASE SAVEPOINT"
	case "ROLLBACK TO":
		return "ROLLBACK TO SAVEPOINT"
	}
	return t.Verb
}

// repeatable reports whether the transaction reads one generation throughout.
func (s *session) repeatable() bool {
	if !s.tx.explicit {
		return false
	}
	v := s.settings.get("transaction_isolation")
	return v == "repeatable read" || v == "serializable"
}
