package demo

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"time"
)

// plan fixes everything that objects share. What a record is depends on the seed, its object and its place in it,
// and on nothing else: so objects are made in any order, and one can repeat a record of another.
type plan struct {
	opt     Options
	objects []object
	sites   []site
	weights []int // cumulative, of sites
}

// object is one delivery.
type object struct {
	hour    time.Time // of arrival: its prefix
	arrived time.Time // modification time
	key     string
	records int
	first   int   // number of its first record in the whole set
	empty   empty // holds nothing, in one of two ways
}

// empty says how an object holds nothing.
type empty int

const (
	notEmpty  empty = iota
	emptyGzip       // a gzip stream without content
	emptyFile       // no byte at all
)

// source is randomness that can be set to any record.
type source struct {
	pcg *rand.PCG
	*rand.Rand
}

func newSource() source {
	pcg := rand.NewPCG(0, 0)
	return source{pcg, rand.New(pcg)}
}

// seek makes the coming numbers a function of the arguments alone.
func (s source) seek(seed uint64, purpose, a, b int) {
	h := mix(mix(mix(seed+0x9e3779b97f4a7c15)^uint64(purpose)) ^ uint64(a)<<32 ^ uint64(b))
	s.pcg.Seed(h, mix(h+1))
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// The purposes of seek.
const (
	forRecord = iota
	forDirt
	forObject
	forUser
)

// dayShape is how busy each hour of a day is. Integers everywhere: floating point may differ between machines.
var dayShape = [24]int{12, 7, 5, 4, 4, 6, 13, 25, 36, 42, 45, 47, 55, 50, 46, 45, 47, 52, 58, 66, 74, 72, 55, 30}

// weekShape is how busy each day of a week is, from Sunday.
var weekShape = [7]int{118, 100, 98, 97, 99, 104, 121}

func newPlan(opt Options) *plan {
	p := &plan{opt: opt}
	total := 0
	for i := range opt.Sites {
		p.sites = append(p.sites, newSite(i))
		total += 3000 / (i + 3)
		p.weights = append(p.weights, total+i) // +i: strictly growing for any number of sites
	}
	var shape []int
	for d := range opt.Days {
		weekday := weekShape[opt.Start.AddDate(0, 0, d).Weekday()]
		for h := range dayShape {
			shape = append(shape, weekday*dayShape[h])
		}
	}
	all := 0
	for _, w := range shape {
		all += w
	}
	src := newSource()
	done, upTo := 0, 0
	for h, w := range shape {
		upTo += w
		last := int(int64(opt.Records) * int64(upTo) / int64(all))
		if last > done {
			p.add(src, h, last-done, done, notEmpty)
		}
		done = last
		if h == 3 {
			p.add(src, h, 0, done, emptyGzip)
			p.add(src, h, 0, done, emptyFile)
		}
	}
	return p
}

// add appends a delivery of the given hour after the start.
func (p *plan) add(src source, hour, records, first int, e empty) {
	src.seek(p.opt.Seed, forObject, hour, int(e))
	o := object{hour: p.opt.Start.Add(time.Duration(hour) * time.Hour), records: records, first: first, empty: e}
	stamp := o.hour.Add(time.Duration(src.IntN(60)) * time.Second)
	o.arrived = o.hour.Add(time.Hour + time.Duration(60+src.IntN(120))*time.Second)
	o.key = fmt.Sprintf("%s/web-logs-1-%s-%s.gz", o.hour.Format("2006/01/02/15"), stamp.Format("2006-01-02-15-04-05"), uuid(src))
	p.objects = append(p.objects, o)
}

// pickSite draws a site, the first ones far more often.
func (p *plan) pickSite(src source) int {
	w := src.IntN(p.weights[len(p.weights)-1])
	return sort.SearchInts(p.weights, w+1)
}

// uuid is a random UUID (RFC 9562, version 4) in its text form.
func uuid(src source) string {
	a, b := src.Uint64(), src.Uint64()
	a = a&^uint64(0xf000) | 0x4000
	b = b&^(uint64(3)<<62) | uint64(2)<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}
