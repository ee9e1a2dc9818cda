package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/yamlfile"
)

// Choose gives the pipelines that one of the patterns names, in the order of all; all of them without a pattern. A
// pattern is a pipeline (web/events) or its table (web.events); +web.site_daily are also those that it is made of,
// directly or not, and web.events+ also those that are made of it. A name that nothing has is an error.
func Choose(all []*Pipeline, patterns []string) ([]*Pipeline, error) {
	if len(patterns) == 0 {
		return all, nil
	}
	g := graphOf(all)
	chosen := map[*Pipeline]bool{}
	for _, pattern := range patterns {
		name, down := strings.CutSuffix(pattern, "+")
		name, up := strings.CutPrefix(name, "+")
		i := slices.IndexFunc(all, func(p *Pipeline) bool { return p.Name == name || p.Table.String() == name })
		if i < 0 {
			return nil, unknown(all, name)
		}
		chosen[all[i]] = true
		if up {
			g.reach(all[i], g.reads, chosen)
		}
		if down {
			g.reach(all[i], g.readBy, chosen)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p *Pipeline) bool { return !chosen[p] }), nil
}

func unknown(all []*Pipeline, name string) error {
	var names []string
	for _, p := range all {
		names = append(names, p.Name, p.Table.String())
	}
	return fmt.Errorf("no pipeline or table %s%s; there are %s", name, yamlfile.DidYouMean(name, names), strings.Join(names, ", "))
}

// graph says who reads whose table.
type graph struct{ reads, readBy map[*Pipeline][]*Pipeline }

func graphOf(all []*Pipeline) graph {
	makes := map[catalog.Name]*Pipeline{}
	for _, p := range all {
		makes[p.Table] = p
	}
	g := graph{map[*Pipeline][]*Pipeline{}, map[*Pipeline][]*Pipeline{}}
	for _, p := range all {
		for _, name := range p.Upstream {
			if up, ok := makes[name]; ok {
				g.reads[p] = append(g.reads[p], up)
				g.readBy[up] = append(g.readBy[up], p)
			}
		}
	}
	return g
}

// reach adds everything that edges lead to.
func (g graph) reach(from *Pipeline, edges map[*Pipeline][]*Pipeline, reached map[*Pipeline]bool) {
	for _, next := range edges[from] {
		reached[next] = true
		g.reach(next, edges, reached) // without a circle, see Sort
	}
}
