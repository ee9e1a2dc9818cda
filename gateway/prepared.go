package gateway

import (
	"context"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// prepareStatement runs PREPARE.
func (s *session) prepareStatement(ctx context.Context, st *sql.Statement) error {
	p := st.Prepared
	if _, ok := s.statements[p.Name]; ok {
		return duplicateStatement(p.Name)
	}
	if p.Query.Kind != sql.KindSelect && p.Query.Kind != sql.KindWrite {
		_, err := s.refused(p.Query)
		return err
	}
	var told []pgtypes.OID
	for i, name := range p.Types {
		t, err := pgtypes.Parse(name)
		if err != nil {
			return st.TypeAt(i, err)
		}
		told = append(told, t.OID)
	}
	made, err := s.prepare(ctx, p.Query, nil, told)
	if err != nil {
		return err
	}
	made.origin, made.bySQL = s.origin(st), true
	s.statements[p.Name] = made
	return nil
}

// executePrepared runs EXECUTE.
func (s *session) executePrepared(ctx context.Context, st *sql.Statement) (*answer, error) {
	p, err := s.statement(st.Prepared.Name)
	if err != nil {
		return nil, err
	}
	args, err := s.arguments(ctx, st, p.params)
	if err != nil {
		return nil, err
	}
	p.runs++
	if err := s.currentWrite(ctx, p); err != nil {
		return nil, err
	}
	if p.st.Kind == sql.KindWrite {
		return s.write(ctx, p.st, textParams(p, args))
	}
	q, err := s.current(ctx, p)
	if err != nil {
		return nil, err
	}
	if q, err = s.withArgs(p, q, args); err != nil {
		return nil, err
	}
	return s.answer(ctx, p.st, q)
}

// deallocate runs DEALLOCATE; "" is every statement.
func (s *session) deallocate(name string) error {
	if name == "" {
		clear(s.statements)
		return nil
	}
	if _, err := s.statement(name); err != nil {
		return err
	}
	delete(s.statements, name)
	return nil
}
