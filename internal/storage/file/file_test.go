package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/storagetest"
)

func open(t *testing.T, dir string) *file.Bucket {
	t.Helper()
	b, err := file.Create("file:" + dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storage.Bucket {
		t.Helper()
		return open(t, filepath.Join(t.TempDir(), "not", "there", "yet"))
	})
}

func TestKeysStayInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, filepath.Join(dir, "lake"))
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"", "/etc/passwd", "../secret", "a/../../secret", "a//b", "./a", "a/", "a\x00b", ".tg-tmp-1", "a/.tg-tmp-1",
	} {
		if _, err := b.Put(t.Context(), key, strings.NewReader("y")); err == nil {
			t.Errorf("Put(%q) was accepted", key)
		}
		if _, err := b.PutIfAbsent(t.Context(), key, []byte("y")); err == nil {
			t.Errorf("PutIfAbsent(%q) was accepted", key)
		}
		if _, err := b.Stat(t.Context(), key); err == nil {
			t.Errorf("Stat(%q) was accepted", key)
		}
		if err := b.Delete(t.Context(), key); err == nil {
			t.Errorf("Delete(%q) was accepted", key)
		}
		if p := b.LocalPath(key); key != "" && !strings.HasPrefix(p, filepath.Join(dir, "lake")+string(filepath.Separator)) {
			t.Errorf("LocalPath(%q) = %s, outside", key, p)
		}
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ location, path, err string }{
		{"file:/var/lake", "/var/lake/k", ""},
		{"file:///var/lake/", "/var/lake/k", ""},
		{"file://host/lake", "", "names a host"},
		{"/var/lake", "/var/lake/k", ""},
		{"/var/a:b", "/var/a:b/k", ""},
		{"", "", "is not file:PATH"},
		{"file:", "", "is not file:PATH"},
		{"s3://bucket/x", "", "is not file:PATH"},
	} {
		b, err := file.Open(c.location)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("Open(%q): %v, want %q", c.location, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Open(%q): %v", c.location, err)
			continue
		}
		if b.Location() != c.location || b.LocalPath("k") != c.path {
			t.Errorf("Open(%q): location %q, path %q", c.location, b.Location(), b.LocalPath("k"))
		}
	}
}

func TestLocalPathOfTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := open(t, dir).LocalPath(""); got != dir {
		t.Errorf("LocalPath(\"\") = %s, want %s", got, dir)
	}
}

func TestTemporaryFilesAreInvisible(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, dir)
	if err := os.WriteFile(filepath.Join(dir, ".tg-tmp-left-by-a-crash"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for o, err := range b.List(t.Context(), "", "") {
		t.Errorf("listed %+v, %v", o, err)
	}
}

func TestMissingFolderIsAnError(t *testing.T) {
	t.Parallel()
	b, err := file.Open("file:" + filepath.Join(t.TempDir(), "raw"))
	if err != nil {
		t.Fatal(err)
	}
	var got error
	for _, err := range b.List(t.Context(), "", "") {
		got = err
	}
	if !errors.Is(got, os.ErrNotExist) || !strings.Contains(got.Error(), b.Location()) {
		t.Errorf("List: %v, want one that names %s", got, b.Location())
	}
}

func TestFileInTheWayOfFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "lake"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	location := "file:" + filepath.Join(dir, "lake")
	_, err := file.Create(location)
	if err == nil || !strings.HasPrefix(err.Error(), location+" is not writable: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("Create: %v, want one line that names the location", err)
	}
}

func TestPutFileMoves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := open(t, filepath.Join(dir, "lake"))
	source := filepath.Join(dir, "made.parquet")
	if err := os.WriteFile(source, []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := b.PutFile(t.Context(), "t/dt=1/0000.parquet", source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(source); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the source is still there: %v", err)
	}
	got, err := b.Stat(t.Context(), o.Key)
	if err != nil || got != o || o.Size != 4 {
		t.Errorf("Stat gave %+v, %v; PutFile gave %+v", got, err, o)
	}
	if body, err := os.ReadFile(b.LocalPath(o.Key)); err != nil || string(body) != "rows" {
		t.Errorf("file at LocalPath: %q, %v", body, err)
	}
}
