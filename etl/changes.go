package etl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
)

// upstreamPart is the part of its upstream that one partition of a second-stage table is made of: the files whose
// partition has the same values. Where the table's partitions do not come from one upstream's, there is one
// upstreamPart, of all files of all upstream tables.
type upstreamPart struct {
	key    string // of the ledger: "web.events/dt=2018-02-15"; "web.events" for all of it
	output string // the partition of the second-stage table: "day=2018-02-15"
	values []cell // of its PartitionBy
	files  map[catalog.Name][]*catalog.File
	was    compacted
}

// compacted gives, by table, the files that were live before the rows of a pair were compacted, by path.
type compacted map[catalog.Name]map[catalog.Pair][]string

// etag identifies what the partition is made of: the files, which are immutable, and the SELECT. A pipeline whose
// SELECT changed therefore rebuilds everything; a compaction of the upstream nothing.
func (u *upstreamPart) etag(statement string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d:%s\n", len(statement), statement)
	for _, name := range slices.SortedFunc(maps.Keys(u.files), catalog.Name.Compare) {
		fmt.Fprintf(h, "%s\n", name)
		for _, path := range uncompacted(u.files[name], u.was[name]) {
			fmt.Fprintf(h, "%s\n", path)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}

// uncompacted gives the paths of files, which are in order of partition and path, as if none had been compacted: in the
// same order.
func uncompacted(files []*catalog.File, was map[catalog.Pair][]string) []string {
	var all []string
	for len(files) > 0 {
		partition := files[0].Partition
		var paths []string
		seen := map[string]bool{}
		for ; len(files) > 0 && files[0].Partition == partition; files = files[1:] {
			f := files[0]
			before, ok := was[catalog.Pair{Batch: f.Batch, Partition: partition}]
			switch {
			case !ok:
				paths = append(paths, f.Path)
			case !seen[f.Batch]:
				seen[f.Batch] = true
				paths = append(paths, before...)
			}
		}
		slices.Sort(paths)
		all = append(all, paths...)
	}
	return all
}

// input is the part's line in the ledger.
func (u *upstreamPart) input(statement string) catalog.Input {
	in := catalog.Input{Key: u.key, ETag: u.etag(statement)}
	for _, files := range u.files {
		for _, f := range files {
			in.Size += f.Bytes
			in.Records += f.Rows
		}
	}
	return in
}

// passing gives, for each partition column of the table, the partition column of the one upstream that it is,
// unchanged. ok is false if some is not, or if a row may depend on other partitions and no lookback says on which: then
// the table can only be rebuilt whole.
func (t *run) passing(view *catalog.View) (upstream *catalog.TableView, columns []string, ok bool) {
	if len(t.p.Upstream) != 1 || len(t.p.PartitionBy) == 0 || t.p.Lookback == 0 && !t.p.Statement.ReadsOnce() {
		return nil, nil, false
	}
	upstream = view.Tables[t.p.Upstream[0]]
	bare := t.p.Statement.BareOutputs()
	for _, c := range t.p.PartitionBy {
		from, isBare := bare[c]
		if !isBare || !slices.Contains(upstream.Table.PartitionBy, from) {
			return nil, nil, false
		}
		columns = append(columns, from)
	}
	return upstream, columns, true
}

// compactedUpstream reads what was compacted of the upstream tables.
func (t *run) compactedUpstream(ctx context.Context, view *catalog.View) (compacted, error) {
	was := compacted{}
	for _, name := range t.p.Upstream {
		var err error
		if was[name], err = t.Store.Compacted(ctx, name, view.Generation); err != nil {
			return nil, err
		}
	}
	return was, nil
}

// upstreamParts cuts what the upstream tables hold by the partitions of this table, in order of keys.
func (t *run) upstreamParts(view *catalog.View, was compacted) []*upstreamPart {
	upstream, columns, ok := t.passing(view)
	if !ok {
		whole := &upstreamPart{files: map[catalog.Name][]*catalog.File{}, was: was}
		var names []string
		for _, name := range t.p.Upstream {
			whole.files[name] = view.Tables[name].Files
			names = append(names, name.String())
		}
		whole.key = strings.Join(names, ",")
		return []*upstreamPart{whole}
	}
	name := upstream.Table.Name
	parts := map[string]*upstreamPart{}
	for _, f := range upstream.Files {
		u := t.upstreamPart(name, columns, columns, f.Partition)
		if have, ok := parts[u.key]; ok {
			u = have
		}
		parts[u.key] = u
		u.was = was
		u.files[name] = append(u.files[name], f)
	}
	return slices.SortedFunc(maps.Values(parts), func(a, b *upstreamPart) int { return strings.Compare(a.key, b.key) })
}

// upstreamPart gives the part, still without files, that has the values that a partition has in the columns keys.
func (t *run) upstreamPart(name catalog.Name, keys, columns []string, partition string) *upstreamPart {
	values := make([]cell, len(columns))
	for i, c := range keys {
		values[i].s, values[i].null, _ = catalog.PartitionValue(partition, c)
	}
	return &upstreamPart{
		key: name.String() + "/" + partitionName(columns, values), output: partitionName(t.p.PartitionBy, values),
		values: values, files: map[catalog.Name][]*catalog.File{},
	}
}

// changed gives the parts that are not as the ledger knows them, and those of partitions that this table has and the
// upstream does not: without files.
func (t *run) changed(view *catalog.View, parts []*upstreamPart, known map[string]string) []*upstreamPart {
	var changed []*upstreamPart
	current := map[string]bool{}
	for _, u := range parts {
		current[u.output] = true
		if known[u.key] != u.etag(t.p.SQL) {
			changed = append(changed, u)
		}
	}
	upstream, columns, ok := t.passing(view)
	own := view.Tables[t.p.Table]
	if !ok || own == nil {
		return changed
	}
	for _, f := range own.Files { // by partition
		if !current[f.Partition] {
			current[f.Partition] = true
			changed = append(changed, t.upstreamPart(upstream.Table.Name, t.p.PartitionBy, columns, f.Partition))
		}
	}
	return changed
}

// outdated gives the ledger's lines that no part has: of partitions that are gone, or of a SELECT that read other
// tables or cut them otherwise. A batch takes them back, or that SELECT would find its table up to date on its return.
func outdated(parts, rebuild []*upstreamPart, known map[string]string) []catalog.Input {
	keys := map[string]bool{}
	for _, u := range slices.Concat(parts, rebuild) {
		keys[u.key] = true
	}
	var lines []catalog.Input
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if !keys[key] && known[key] != "" {
			lines = append(lines, catalog.Input{Key: key})
		}
	}
	return lines
}

// widened adds the parts up to lookback after a changed one: their rows depend on it too.
func (t *run) widened(parts, changed []*upstreamPart) ([]*upstreamPart, error) {
	if t.p.Lookback == 0 || len(changed) == 0 {
		return changed, nil
	}
	seen := map[string]bool{}
	for _, u := range changed {
		seen[u.key] = true
	}
	wide := slices.Clone(changed)
	for _, u := range parts {
		for _, c := range changed {
			if seen[u.key] {
				break
			}
			depends, err := t.within(c, u)
			if err != nil {
				return nil, err
			}
			if depends {
				wide = append(wide, u)
				seen[u.key] = true
			}
		}
	}
	return wide, nil
}

// within reports whether a row of late may depend on rows of early: it is not older and at most lookback newer.
func (t *run) within(early, late *upstreamPart) (bool, error) {
	from, ok1, err1 := t.partTime(early)
	to, ok2, err2 := t.partTime(late)
	if err1 != nil || err2 != nil {
		return false, fmt.Errorf("%s: lookback: %w", t.p.YMLFile, cmp.Or(err1, err2))
	}
	return ok1 && ok2 && !to.Before(from) && to.Sub(from) <= t.p.Lookback, nil
}

// partTime reads the one partition value that is a time, in dt's forms. ok is false for NULL.
func (t *run) partTime(u *upstreamPart) (at time.Time, ok bool, err error) {
	for i, v := range u.values {
		if t.p.PartitionBy[i] != catalog.PartitionKey && len(u.values) > 1 {
			continue
		}
		if v.null {
			return at, false, nil
		}
		for _, g := range grains {
			if at, err = time.Parse(g.layout, v.s); err == nil {
				return at, true, nil
			}
		}
		return at, false, fmt.Errorf("partition value %q of column %q is no hour, day or month", v.s, t.p.PartitionBy[i])
	}
	return at, false, fmt.Errorf("none of the partition columns %q is dt", t.p.PartitionBy)
}
