package router

import (
	"fmt"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// waves are the parts of a cold statement whose files do not fit the column cache together.
type waves struct {
	parts   *sql.Decomposition
	files   [][]*catalog.File
	because string // "it needs 3.0 GiB of the column cache, which has 2.0 GiB"
}

// fenceCache has a cold plan run in waves that needs more of the column cache than is free, if it can. One that cannot
// waits for what running statements hold, and is barred if the whole cache would not do.
func (d *decision) fenceCache(c *candidate) error {
	cache, need := d.r.o.Cache, d.distinctBytes()
	if need == 0 {
		return nil
	}
	most := cache.MaxBytes()
	if need <= cache.Free() || need <= most && c.cached >= c.bytes {
		return nil
	}
	w, why, err := d.inWaves(most, cache.Free())
	if err != nil {
		return err
	}
	if why == "" {
		w.because = fmt.Sprintf("it needs %s of the column cache, which has %s", formatBytes(need), formatBytes(most))
		if need <= most {
			w.because += fmt.Sprintf(" and %s free", formatBytes(cache.Free()))
		}
		c.waves = w
		return nil
	}
	if need <= most {
		return nil
	}
	c.why = fmt.Sprintf("it would need %s of the column cache, which has %s, and cannot run in waves: %s", formatBytes(need), formatBytes(most), why)
	c.barred = pgerr.New(pgerr.ConfigurationLimit, "the query needs %s of the column cache in %d files, which has %s",
		formatBytes(need), d.files(), formatBytes(most)).
		WithDetail("It cannot run in waves of files that fit: %s.", why).WithHint("%s", d.narrower())
	return nil
}

// The size of a wave: two of them have room in the cache, unless running statements hold most of it.
const (
	largestWave  = 2 // MaxBytes by this
	smallestWave = 8
)

// inWaves cuts the files of the one scan into waves, or says what stands against it.
func (d *decision) inWaves(most, free int64) (w *waves, why string, err error) {
	w = &waves{}
	if w.parts, why, err = d.req.Query.Decompose(); err != nil || why != "" {
		return nil, why, err
	}
	size := min(most/largestWave, max(free, most/smallestWave))
	var used int64
	for _, f := range d.scans[0].kept {
		room := d.scans[0].room(f)
		if room > most {
			return nil, fmt.Sprintf("file %s alone needs %s", f.Path, formatBytes(room)), nil
		}
		if n := len(w.files); n == 0 || used+room > size {
			w.files = append(w.files, nil)
			used = 0
		}
		w.files[len(w.files)-1] = append(w.files[len(w.files)-1], f)
		used += room
	}
	return w, "", nil
}

// What a file takes of the cache beside the bytes of its columns: whole blocks at both ends of each chunk, of which a
// row group has one for each column, and the footer.
const (
	chunkEnds     = 8 << 10
	fileEnds      = 16 << 10
	rowsInGroup   = 20_000 // few: a wave must not turn out to be more than the cache
	unknownFooter = 64 << 10
)

// room is about what a file takes of the cache, rather too much than too little.
func (s *scan) room(f *catalog.File) int64 {
	n := int64(fileEnds) + f.FooterBytes
	if f.FooterBytes == 0 {
		n += unknownFooter
	}
	for i := range f.Stats {
		for _, name := range s.use.Columns {
			if f.Stats[i].Name == name {
				n += f.Stats[i].Bytes + chunkEnds*(1+f.Rows/rowsInGroup)
			}
		}
	}
	return n
}

// waves gives them in the cold engine's words.
func (d *decision) waves(w *waves) (*engine.Waves, error) {
	out := &engine.Waves{Final: w.parts.RenderFinal(engine.GatheredTable), Limit: w.parts.Limit}
	for _, files := range w.files {
		s := *d.scans[0]
		s.kept = files
		text, err := w.parts.RenderPartial(func(*sql.Use) (string, error) { return d.r.parquet(&s), nil })
		if err != nil {
			return nil, err
		}
		out.Parts = append(out.Parts, engine.Part{SQL: text, Files: s.files()})
	}
	return out, nil
}
