package etl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// In the environment of a child process: the folder that has the lab and gets it back, and how many KiB its disk has
// free.
const (
	fullDirVariable  = "TIDEGATE_TEST_ETL_FULL_DIR"
	fullFreeVariable = "TIDEGATE_TEST_ETL_FULL_FREE"
)

// smallDisk is the size of the disk of a child, and ballast what fills it.
const (
	smallDisk = 64 << 20
	ballast   = "ballast"
)

// TestDiskFull runs with everything on one disk, source, lake, catalog, work folder and spill, that has room for less
// and less. Where it is too little the run says so, and when there is room again the next one makes what an undisturbed
// one had made.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	want, _ := undisturbed(t, 2)
	for free := 0; free <= 360; free += 24 {
		t.Run(fmt.Sprintf("%d KiB", free), func(t *testing.T) {
			t.Parallel()
			diskFull(t, want, free, DefaultMemory)
		})
	}
	for free := 0; free <= 3200; free += 200 {
		t.Run(fmt.Sprintf("%d KiB with a scratch database", free), func(t *testing.T) {
			t.Parallel()
			diskFull(t, want, free, leastMemory)
		})
	}
}

func diskFull(t *testing.T, want []string, free int, memory int64) {
	t.Helper()
	dir := t.TempDir()
	l, err := openLab(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	crashObjects(t, l, 2)
	l.close(t)
	said := runOnSmallDisk(t, dir, free, memory)
	if free < 200 && !strings.Contains(said, "full") && !strings.Contains(said, "no space left on device") {
		t.Errorf("the run said %q", said)
	}
	if l, err = openLab(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	defer l.close(t)
	if diff := cmp.Diff(want, outcome(t, l)); diff != "" {
		t.Errorf("the run said %q; after room was made:\n%s", said, diff)
	}
}

// runOnSmallDisk gives what the first run of a child said, "" if it had room enough.
func runOnSmallDisk(t *testing.T, dir string, free int, memory int64) string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), fullDirVariable+"="+dir, fullFreeVariable+"="+strconv.Itoa(free), memoryVariable+"="+strconv.FormatInt(memory, 10))
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
	}
	var out, errs bytes.Buffer
	child.Stdout, child.Stderr = &out, &errs
	err := child.Run()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("a process here may not have a disk of its own (mount namespaces)")
	}
	if err != nil {
		t.Fatalf("with %d KiB free: %v\n%s", free, err, errs.String())
	}
	return out.String()
}

// runOnFullDisk is the child: it moves the lab to a disk of its own, runs twice, and moves it back.
func runOnFullDisk(dir, free string) error {
	kib, err := strconv.Atoi(free)
	if err != nil {
		return err
	}
	disk, err := os.MkdirTemp("", "tidegate-full-disk-")
	if err != nil {
		return err
	}
	defer os.Remove(disk)
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("have mounts of one's own: %w", err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size="+strconv.Itoa(smallDisk)); err != nil {
		return fmt.Errorf("mount a disk: %w", err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	if err := copyTree(dir, disk); err != nil {
		return err
	}
	said, err := runWithLittleRoom(disk, int64(kib)<<10)
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(said); err != nil {
		return err
	}
	return copyTree(disk, dir)
}

// runWithLittleRoom runs the pipelines with so many bytes free, and once more with all if that fails; it gives why.
func runWithLittleRoom(disk string, free int64) (said string, err error) {
	l, err := openLab(context.Background(), disk, nil)
	if err != nil {
		return "", err
	}
	pipelines, err := crashPipelines(l)
	if err != nil {
		return "", err
	}
	if err := fill(disk, free); err != nil {
		return "", err
	}
	if _, err := l.runner.Run(context.Background(), pipelines); err != nil {
		said = strings.ReplaceAll(err.Error(), disk, "DISK")
	}
	if err := os.Remove(filepath.Join(disk, ballast)); err != nil {
		return "", err
	}
	began := time.Now()
	if said != "" {
		if _, err := l.runner.Run(context.Background(), pipelines); err != nil {
			return "", fmt.Errorf("with room again, after %s: %w", said, err)
		}
	}
	if took := time.Since(began); took > LeaseTime/2 {
		return "", fmt.Errorf("the run after that took %s: it waited for leases of one that is over", took)
	}
	return said, errors.Join(l.db.Close(), l.store.Close())
}

// fill leaves so many bytes free.
func fill(disk string, free int64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(disk, &s); err != nil {
		return err
	}
	have := int64(s.Bavail) * s.Bsize
	return os.WriteFile(filepath.Join(disk, ballast), make([]byte, max(0, have-free)), 0o644)
}

// copyTree makes the files of one folder those of another, with their times.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if e.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(target, text, 0o644), os.Chtimes(target, info.ModTime(), info.ModTime()))
	})
}
