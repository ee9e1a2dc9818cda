package clients

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// step is a part of a script, and what the client printed in it.
type step struct {
	title, output string
}

// difference is a step that Tidegate answers otherwise than PostgreSQL.
type difference struct {
	step
	reason  string // "" is not known
	missing bool   // it does not work; otherwise it is Tidegate's own
}

const (
	stepMark = "=== "
	ownMark  = "because: "
	lackMark = "not yet: "
)

func parseSteps(text string) ([]step, error) {
	var steps []step
	for line := range strings.Lines(text) {
		title, starts := strings.CutPrefix(line, stepMark)
		switch {
		case starts:
			steps = append(steps, step{title: strings.TrimSpace(title)})
		case len(steps) > 0:
			steps[len(steps)-1].output += line
		case strings.TrimSpace(line) != "":
			return nil, fmt.Errorf("%q is before the first step", line)
		}
	}
	if len(steps) == 0 {
		return nil, errors.New("the script has no steps")
	}
	return steps, nil
}

// compare gives the titles of all steps and the differences, and fails for those that are not known.
func compare(t *testing.T, want, got []step, known map[string]difference) (titles []string, differences []difference) {
	t.Helper()
	for i, w := range want {
		titles = append(titles, w.title)
		if i >= len(got) || got[i].title != w.title {
			t.Fatalf("the script took another way after step %q", titles[max(0, i-1)])
		}
		d, expected := known[w.title]
		switch delete(known, w.title); {
		case strings.TrimSpace(w.output) == "":
			t.Errorf("%s: nothing is printed, so nothing is compared", w.title)
		case w.output == got[i].output && expected && !*rewrite:
			t.Errorf("%s: PostgreSQL's answer, though differs.txt knows a difference", w.title)
		case w.output == got[i].output:
		default:
			if !*rewrite && !expected {
				t.Errorf("%s (-PostgreSQL +Tidegate):\n%s", w.title, lines(w.output, got[i].output))
			} else if !*rewrite && d.output != got[i].output {
				t.Errorf("%s (-differs.txt +Tidegate):\n%s", w.title, lines(d.output, got[i].output))
			}
			d.step = got[i]
			differences = append(differences, d)
		}
	}
	if len(got) > len(want) {
		t.Errorf("step %q is not reached on PostgreSQL", got[len(want)].title)
	}
	for title := range known {
		if !*rewrite {
			t.Errorf("differs.txt: the script has no step %q", title)
		}
	}
	return titles, differences
}

func lines(want, got string) string {
	return cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
}

func readDifferences(folder string) (map[string]difference, error) {
	text, err := os.ReadFile(filepath.Join(folder, "differs.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	steps, err := parseSteps(string(text))
	if err != nil {
		return nil, err
	}
	known := map[string]difference{}
	for _, s := range steps {
		first, rest, _ := strings.Cut(s.output, "\n")
		d := difference{step: step{s.title, rest}}
		if reason, own := strings.CutPrefix(first, ownMark); own {
			d.reason = reason
		} else if reason, lacks := strings.CutPrefix(first, lackMark); lacks {
			d.reason, d.missing = reason, true
		}
		known[s.title] = d
	}
	return known, nil
}

func writeDifferences(folder string, differences []difference) error {
	path := filepath.Join(folder, "differs.txt")
	if len(differences) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var b strings.Builder
	for _, d := range differences {
		mark := ownMark
		if d.missing {
			mark = lackMark
		}
		b.WriteString(stepMark + d.title + "\n" + mark + d.reason + "\n" + d.output)
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
