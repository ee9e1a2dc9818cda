package pipeline

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/yamlfile"
)

// Load reads every pipeline below dir: NAME.sql with NAME.yml beside it, or NAME.yml alone if it adopts. Relative paths,
// dir and those in the files, are below the process's folder. Pipelines come upstream first.
//
// The error joins everything that is wrong, each once as "FILE:LINE: message"; then there are no pipelines.
func Load(dir string) ([]*Pipeline, error) {
	stems, complaints, err := find(dir)
	if err != nil {
		return nil, fmt.Errorf("read pipelines: %w", err)
	}
	l := &loader{complaints: complaints, broken: map[catalog.Name]bool{}}
	if len(stems) == 0 && len(complaints) == 0 {
		return nil, fmt.Errorf("no pipeline (NAME.sql with NAME.yml) is below %s", dir)
	}
	drafts := make([]*draft, 0, len(stems))
	for _, stem := range stems {
		d, err := l.read(dir, stem)
		if err != nil {
			return nil, fmt.Errorf("read pipelines: %w", err)
		}
		drafts = append(drafts, d)
	}
	l.distinctTables(drafts)
	pipelines := l.link(drafts)
	if err := l.err(); err != nil {
		return nil, err
	}
	return pipelines, nil
}

// draft is a pipeline that is being checked.
type draft struct {
	*Pipeline
	yml   yml
	lines yamlfile.Lines // of the yml; nil if it is not YAML
	// untyped says that a field's type is wrong, so that the SELECT cannot be bound.
	untyped bool
}

// loader collects what is wrong.
type loader struct {
	complaints []*yamlfile.Error
	broken     map[catalog.Name]bool // tables whose pipelines are wrong: what reads them is not checked further
}

func (l *loader) err() error {
	slices.SortStableFunc(l.complaints, func(a, b *yamlfile.Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	errs := make([]error, 0, len(l.complaints))
	for i, e := range l.complaints {
		if i == 0 || *l.complaints[i-1] != *e {
			errs = append(errs, e)
		}
	}
	return errors.Join(errs...)
}

// fail notes an error of a draft and marks its table as broken.
func (l *loader) fail(d *draft, file string, line int, format string, args ...any) {
	l.broken[d.Table] = true
	l.complaints = append(l.complaints, &yamlfile.Error{File: file, Line: max(line, 1), Message: fmt.Sprintf(format, args...)})
}

// at notes an error of the yml at a key's path ("hot.columns[1]"), or the nearest one around it.
func (l *loader) at(d *draft, path, format string, args ...any) {
	line, ok := d.lines[path]
	for p := path; !ok && p != ""; line, ok = d.lines[p] {
		p = p[:max(0, strings.LastIndexAny(p, ".["))]
	}
	l.fail(d, d.YMLFile, line, format, args...)
}

// find gives the names of pairs below dir, and complains of files that have no partner.
func find(dir string) (stems []string, complaints []*yamlfile.Error, err error) {
	have := map[string]bool{}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		have[path] = true
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	complain := func(path, format string, args ...any) {
		complaints = append(complaints, &yamlfile.Error{File: path, Line: 1, Message: fmt.Sprintf(format, args...)})
	}
	for path := range have {
		stem, ext := strings.TrimSuffix(path, filepath.Ext(path)), filepath.Ext(path)
		switch {
		case ext == ".yaml":
			complain(path, "the name must be %s.yml", filepath.Base(stem))
		case ext == ".sql" && !have[stem+".yml"]:
			complain(path, "there is no %s.yml beside it", filepath.Base(stem))
		case ext == ".yml": // one without a .sql must adopt
			rel, err := filepath.Rel(dir, stem)
			if err != nil {
				return nil, nil, err
			}
			stems = append(stems, filepath.ToSlash(rel))
		}
	}
	slices.Sort(stems)
	return stems, complaints, nil
}

// read reads one pair and checks what can be checked without the others.
func (l *loader) read(dir, name string) (*draft, error) {
	stem := filepath.Join(dir, filepath.FromSlash(name))
	d := &draft{Pipeline: &Pipeline{Name: name, SQLFile: stem + ".sql", YMLFile: stem + ".yml"}}
	text, err := os.ReadFile(d.SQLFile)
	alone := errors.Is(err, fs.ErrNotExist)
	if err != nil && !alone {
		return nil, err
	}
	data, err := os.ReadFile(d.YMLFile)
	if err != nil {
		return nil, err
	}
	d.SQL = string(text)
	sum := sha256.Sum256(slices.Concat(text, []byte{0}, data))
	d.SHA256 = hex.EncodeToString(sum[:])
	d.lines, err = yamlfile.Decode(d.YMLFile, data, &d.yml)
	l.note(d, err)
	if d.lines != nil {
		l.check(d, data)
	}
	switch {
	case d.adopts() && !alone:
		l.fail(d, d.SQLFile, 1, "%s adopts a table, which has no SELECT; remove one of the two files", filepath.Base(d.YMLFile))
	case d.adopts():
		d.SQLFile = ""
	case alone:
		l.fail(d, d.YMLFile, 1, "there is no %s.sql beside it", filepath.Base(stem))
	default:
		l.parse(d)
	}
	return d, nil
}

// note takes the errors that reading the yml gave.
func (l *loader) note(d *draft, err error) {
	switch e := err.(type) { //nolint:errorlint // the two shapes that Decode promises
	case nil:
	case *yamlfile.Error:
		l.fail(d, e.File, e.Line, "%s", e.Message)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			l.note(d, one)
		}
	default:
		l.fail(d, d.YMLFile, 1, "%v", err)
	}
}

// distinctTables complains of tables that two pipelines make.
func (l *loader) distinctTables(drafts []*draft) {
	first := map[catalog.Name]*draft{}
	for _, d := range drafts {
		if d.Table == (catalog.Name{}) {
			continue
		}
		if other, taken := first[d.Table]; taken {
			l.at(d, "table", "%s is already the table of %s", d.Table, other.YMLFile)
			continue
		}
		first[d.Table] = d
	}
}
