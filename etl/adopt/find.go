package adopt

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"tidegate/internal/hive"
	"tidegate/internal/storage"
)

// found is one Parquet object below the prefix.
type found struct {
	storage.Object
	url       string
	partition string // "dt=2018-02-15/site=3", names in lower case
	keys      []key
}

// key is one Hive key of an object's folders.
type key struct {
	name, value string
	null        bool
}

// listing is what is below the prefix.
type listing struct {
	objects []found
	ignored int // objects that are no Parquet by their name, or hidden as Spark and Hive hide theirs
}

// find lists the objects below a location. Their keys in the path must be the same everywhere.
func find(ctx context.Context, b storage.Bucket, base string) (listing, error) {
	var l listing
	for o, err := range b.List(ctx, "", "") {
		if err != nil {
			return listing{}, err
		}
		if !isParquet(o) {
			l.ignored++
			continue
		}
		f := found{Object: o, url: base + o.Key}
		f.partition, f.keys = hiveKeys(o.Key)
		if n := len(l.objects); n > 0 && !slices.Equal(names(f.keys), names(l.objects[0].keys)) {
			return listing{}, fmt.Errorf("the folders of %s have the keys [%s], those of %s [%s]; "+
				"put what belongs together below one prefix each",
				f.url, strings.Join(names(f.keys), " "), l.objects[0].url, strings.Join(names(l.objects[0].keys), " "))
		}
		l.objects = append(l.objects, f)
	}
	return l, nil
}

// isParquet goes by the name: hidden files and other kinds are not the table's. Hive and Redshift write files without
// an ending.
func isParquet(o storage.Object) bool {
	for segment := range strings.SplitSeq(o.Key, "/") {
		hidden := strings.HasPrefix(segment, "_") || strings.HasPrefix(segment, ".")
		if hidden && !strings.Contains(segment, "=") {
			return false
		}
	}
	ending := strings.ToLower(path.Ext(o.Key))
	return o.Size > 0 && (ending == ".parquet" || ending == ".parq" || ending == "")
}

// hiveKeys reads "dt=2018-02-15/site=3/part-0.parquet".
func hiveKeys(objectKey string) (partition string, keys []key) {
	var folders []string
	for segment := range strings.SplitSeq(path.Dir(objectKey), "/") {
		name, value, ok := strings.Cut(segment, "=")
		if !ok || name == "" {
			continue
		}
		k := key{name: strings.ToLower(hive.Unescape(name)), value: hive.Unescape(value), null: value == hive.Null}
		keys = append(keys, k)
		folders = append(folders, hive.Escape(k.name)+"="+value)
	}
	return strings.Join(folders, "/"), keys
}

func names(keys []key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	return all
}
