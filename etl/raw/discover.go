package raw

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/internal/storage"
)

// Discover lists the objects of a source whose keys sort after one and that are not in known (key → ETag) as they are
// now, in order of keys.
// Objects with a name or folder that begins with "_" or "." are not part of the source, nor are the empty objects
// with which consoles mark folders. An object that was replaced since it was read is told again.
func Discover(ctx context.Context, bucket storage.Bucket, after string, known map[string]string) ([]storage.Object, error) {
	var found []storage.Object
	for obj, err := range bucket.List(ctx, "", after) {
		if err != nil {
			return nil, err
		}
		if hidden(obj.Key) {
			continue
		}
		if etag, ok := known[obj.Key]; ok && etag == obj.ETag {
			continue
		}
		found = append(found, obj)
	}
	return found, nil
}

// Find gives the objects of these keys that are not in known (key → ETag) as they are now, in order of keys. A key that
// is not there, or is not part of the source, is an error, which names all of them.
func Find(ctx context.Context, bucket storage.Bucket, keys []string, known map[string]string) ([]storage.Object, error) {
	keys = slices.Clone(keys)
	slices.Sort(keys)
	var found []storage.Object
	var errs []error
	for _, key := range slices.Compact(keys) {
		if hidden(key) {
			errs = append(errs, fmt.Errorf("%s is not part of the source: a name in it begins with _ or ., or it is a folder", key))
			continue
		}
		obj, err := bucket.Stat(ctx, key)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			errs = append(errs, fmt.Errorf("%s is not in %s", key, bucket.Location()))
		case err != nil:
			return nil, fmt.Errorf("look for %s: %w", key, err)
		case known[key] != obj.ETag:
			found = append(found, obj)
		}
	}
	return found, errors.Join(errs...)
}

// IsPart reports whether an object of this key is part of a source, as Discover has it.
func IsPart(key string) bool { return !hidden(key) }

func hidden(key string) bool {
	if strings.HasSuffix(key, "/") {
		return true
	}
	for name := range strings.SplitSeq(key, "/") {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
			return true
		}
	}
	return false
}

// Group cuts objects into batches, oldest (LastModified, then key) first; within a batch they are in order of keys.
// A batch has at most maxBytes and maxObjects, but an object that is larger alone is a batch of its own.
func Group(objs []storage.Object, maxBytes int64, maxObjects int) [][]storage.Object {
	objs = slices.Clone(objs)
	slices.SortFunc(objs, func(a, b storage.Object) int {
		return cmp.Or(a.LastModified.Compare(b.LastModified), cmp.Compare(a.Key, b.Key))
	})
	var groups [][]storage.Object
	from, size := 0, int64(0)
	for i, o := range objs {
		if i > from && (size+o.Size > maxBytes || i-from >= maxObjects) {
			groups = append(groups, objs[from:i])
			from, size = i, 0
		}
		size += o.Size
	}
	if from < len(objs) {
		groups = append(groups, objs[from:])
	}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b storage.Object) int { return cmp.Compare(a.Key, b.Key) })
	}
	return groups
}
