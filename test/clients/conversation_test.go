package clients

import (
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/test/corpus"
)

// conversation follows the messages of one connection.
type conversation struct {
	mu       sync.Mutex
	prepared map[string]*asked // by the name of the statement; guarded by mu
	portals  map[string]*asked // guarded by mu
	waiting  []*expected       // what the server has to answer, in order; guarded by mu

	finished []corpus.Statement // read when both directions ended
}

// asked is a statement and what is known of it.
type asked struct {
	corpus.Statement
	parameters []uint32
	described  bool // the types of its parameters came
	binary     bool // its arguments are not kept
	cut        bool // not all rows were asked for, or it was in a failed transaction
}

// expected is a message of a client, which the server answers with one that ends it.
type expected struct {
	kind byte
	of   *asked
	open bool // a result of it began
}

// sent follows a message of the client.
func (c *conversation) sent(kind byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := &expected{kind: kind}
	switch kind {
	case 'Q':
		var m pgproto3.Query
		if m.Decode(body) != nil {
			return
		}
		e.of = &asked{Statement: corpus.Statement{SQL: m.String}}
	case 'P':
		var m pgproto3.Parse
		if m.Decode(body) != nil {
			return
		}
		e.of = &asked{Statement: corpus.Statement{SQL: m.Query, Types: slices.Clone(m.ParameterOIDs)}}
		set(&c.prepared, m.Name, e.of)
	case 'B':
		var m pgproto3.Bind
		if m.Decode(body) != nil {
			return
		}
		if a := c.prepared[m.PreparedStatement]; a != nil {
			a.bind(&m)
			set(&c.portals, m.DestinationPortal, a)
		}
	case 'D':
		var m pgproto3.Describe
		if m.Decode(body) != nil {
			return
		}
		e.of = c.prepared[m.Name]
		if m.ObjectType == 'P' {
			e.of = c.portals[m.Name]
		}
	case 'E':
		var m pgproto3.Execute
		if m.Decode(body) != nil {
			return
		}
		e.of = c.portals[m.Portal]
	case 'C', 'S':
	default:
		return
	}
	c.waiting = append(c.waiting, e)
}

// bind keeps arguments that are texts; with others, and with NULLs, an execution is not replayed.
func (a *asked) bind(m *pgproto3.Bind) {
	a.Args, a.binary = nil, slices.Contains(m.ParameterFormatCodes, 1)
	for _, p := range m.Parameters {
		a.binary = a.binary || p == nil
		a.Args = append(a.Args, string(p))
	}
}

func set(m *map[string]*asked, name string, a *asked) {
	if *m == nil {
		*m = map[string]*asked{}
	}
	(*m)[name] = a
}

// answered follows a message of the server.
func (c *conversation) answered(kind byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return
	}
	e := c.waiting[0]
	if e.of != nil {
		e.note(kind, body)
	}
	switch {
	case kind == 'Z':
		// After an error in the extended protocol what came before Sync has no answer.
		for len(c.waiting) > 0 {
			last := c.waiting[0]
			c.waiting = c.waiting[1:]
			if last.kind == 'Q' {
				c.finish(last.of)
			}
			if last.kind == 'S' || last.kind == 'Q' {
				break
			}
		}
	case kind == 'E' && e.kind != 'Q':
		c.finish(e.of)
		e.of = nil
	case ends(e.kind, kind):
		c.waiting = c.waiting[1:]
		switch {
		case e.of == nil:
		case e.kind == 'E', e.kind == 'D' && e.of.described && len(e.of.parameters) > 0:
			c.finish(e.of)
		}
	}
}

// ends tells whether a message of the server is the last one for a message of the client.
func ends(client, server byte) bool {
	switch client {
	case 'P':
		return server == '1'
	case 'B':
		return server == '2'
	case 'C':
		return server == '3'
	case 'D':
		return server == 'T' || server == 'n'
	case 'E':
		return server == 'C' || server == 'I' || server == 's'
	}
	return false
}

// note adds what a message of the server says to the statement that it answers.
func (e *expected) note(kind byte, body []byte) {
	switch kind {
	case 't':
		var m pgproto3.ParameterDescription
		if m.Decode(body) == nil {
			e.of.parameters, e.of.described = slices.Clone(m.ParameterOIDs), true
		}
	case 'T':
		var m pgproto3.RowDescription
		if m.Decode(body) != nil {
			return
		}
		r := corpus.Result{}
		for _, f := range m.Fields {
			r.Names, r.OIDs, r.Typmods = append(r.Names, string(f.Name)), append(r.OIDs, f.DataTypeOID), append(r.Typmods, f.TypeModifier)
		}
		if e.kind == 'D' {
			e.of.Results = []corpus.Result{r} // a statement and its portal are both described
		} else {
			e.of.Results, e.open = append(e.of.Results, r), true
		}
	case 'D':
		if n := len(e.of.Results); n > 0 {
			e.of.Results[n-1].Rows++
		}
	case 'C':
		var m pgproto3.CommandComplete
		if m.Decode(body) != nil {
			return
		}
		if len(e.of.Results) == 0 || e.kind == 'Q' && !e.open {
			e.of.Results = append(e.of.Results, corpus.Result{})
		}
		e.of.Results[len(e.of.Results)-1].Tag, e.open = string(m.CommandTag), false
	case 's':
		e.of.cut = true
	case 'E':
		var m pgproto3.ErrorResponse
		if m.Decode(body) != nil {
			return
		}
		e.of.cut = e.of.cut || m.Code == "25P02" || m.Code == "57014"
		e.of.Results = append(e.of.Results, corpus.Result{SQLState: m.Code, Message: m.Message})
	}
}

// finish keeps a statement that may be replayed alone.
func (c *conversation) finish(a *asked) {
	if a == nil || a.cut || a.binary || len(a.Results) == 0 || !aboutSystem.MatchString(a.SQL) || readsLive.MatchString(a.SQL) {
		return
	}
	s := a.Statement
	s.Results = slices.Clone(a.Results)
	a.cut = true // once
	if len(a.Args) == 0 && len(a.parameters) > 0 {
		if s.Results[0].SQLState != "" {
			return
		}
		s.Note, s.Results = corpus.Described(a.parameters), s.Results[:1]
		s.Results[0].Rows, s.Results[0].Tag = 0, ""
	} else if r := s.Results[0]; r.SQLState == "" && (r.Tag == "" || r.Names == nil) {
		return // it was described alone, or executed alone
	}
	c.finished = append(c.finished, s)
}
