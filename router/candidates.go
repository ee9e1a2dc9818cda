package router

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// candidate is one way to answer the statement.
type candidate struct {
	route    engine.Route
	bytes    int64
	cached   int64             // of bytes, on this machine already
	files    []engine.ScanFile // of the cold way
	estimate time.Duration
	// barred says why this way is not open; nil if it is.
	barred *pgerr.Error
	// why is the same for a notice or a reason, in a few words: `column user_agent is not hot (hot has 6 of 11)`.
	why string
	// down says that it is open but for the moment.
	down bool
	// pending says that it will be open when what is missing is loaded.
	pending bool
	// waves, if not nil, are how the cold way must run.
	waves *waves
}

// bar closes the hot way.
func (c *candidate) bar(why string) {
	c.why = why
	c.barred = pgerr.New(pgerr.ObjectNotInState, "the hot store cannot answer: %s", why).
		WithHint("leave out engine(hot), or name hot columns only")
}

// candidates gives the hot and the cold way, in this order, each open or barred with the reason.
func (d *decision) candidates() []*candidate {
	var bytes, rows int64
	for _, s := range d.scans {
		bytes += s.bytes()
		rows += s.rows()
	}
	hot := &candidate{route: engine.RouteHot, estimate: d.r.timings.hot(d.fingerprint, d.tables(), rows)}
	if rel := d.hotOnly(); rel != nil {
		return d.hotOnlyCandidates(hot, rel)
	}
	if why, pending := d.notHot(); why != "" {
		hot.bar(why)
		hot.pending = pending
	} else if down := d.hotDown(); down != "" {
		hot.bar("the hot store is down: " + down)
		hot.barred.Hint = "leave out engine(hot): the lake has the answer too"
		hot.down = true
	} else if altered := d.altered(); altered != "" {
		hot.bar(altered)
		hot.barred.Hint = "leave out engine(hot): the lake has the answer too"
		hot.down = true
	}
	d.barTemporary(hot)
	return []*candidate{hot, d.coldCandidate(bytes)}
}

// coldCandidate estimates the scan and, of a lake that is elsewhere, the fetching before it.
func (d *decision) coldCandidate(bytes int64) *candidate {
	c := &candidate{route: engine.RouteCold, bytes: bytes, cached: bytes, estimate: d.r.timings.cold(bytes, d.files())}
	var away []engine.ScanFile
	var here int64
	for _, s := range d.scans {
		files := s.files()
		c.files = append(c.files, files...)
		if d.inPlace(s) {
			here += s.bytes()
		} else {
			away = append(away, files...)
		}
	}
	if len(away) > 0 {
		cache := d.r.o.Cache
		c.cached = min(bytes, here+cache.Present(away))
		c.estimate += time.Duration(float64(bytes-c.cached) / cache.FetchRate() * float64(time.Second))
	}
	return c
}

// inPlace reports whether the files of a scan are read where they are. All files of a table are in one place.
func (d *decision) inPlace(s *scan) bool {
	return d.r.o.Cache == nil || len(s.kept) == 0 || d.r.o.Cache.InPlace(scanFile(s.kept[0]))
}

// notHot says what keeps the hot store from answering, "" if nothing does; pending, if loading will mend it.
func (d *decision) notHot() (why string, pending bool) {
	if d.r.o.Hot == nil {
		return "there is no hot store", false
	}
	for _, s := range d.scans {
		reason, later := d.scanNotHot(s)
		if reason != "" && (why == "" || pending && !later) {
			why, pending = reason, later
		}
	}
	return why, pending
}

func (d *decision) hotDown() string {
	if d.r.o.Hot.Down == nil {
		return ""
	}
	return d.r.o.Hot.Down()
}

// altered says how a hot table of the statement was changed, "" if none was.
func (d *decision) altered() string {
	if d.r.o.Hot.Altered == nil {
		return ""
	}
	for _, s := range d.scans {
		if why := d.r.o.Hot.Altered(s.table.Table.Name); why != "" {
			return why
		}
	}
	return ""
}

// scanNotHot is notHot for one scan.
func (d *decision) scanNotHot(s *scan) (why string, pending bool) {
	if s.table.Table.Adopt != nil {
		return d.adoptedNotHot(s), false
	}
	return s.notHot()
}

// notHot is the decision's for one scan of a table that Tidegate loads.
func (s *scan) notHot() (why string, pending bool) {
	spec, name := s.now.Table.Hot, s.table.Table.Name
	if s.now.Table.SchemaVersion != s.table.Table.SchemaVersion {
		return fmt.Sprintf("the columns of %s have changed since", name), false
	}
	if spec == nil {
		return fmt.Sprintf("table %s is never hot", name), false
	}
	if missing := without(s.use.Columns, spec.Columns); len(missing) > 0 {
		return fmt.Sprintf("%s not hot (hot has %d of %d)", columnsAre(missing), len(spec.Columns), len(s.table.Table.Columns)), false
	}
	if f, ok := s.replaced(); ok {
		return fmt.Sprintf("batch %s in partition %s of %s was replaced since", f.Batch, f.Partition, name), false
	}
	if pairs := s.uncoveredPairs(); len(pairs) > 0 {
		return s.uncovered(pairs)
	}
	if s.now.Hot.MaxLoadSeq == 0 { // no file is needed, but the hot table may not be there
		return fmt.Sprintf("nothing of %s was ever loaded", name), false
	}
	for _, f := range s.kept {
		for _, part := range s.loads(f) {
			if missing := without(s.use.Columns, s.now.Hot.Versions[part.SchemaVersion]); len(missing) > 0 {
				return fmt.Sprintf("%s not hot in partition %s", columnsAre(missing), f.Partition), true
			}
		}
	}
	return "", false
}

