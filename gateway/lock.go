package gateway

import (
	"context"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// lock runs LOCK TABLE. A lake's table always has what ACCESS SHARE asks for: nobody drops or alters it under a
// statement. What a stronger lock keeps others from cannot be promised.
func (s *session) lock(ctx context.Context, st *sql.Statement) (*answer, error) {
	if !s.tx.block {
		return nil, pgerr.New(pgerr.NoActiveTransaction, "LOCK TABLE can only be used in transaction blocks")
	}
	for _, t := range st.Lock.Tables {
		read, err := st.LockedRead(t)
		if err != nil {
			return nil, err
		}
		q, err := s.bind(ctx, read, nil)
		if err != nil {
			return nil, unplaced(err)
		}
		if len(q.Uses) == 1 && q.Uses[0].Relation.Class == sql.ClassTemporary {
			continue // nobody else knows it
		}
		if st.Lock.Mode != "ACCESS SHARE" {
			return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "LOCK TABLE IN %s MODE is not supported", st.Lock.Mode).
				WithHint("IN ACCESS SHARE MODE is. BEGIN ISOLATION LEVEL REPEATABLE READ reads one generation throughout."))
		}
		if len(q.Uses) != 1 || q.Uses[0].Relation.Class == sql.ClassHotOnly {
			return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "LOCK TABLE of %q is not supported: it is the warehouse's", t.Table))
		}
	}
	return tagOnly(st.Tag), nil
}
