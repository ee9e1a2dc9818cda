package etl

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
)

// Compaction says which partitions are compacted. The zero value is all that are closed.
type Compaction struct {
	// From and To bound the time of partitions, as those of a Choice.
	From, To time.Time
	// All is for partitions that new rows may still come to as well: the newest, and those without a time.
	All bool
}

// compactSizes say what a good file is, in bytes.
type compactSizes struct {
	good   int64 // a file of at least so much stays as it is if the others can do without it
	wanted int64 // of a file that is written; from half to twice of it comes out
	batch  int64 // of files that one batch rewrites, but for one partition that has more
}

// smallFiles are files of one partition that are to be rewritten, whole pairs.
type smallFiles struct {
	partition string
	files     []*catalog.File
	all       bool // there are no others
}

// chosen gives the partitions of a table that are to be compacted.
func (c *Compaction) chosen(tv *catalog.TableView, sizes compactSizes) []smallFiles {
	bounds := Choice{From: c.From, To: c.To}
	closed := closedPartitions(tv)
	var found []smallFiles
	for files := tv.Files; len(files) > 0; {
		partition := files[0].Partition
		n := 1
		for n < len(files) && files[n].Partition == partition {
			n++
		}
		if bounds.has(partition) && (c.All || closed(partition)) {
			if s := sizes.small(files[:n]); len(s.files) > 0 {
				found = append(found, s)
			}
		}
		files = files[n:]
	}
	return found
}

// closedPartitions tells which partitions ended before the newest one began.
func closedPartitions(tv *catalog.TableView) func(partition string) bool {
	var newest time.Time
	for i, f := range tv.Files {
		if i > 0 && tv.Files[i-1].Partition == f.Partition {
			continue
		}
		if begin, _, ok := partitionSpan(f.Partition); ok {
			newest = later(newest, begin)
		}
	}
	return func(partition string) bool {
		_, end, ok := partitionSpan(partition)
		return ok && !end.After(newest)
	}
}

// small gives the pairs of a partition's files that have a small one, and of the others the smallest, until there is enough
// for a good file. Pairs are taken whole, because a record replaces pairs.
func (s compactSizes) small(files []*catalog.File) smallFiles {
	chosen := smallFiles{partition: files[0].Partition}
	if len(files) == 1 || !slices.ContainsFunc(files, func(f *catalog.File) bool { return f.Bytes < s.good }) {
		return chosen
	}
	type pair struct {
		of    catalog.Replaced
		files []*catalog.File
		bytes int64
		small bool
	}
	byPair := map[catalog.Replaced]*pair{}
	var pairs []*pair
	for _, f := range files {
		p := byPair[pairOf(f)]
		if p == nil {
			p = &pair{of: pairOf(f)}
			byPair[p.of] = p
			pairs = append(pairs, p)
		}
		p.files, p.bytes, p.small = append(p.files, f), p.bytes+f.Bytes, p.small || f.Bytes < s.good
	}
	slices.SortStableFunc(pairs, func(a, b *pair) int {
		if a.small != b.small {
			return map[bool]int{true: -1, false: 1}[a.small]
		}
		return cmp.Compare(a.bytes, b.bytes)
	})
	var bytes int64
	for _, p := range pairs {
		// Twice of it: rows that are sorted together take less than before.
		if !p.small && bytes >= 2*s.good {
			break
		}
		chosen.files, bytes = append(chosen.files, p.files...), bytes+p.bytes
	}
	chosen.all = len(chosen.files) == len(files)
	slices.SortFunc(chosen.files, func(a, b *catalog.File) int { return strings.Compare(a.Path, b.Path) })
	return chosen
}

func (s *smallFiles) bytes() (n int64) {
	for _, f := range s.files {
		n += f.Bytes
	}
	return n
}

func (s *smallFiles) rows() (n int64) {
	for _, f := range s.files {
		n += f.Rows
	}
	return n
}

// into is how many files of about the wanted size so many bytes make.
func (s compactSizes) into(bytes int64) int64 { return max(1, (bytes+s.wanted/2)/s.wanted) }

// groups cuts partitions into those of one batch each.
func (s compactSizes) groups(all []smallFiles) [][]smallFiles {
	var groups [][]smallFiles
	var bytes int64
	for _, p := range all {
		n := p.bytes()
		if len(groups) == 0 || bytes+n > s.batch {
			groups, bytes = append(groups, nil), 0
		}
		last := len(groups) - 1
		groups[last], bytes = append(groups[last], p), bytes+n
	}
	return groups
}
