package gateway

import (
	"context"
	"math"
	"slices"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgencoding"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// answer is what a statement gives: a tag, and rows if result is not nil.
type answer struct {
	tag    string
	result *result
	limit  int64          // rows that it may give, of FETCH; else no limit
	plain  bool           // the tag has no count of rows
	cursor bool           // the rows are a cursor's, which goes on living
	empty  bool           // there was no statement
	binary bool           // a simple query gets the rows in binary
	copied *encode.Copier // of COPY: writes the rows
	// copyEncoding is that of COPY's texts, nil UTF-8.
	copyEncoding *pgencoding.Encoding
	// settle, if not nil, is called after the last row, before the tag is told.
	settle func() error
}

func tagOnly(tag string) *answer { return &answer{tag: tag} }

func withRows(tag string, r *result) *answer {
	return &answer{tag: tag, result: r, limit: math.MaxInt64}
}

// show makes an answer of rows whose tag has no count.
func show(tag string, columns []engine.Column, rows [][]string) *answer {
	return &answer{tag: tag, result: lines(columns, rows), limit: math.MaxInt64, plain: true}
}

// inner gives the read inside a statement, or nil: what has parameters and is bound.
func inner(st *sql.Statement) *sql.Statement {
	switch {
	case st.Kind == sql.KindSelect:
		return st
	case st.Kind == sql.KindExplain && st.Explain.Query.Kind == sql.KindSelect:
		return st.Explain.Query
	case st.Kind == sql.KindCursor && st.Cursor.Query != nil && st.Cursor.Query.Kind == sql.KindSelect:
		return st.Cursor.Query
	}
	return nil
}

// answer runs a statement as far as its first row. q is its inner read with parameters replaced; nil binds it now.
func (s *session) answer(ctx context.Context, st *sql.Statement, q *sql.Query) (*answer, error) {
	switch st.Kind {
	case sql.KindEmpty:
		return &answer{empty: true}, nil
	case sql.KindSelect:
		return s.read(ctx, st, q)
	case sql.KindExplain:
		return s.explain(ctx, st, q)
	case sql.KindSet:
		return tagOnly(st.Tag), s.applySet(st.Set)
	case sql.KindShow:
		return s.show(st)
	case sql.KindTransaction:
		tag, err := s.control(ctx, st)
		return tagOnly(tag), err
	case sql.KindPrepare:
		return tagOnly(st.Tag), s.prepareStatement(ctx, st)
	case sql.KindExecute:
		return s.executePrepared(ctx, st)
	case sql.KindDeallocate:
		return tagOnly(st.Tag), s.deallocate(st.Prepared.Name)
	case sql.KindDiscard:
		return tagOnly(st.Tag), s.discard(ctx, st.Discard)
	case sql.KindCursor:
		return s.cursor(ctx, st, q)
	case sql.KindCall:
		return s.call(ctx, st)
	case sql.KindCopy:
		return s.copy(ctx, st)
	case sql.KindNotify:
		return s.notify(st)
	case sql.KindConstraints:
		return s.setConstraints(ctx, st)
	case sql.KindLock:
		return s.lock(ctx, st)
	case sql.KindWrite:
		return s.write(ctx, st, nil)
	default:
		return s.refused(st)
	}
}

// read plans and starts a SELECT.
func (s *session) read(ctx context.Context, st *sql.Statement, q *sql.Query) (*answer, error) {
	if q == nil {
		var err error
		if q, err = s.bindAlone(ctx, st); err != nil {
			return nil, err
		}
	}
	var r *result
	var err error
	if _, known := q.Known(); known {
		r, err = s.openKnown(ctx, st, q)
	} else {
		r, err = s.open(ctx, st, func(ctx context.Context) (*engine.Plan, error) {
			return s.server.planner.Plan(ctx, q, st, &s.state)
		})
	}
	if err != nil {
		return nil, err
	}
	return withRows(st.Tag, r), nil
}

// bind resolves a read. What cannot be resolved is a refused statement of the query log.
func (s *session) bind(ctx context.Context, st *sql.Statement, told []pgtypes.OID) (*sql.Query, error) {
	q, err := s.resolve(ctx, st, told)
	if err != nil {
		return nil, s.refuse(st, err)
	}
	return q, nil
}

// bindAlone is bind of a read that nobody gives parameters to.
func (s *session) bindAlone(ctx context.Context, st *sql.Statement) (*sql.Query, error) {
	missing := st.WithoutParameters()
	if missing == nil {
		return s.bind(ctx, st, nil)
	}
	// As in PostgreSQL the first mistake in the text is told.
	if _, err := s.resolve(ctx, st, nil); err != nil {
		if e, _ := flatten(err, ""); e.Position > 0 && e.Position < missing.Position {
			return nil, s.refuse(st, err)
		}
	}
	return nil, s.refuse(st, missing)
}

func (s *session) resolve(ctx context.Context, st *sql.Statement, told []pgtypes.OID) (*sql.Query, error) {
	ctx, t := newTask(ctx)
	defer t.end()
	defer s.engage(t).release()
	q, err := s.server.planner.Bind(ctx, st, told, &s.state)
	return q, t.explain(err)
}

func (s *session) call(ctx context.Context, st *sql.Statement) (*answer, error) {
	r, err := s.open(ctx, st, func(ctx context.Context) (*engine.Plan, error) {
		return s.server.planner.Call(ctx, st, &s.state)
	})
	if err != nil {
		return nil, err
	}
	if len(r.columns) > 0 {
		return &answer{tag: st.Tag, result: r, limit: math.MaxInt64, plain: true}, nil
	}
	defer s.engage(r.task).release()
	_, err = r.skip(math.MaxInt64)
	r.close(err)
	return tagOnly(st.Tag), err
}

func (s *session) show(st *sql.Statement) (*answer, error) {
	if st.Show == "all" {
		return show(st.Tag, textColumns("name", "setting", "description"), s.settings.all()), nil
	}
	value, ok := s.settings.show(st.Show)
	if !ok {
		return nil, unrecognized(st.Show)
	}
	return show(st.Tag, textColumns(showName(st.Show)), [][]string{{value}}), nil
}

// showName is the column's name of SHOW: the setting's own spelling.
func showName(name string) string {
	if t := findSetting(name); t != nil {
		return t.name
	}
	return name
}

// discard runs DISCARD. Plans and sequences are none that a session keeps.
func (s *session) discard(ctx context.Context, what string) error {
	if what == "TEMP" {
		return s.discardTemporary()
	}
	if what != "ALL" {
		return nil
	}
	if s.tx.block {
		return pgerr.New(pgerr.ActiveTransaction, "DISCARD ALL cannot run inside a transaction block")
	}
	s.dropPortals(func(*portal) bool { return true })
	clear(s.statements)
	s.dropChanges()
	s.dropTemporary(ctx)
	s.unlistenAll()
	s.server.advisory.unlockAll(s)
	return s.settings.reset("")
}

// refused says why a statement is not run at all.
func (s *session) refused(st *sql.Statement) (*answer, error) {
	switch {
	case maintains(st):
		return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "%s is not supported: tables of the lake need none", st.Tag))
	case st.Kind == sql.KindWrite && s.settings.get("transaction_read_only") == "on":
		return nil, s.refuse(st, pgerr.New(pgerr.ReadOnlyTransaction, "cannot execute %s in a read-only transaction", st.Tag))
	case st.Kind == sql.KindWrite:
		return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "lake tables are read-only; %s is not supported", st.Tag).
			WithHint("Data comes in through pipelines: tidegate etl run."))
	}
	return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "%s is not supported", st.Tag))
}

