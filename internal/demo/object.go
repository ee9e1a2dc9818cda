package demo

import (
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
)

// writer makes the content of one object and counts what it makes.
type writer struct {
	plan  *plan
	index int
	src   source
	text  []byte
	line  []byte // scratch
	truth Truth
	days  map[string]*Day
}

// writeObject makes object i below dir.
func (p *plan) writeObject(dir string, i int) (Truth, error) {
	o := p.objects[i]
	w := &writer{
		plan: p, index: i, src: newSource(), days: map[string]*Day{},
		truth: Truth{Objects: 1, Rejected: map[string]int64{}, Made: map[string]int64{}},
		text:  make([]byte, 0, o.records*480),
	}
	for n := range o.records {
		w.record(n)
	}
	for _, d := range w.days {
		w.truth.Days = append(w.truth.Days, *d)
	}
	path := filepath.Join(dir, filepath.FromSlash(o.key))
	size, err := writeGzip(path, w.text, o)
	w.truth.Bytes = size
	return w.truth, err
}

// writeGzip writes a whole file and sets its time. The gzip header holds no time and no name: bytes depend on the
// content alone.
func writeGzip(path string, text []byte, o object) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer f.Close() // for the early returns; the good end closes and looks
	if o.empty != emptyFile {
		z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
		if err != nil {
			return 0, err
		}
		z.ModTime = time.Unix(0, 0) // the zero Time would be written, cut to 32 bits
		if _, err := z.Write(text); err != nil {
			return 0, err
		}
		if err := z.Close(); err != nil {
			return 0, err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	return info.Size(), os.Chtimes(path, o.arrived, o.arrived)
}

// record appends the record at place n, as its kind wants it.
func (w *writer) record(n int) {
	g := w.plan.objects[w.index].first + n
	k := slotKind(g)
	v := w.plan.page(w.src, w.index, n)
	w.src.seek(w.plan.opt.Seed, forDirt, w.index, n)
	switch k {
	case cutLine, missingField, wrongType, rawNewline, invalidUTF8, future:
		w.bad(&v, k, g/dirtPeriod)
	case probe:
		v.agent = probeAgent
		w.add(&v, change{})
		w.truth.Read++
		w.truth.Filtered++
	case duplicate:
		if !w.repeat(n) {
			k = w.good(&v, plain, n)
		}
	default:
		k = w.good(&v, k, n)
	}
	w.truth.Made[k.String()]++
}

// add appends a record and the newline.
func (w *writer) add(v *page, c change) {
	w.text = append(v.append(w.text, c), '\n')
}

// bad appends a record that the validation rejects, and counts what for.
func (w *writer) bad(v *page, k kind, variant int) {
	reason, reads := "invalid_json", int64(1)
	var c change
	switch k {
	case cutLine:
		w.line = v.append(w.line[:0], change{})
		w.text = append(append(w.text, cut(w.src, w.line)...), '\n')
	case missingField:
		c, reason = missing(variant)
	case wrongType:
		c, reason = mistyped(variant)
	case rawNewline:
		c, reads = change{"path", "\"/notes/first\nsecond\""}, 2
	case invalidUTF8:
		c, reason = change{"path", "\"/caf\xe9/menu\""}, "invalid_utf8"
	case future:
		v.at = futureTime(w.src, w.plan.objects[w.index])
		reason = "future_time(ts)"
	default:
		panic("not a bad kind: " + k.String())
	}
	if k != cutLine {
		w.add(v, c)
	}
	w.truth.Read += reads
	w.truth.Rejected[reason] += reads
}

// good appends a record that becomes a row, and counts it. It gives the kind that the record came to be.
func (w *writer) good(v *page, k kind, n int) kind {
	o := w.plan.objects[w.index]
	var c change
	newline := true
	switch day := int(o.hour.Sub(w.plan.opt.Start) / (24 * time.Hour)); {
	case k == late && day > 0:
		v.at -= int64(1+w.src.IntN(min(3, day))) * 24 * time.Hour.Milliseconds()
		v.at = max(v.at, w.plan.opt.Start.UnixMilli())
	case k == glued && n+1 < o.records && slotKind(o.first+n+1) == plain:
		newline = false
	case k == escapedNewline:
		c = change{"path", `"/notes/first\nsecond"`}
	case k == blankLine:
	default:
		k = plain
	}
	w.text = v.append(w.text, c)
	if newline {
		w.text = append(w.text, '\n')
	}
	if k == blankLine {
		w.text = append(w.text, '\n')
		w.truth.Read++
		w.truth.Blank++
	}
	w.truth.Read++
	w.truth.Rows++
	w.count(v)
	return k
}

// count adds a row to its day.
func (w *writer) count(v *page) {
	name := time.UnixMilli(v.at).UTC().Format(time.DateOnly)
	d := w.days[name]
	if d == nil {
		d = &Day{Day: name}
		w.days[name] = d
	}
	d.Rows++
	d.LoadMS += int64(max(v.loadMS, 0))
}

// repeat appends a plain record of this object (before place n) or of an earlier one again, byte for byte.
func (w *writer) repeat(n int) bool {
	obj, place, ok := w.plan.pickOriginal(w.src, w.index, n)
	if !ok {
		return false
	}
	v := w.plan.page(w.src, obj, place)
	w.add(&v, change{})
	w.truth.Read++
	w.truth.Deduplicated++
	return true
}
