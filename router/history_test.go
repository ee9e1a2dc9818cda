package router

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// catalogHistory is a catalog of which every generation is known, oldest first; before the first one there were no tables.
type catalogHistory []*catalog.View

func (h catalogHistory) View(context.Context) (*catalog.View, error) { return h[len(h)-1], nil }

func (h catalogHistory) ViewAt(_ context.Context, generation int64) (*catalog.View, error) {
	if generation < h[0].Generation {
		return &catalog.View{Generation: generation}, nil // before the first table
	}
	for _, v := range h {
		if v.Generation == generation {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: %d", catalog.ErrNoGeneration, generation)
}

func (h catalogHistory) Changed(_ context.Context, after int64, tables ...catalog.Name) (int64, time.Time, error) {
	for i, v := range h[1:] {
		changed := slices.ContainsFunc(tables, func(n catalog.Name) bool {
			return !slices.Equal(h[i].Tables[n].Files, v.Tables[n].Files)
		})
		if v.Generation > after && changed {
			return v.Generation, v.CommittedAt, nil
		}
	}
	return 0, time.Time{}, nil
}

// next makes the generation after the newest.
func (h *catalogHistory) next(t *testing.T, ago, changes string) {
	t.Helper()
	before := (*h)[len(*h)-1]
	v := &catalog.View{
		Generation: before.Generation + 1, CommittedAt: time.Now().Add(-parseSpan(t, ago)),
		Tables: map[catalog.Name]*catalog.TableView{},
	}
	for name, tv := range before.Tables {
		table := *tv.Table
		if table.Hot != nil {
			spec := *table.Hot
			table.Hot = &spec
		}
		table.Columns = slices.Clone(table.Columns)
		c := catalog.TableView{Table: &table, Files: slices.Clone(tv.Files), Hot: tv.Hot}
		c.Hot.Covered, c.Hot.Versions = maps.Clone(tv.Hot.Covered), maps.Clone(tv.Hot.Versions)
		c.Hot.Withdrawn, c.Hot.Passed = slices.Clone(tv.Hot.Withdrawn), maps.Clone(tv.Hot.Passed)
		v.Tables[name] = &c
	}
	applyLines(t, v, changes)
	*h = append(*h, v)
}

func parseSpan(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func parseCatalog(t *testing.T, text string) *catalog.View {
	t.Helper()
	v := &catalog.View{Generation: 7, CommittedAt: time.Unix(0, 0), Tables: map[catalog.Name]*catalog.TableView{}}
	applyLines(t, v, text)
	return v
}

// applyLines changes a view by the lines that TestPlan describes.
func applyLines(t *testing.T, v *catalog.View, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		name, _ := catalog.ParseName(words[1])
		if words[0] == "table" {
			v.Tables[name] = parseTable(t, name, words[2:])
			continue
		}
		tv := v.Tables[name]
		switch words[0] {
		case "file":
			f := parseFile(t, tv.Table, words[2:])
			f.Generation = v.Generation
			tv.Files = append(tv.Files, f)
			slices.SortFunc(tv.Files, func(a, b *catalog.File) int {
				return cmp.Or(strings.Compare(a.Partition, b.Partition), strings.Compare(a.Path, b.Path))
			})
		case "hot":
			cover(tv, catalog.Pair{Batch: words[2], Partition: words[3]})
		case "withdraw":
			withdraw(tv, catalog.Pair{Batch: words[2], Partition: words[3]})
		case "replaced":
			p := catalog.Pair{Batch: words[2], Partition: words[3]}
			withdraw(tv, p)
			tv.Files = slices.DeleteFunc(tv.Files, func(f *catalog.File) bool { return pairOf(f) == p })
		case "compacted":
			compacted(t, tv, catalog.Pair{Batch: words[2], Partition: words[3]}, words[4:])
		case "column":
			addColumn(t, tv.Table, words[2])
		case "spec":
			setSpec(t, tv.Table, words[2:])
		case "adopt", "covered", "differs", "lacks":
			adoptLine(t, tv, words)
		default:
			t.Fatalf("unknown line %s", line)
		}
	}
}

func cover(tv *catalog.TableView, p catalog.Pair) {
	withdraw(tv, p)
	version := len(tv.Hot.Versions)
	if !slices.Equal(tv.Hot.Versions[version], tv.Table.Hot.Columns) {
		version++
		tv.Hot.Versions[version] = tv.Table.Hot.Columns
	}
	tv.Hot.MaxLoadSeq++
	tv.Hot.Covered[p] = []catalog.HotPart{{LoadSeq: tv.Hot.MaxLoadSeq, SchemaVersion: version}}
}

func withdraw(tv *catalog.TableView, p catalog.Pair) {
	for _, part := range tv.Hot.Covered[p] {
		tv.Hot.Withdrawn = append(tv.Hot.Withdrawn, part.LoadSeq)
		maps.DeleteFunc(tv.Hot.Passed, func(_ catalog.Replaced, loads []catalog.HotPart) bool { return slices.Contains(loads, part) })
	}
	delete(tv.Hot.Covered, p)
}

// compacted ends the files of pairs, all of which are hot, whose loads are from now on those of another pair.
func compacted(t *testing.T, tv *catalog.TableView, into catalog.Pair, batches []string) {
	t.Helper()
	if tv.Hot.Passed == nil {
		tv.Hot.Passed = map[catalog.Replaced][]catalog.HotPart{}
	}
	for _, batch := range batches {
		p := catalog.Pair{Batch: batch, Partition: into.Partition}
		loads := tv.Hot.Covered[p]
		if len(loads) == 0 {
			t.Fatalf("%v is not hot", p)
		}
		delete(tv.Hot.Covered, p)
		tv.Files = slices.DeleteFunc(tv.Files, func(f *catalog.File) bool {
			if pairOf(f) != p {
				return false
			}
			tv.Hot.Passed[catalog.Replaced{Batch: f.Batch, Revision: f.Revision, Partition: f.Partition}] = loads
			return true
		})
		tv.Hot.Covered[into] = append(tv.Hot.Covered[into], loads...)
	}
}

func addColumn(t *testing.T, table *catalog.Table, word string) {
	t.Helper()
	name, typ, _ := strings.Cut(word, ":")
	pg, err := pgtypes.Parse(typ)
	if err != nil {
		t.Fatal(err)
	}
	table.SchemaVersion++
	i := slices.IndexFunc(table.Columns, func(c catalog.Column) bool { return c.Name == name })
	if i < 0 {
		table.Columns = append(table.Columns, catalog.Column{Name: name, Type: pg})
		return
	}
	table.Columns[i].Type = pg
}

func setSpec(t *testing.T, table *catalog.Table, words []string) {
	t.Helper()
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "hot":
			table.Hot.Columns = strings.Split(value, ",")
		case "keep":
			hours, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			table.Hot.Keep = time.Duration(hours) * time.Hour
		case "stale":
			d := parseSpan(t, value)
			table.MaxStaleness = &d
		default:
			t.Fatalf("unknown word %s", w)
		}
	}
}
