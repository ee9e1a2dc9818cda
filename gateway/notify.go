package gateway

import (
	"context"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// notify runs LISTEN, UNLISTEN or NOTIFY: it happens when the transaction commits.
func (s *session) notify(st *sql.Statement) (*answer, error) {
	n := st.Notify
	if st.Tag == "NOTIFY" {
		return tagOnly(st.Tag), s.listening.tell(notification{n.Channel, n.Payload})
	}
	s.listening.want(listenChange{n.Channel, st.Tag == "LISTEN"})
	return tagOnly(st.Tag), nil
}

// setConstraints runs SET CONSTRAINTS: none of Tidegate's own is deferrable, so only the warehouse has something to do.
func (s *session) setConstraints(ctx context.Context, st *sql.Statement) (*answer, error) {
	if !s.tx.block {
		s.notice(warning(pgerr.NoActiveTransaction, "SET CONSTRAINTS can only be used in transaction blocks"))
		return tagOnly(st.Tag), nil
	}
	if s.server.options.Warehouse != nil {
		return tagOnly(st.Tag), s.setConstraintsOnServer(ctx, st)
	}
	names := st.Constraints.Names
	switch t := s.state.Temporary; {
	case len(names) == 0:
		return tagOnly(st.Tag), nil
	case t != nil && t.HasConstraint(names[0].Table):
		return nil, pgerr.New(pgerr.WrongObjectType, "constraint %q is not deferrable", names[0].Table)
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "constraint %q does not exist", names[0].Table)
}

// setConstraintsOnServer is for the transaction that the session has, or will have, at the server.
func (s *session) setConstraintsOnServer(ctx context.Context, st *sql.Statement) error {
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	if err := s.connect(ctx, true); err != nil {
		return t.explain(err)
	}
	if err := s.openOnServer(ctx); err != nil {
		return t.explain(err)
	}
	_, err := s.changes.conn.Control(ctx, st.Constraints.Text())
	s.tellNotices()
	return t.explain(s.noteLost(err))
}
