package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/yamlfile"
)

// Sort gives the pipelines with every one after those whose tables it reads; what may be in any order is in order of
// names. A table that no pipeline makes is no obstacle. A cycle is an error that names its tables.
func Sort(pipelines []*Pipeline) ([]*Pipeline, error) {
	byName := slices.SortedFunc(slices.Values(pipelines), func(a, b *Pipeline) int { return cmp.Compare(a.Name, b.Name) })
	s := sorter{makes: map[catalog.Name]*Pipeline{}, state: map[*Pipeline]visit{}}
	for _, p := range byName {
		s.makes[p.Table] = p
	}
	for _, p := range byName {
		if err := s.visit(p); err != nil {
			return nil, err
		}
	}
	return s.sorted, nil
}

type visit uint8

const (
	unseen visit = iota
	open
	done
)

// sorter walks depth first: path is from the pipeline it began with to the one it is at.
type sorter struct {
	makes  map[catalog.Name]*Pipeline
	state  map[*Pipeline]visit
	path   []*Pipeline
	sorted []*Pipeline
}

func (s *sorter) visit(p *Pipeline) error {
	switch s.state[p] {
	case done:
		return nil
	case open:
		return s.cycle(p)
	case unseen:
	}
	s.state[p] = open
	s.path = append(s.path, p)
	for _, name := range p.Upstream {
		if up, ok := s.makes[name]; ok {
			if err := s.visit(up); err != nil {
				return err
			}
		}
	}
	s.path = s.path[:len(s.path)-1]
	s.state[p] = done
	s.sorted = append(s.sorted, p)
	return nil
}

func (s *sorter) cycle(p *Pipeline) error {
	var names []string
	for _, q := range s.path[slices.Index(s.path, p):] {
		names = append(names, q.Table.String())
	}
	return &yamlfile.Error{File: p.SQLFile, Line: 1, Message: fmt.Sprintf(
		"tables read each other in a circle: %s reads %s", strings.Join(names, " reads "), p.Table)}
}