// maintains reports whether a statement changes nothing that anybody could read.
func maintains(st *sql.Statement) bool {
	switch st.Tag {
	case "VACUUM", "ANALYZE", "CLUSTER", "REINDEX", "CHECKPOINT":
		return true
	}
	return false
}

// readOnly reports whether the transaction is none in which the statement could run.
func (s *session) readOnly(st *sql.Statement) bool {
	return s.settings.get("transaction_read_only") == "on" && !maintains(st)
}

// deliver sends the rows of an answer, at most limit of them, and what follows: CommandComplete, or nothing with
// suspended set if limit was reached first. described are the columns that the client knows, nil for the result's.
func (s *session) deliver(a *answer, formats []int16, described []engine.Column, limit int64) (suspended bool, err error) {
	if a.empty {
		s.wire.send(emptyQuery)
		return false, nil
	}
	r := a.result
	if r == nil {
		return false, s.complete(a.tag)
	}
	if a.copied != nil {
		return false, s.deliverCopy(a)
	}
	defer s.engage(r.task).release()
	if err := r.start(); err != nil {
		r.close(err)
		return false, err
	}
	s.refresh() // set_config may have been called
	e, err := s.encoder(r, formats, described)
	if err != nil {
		if !a.cursor {
			r.close(err)
		}
		return false, err
	}
	n, done, err := r.guarded(s.wire, e, min(limit, a.limit))
	a.limit -= n
	switch {
	case err != nil:
		r.close(err)
		return false, err
	case !done && a.limit > 0 && n == limit:
		return true, nil
	case done && a.settle != nil:
		err := a.settle()
		r.close(err)
		if err != nil {
			return false, err
		}
	case done && !a.cursor:
		r.close(nil)
	}
	if a.plain {
		return false, s.complete(a.tag)
	}
	return false, s.complete(counted(a.tag, n))
}

// encoder makes the encoder of a result whose client was told the described columns; nil is the result's own. It is
// nil itself if the rows pass as they come.
func (s *session) encoder(r *result, formats []int16, described []engine.Column) (rowWriter, error) {
	if described == nil {
		described = r.columns
	}
	if len(described) != len(r.columns) {
		return nil, errOtherResult()
	}
	codes, err := encode.Formats(formats, len(described))
	if err != nil {
		return nil, err
	}
	converts := s.wire.encoding != nil
	if !converts && r.passes(described, codes) {
		return nil, nil
	}
	e, err := encode.New(described, codes, s.state.Style)
	if err != nil || !converts {
		return e, err
	}
	return &encodedRows{rowWriter: e, encoding: s.wire.encoding, kinds: kindsOf(described, codes)}, nil
}

// describeRows tells a result's columns in the formats that the client asked for.
func (s *session) describeRows(columns []engine.Column, codes []int16) error {
	formats, err := encode.Formats(codes, len(columns))
	if err != nil {
		return err
	}
	m := rowDescription(slices.Clip(columns), formats)
	if err := s.wire.encodeNames(m); err != nil {
		return err
	}
	s.wire.send(m)
	return nil
}