// uncovered says why pairs are not hot, those first that never will be.
func (s *scan) uncovered(pairs []catalog.Pair) (why string, pending bool) {
	in := s.now.InKeep()
	for _, p := range pairs {
		if !in(p.Partition) {
			return fmt.Sprintf("partition %s of %s is older than what is kept hot", p.Partition, s.table.Table.Name), false
		}
	}
	return fmt.Sprintf("partition %s of %s is not all hot yet", pairs[0].Partition, s.table.Table.Name), true
}

func without(columns, have []string) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(have, c) })
}

func columnsAre(names []string) string {
	if len(names) == 1 {
		return "column " + names[0] + " is"
	}
	return "columns " + strings.Join(names, ", ") + " are"
}

func (d *decision) tables() string {
	var names []string
	for _, u := range d.req.Query.Uses {
		names = append(names, u.Relation.Name.String())
	}
	return strings.Join(names, ",")
}

func (d *decision) files() int {
	n := 0
	for _, s := range d.scans {
		n += len(s.kept)
	}
	return n
}

// fence bars the ways that may not run now. If none is left the statement is refused with the numbers.
func (d *decision) fence(all []*candidate) error {
	limit := d.maxScan()
	var open int
	for _, c := range all {
		if c.barred == nil && c.route == engine.RouteCold && limit > 0 && c.bytes > limit {
			c.why = fmt.Sprintf("it would read %s, max_scan is %s", formatBytes(c.bytes), formatBytes(limit))
			c.barred = pgerr.New(pgerr.ConfigurationLimit, "the query would read %s in %d files, max_scan is %s",
				formatBytes(c.bytes), d.files(), formatBytes(limit)).WithHint("%s", d.narrower())
		}
		if c.barred == nil && c.route == engine.RouteCold {
			if err := d.fenceCache(c); err != nil {
				return err
			}
		}
		if c.barred == nil {
			open++
		}
	}
	if open == 0 && d.hotOnly() != nil {
		return all[0].barred // the cold way was never one
	}
	if open == 0 {
		return all[len(all)-1].barred
	}
	return nil
}

// distinctBytes is what the statement needs of the column cache: a column of a file once, however many scans read it.
func (d *decision) distinctBytes() int64 {
	seen := map[*catalog.ColumnStats]bool{}
	var n int64
	for _, s := range d.scans {
		if d.inPlace(s) {
			continue
		}
		for _, f := range s.kept {
			for i := range f.Stats {
				if c := &f.Stats[i]; slices.Contains(s.use.Columns, c.Name) && !seen[c] {
					seen[c] = true
					n += c.Bytes
				}
			}
		}
	}
	return n
}

// maxScan is the tightest fence that applies: a hint or a session can lower the router's, not lift it.
func (d *decision) maxScan() int64 {
	limit := d.r.o.MaxScan
	bounds := []int64{d.req.MaxScan, d.req.Statement.Hints.MaxScan}
	if d.role != nil {
		bounds = append(bounds, d.role.MaxScan)
	}
	for _, n := range bounds {
		if n > 0 && (limit == 0 || n < limit) {
			limit = n
		}
	}
	return limit
}

// narrower names the predicate that would help most.
func (d *decision) narrower() string {
	for _, s := range d.scans {
		t := s.table.Table.Time
		if t == nil {
			continue
		}
		if _, ok := s.where[t.Column]; !ok {
			return fmt.Sprintf("add a predicate on %s.%s", s.table.Table.Name, t.Column)
		}
	}
	return "narrow the time range or name fewer columns"
}

// choose picks the way: the hinted engine, else by latency class.
func (d *decision) choose(all []*candidate) (*candidate, error) {
	if want := d.req.Statement.Hints.Engine; want != "" {
		for _, c := range all {
			if string(c.route) == want {
				if c.barred != nil {
					return nil, c.barred
				}
				return c, nil
			}
		}
	}
	open := slices.DeleteFunc(slices.Clone(all), func(c *candidate) bool { return c.barred != nil })
	switch {
	case d.latency == Archive:
		return open[len(open)-1], nil
	case d.latency == Interactive || d.discreet(): // an estimate tells of rows that are not the asker's
		return open[0], nil
	}
	return slices.MinFunc(open, func(a, b *candidate) int { return int(a.estimate - b.estimate) }), nil
}
