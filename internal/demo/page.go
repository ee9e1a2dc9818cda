package demo

import (
	"fmt"
	"strconv"
	"time"
)

// page is one page view.
type page struct {
	id         string
	at         int64 // Unix milliseconds
	site       *site
	siteID     int
	path       string // without characters that JSON escapes
	user       string // "" is null
	referrer   string // "" is null
	agent      string
	loadMS     int    // negative: absent
	query      string // JSON object
	experiment string // "": absent
}

// site is where pages are viewed.
type site struct {
	domain string
}

func newSite(i int) site {
	first := [...]string{"tokyo", "harbour", "alpine", "north", "little", "green", "city", "open", "daily", "lantern"}
	second := [...]string{"kitchen", "news", "travel", "garden", "books", "cycling", "cinema", "market", "weather", "music"}
	name := first[i%10] + "-" + second[(i/10+i)%10]
	if i >= 100 {
		name += "-" + strconv.Itoa(i/100)
	}
	return site{domain: name + ".example"}
}

// page makes the record at a place of an object. It is the same on every call.
func (p *plan) page(src source, obj, place int) page {
	src.seek(p.opt.Seed, forRecord, obj, place)
	o := p.objects[obj]
	at := o.hour.UnixMilli() + int64(src.IntN(3_600_000))
	if src.IntN(100) == 0 && obj > 0 {
		at = o.hour.UnixMilli() - int64(src.IntN(90_000)) // was under way when the hour turned
	}
	id := p.pickSite(src)
	v := page{
		id:       uuid(src),
		at:       at,
		site:     &p.sites[id],
		siteID:   id + 1,
		agent:    agents[skewed(src, len(agents))],
		loadMS:   60 + src.IntN(1000)*src.IntN(1000)/1000*src.IntN(1000)/300,
		query:    "{}",
		user:     p.user(src),
		referrer: referrer(src, &p.sites[id]),
	}
	if src.IntN(100) == 0 {
		v.loadMS = -1
	}
	v.path, v.query = target(src)
	// The experiment begins in the second half: older records have no such member.
	if !o.hour.Before(p.opt.Start.AddDate(0, 0, (p.opt.Days+1)/2)) {
		v.experiment = [...]string{"hero-a", "hero-b", "control"}[src.IntN(3)]
	}
	return v
}

// user draws one of the visitors, few of them often; some are not known.
func (p *plan) user(src source) string {
	visitors := max(10, p.opt.Records/8)
	n := src.IntN(visitors)
	n = int(int64(n) * int64(src.IntN(visitors)) / int64(visitors))
	if src.IntN(30) == 0 {
		return ""
	}
	return fmt.Sprintf("u%012x", mix(p.opt.Seed^uint64(forUser)<<56^uint64(n))>>16)
}

// skewed draws below n, small numbers more often.
func skewed(src source, n int) int { return src.IntN(n) * src.IntN(n) / n }

// target draws a path and its query.
func target(src source) (path, query string) {
	switch d := src.IntN(100); {
	case d < 18:
		return "/", "{}"
	case d < 66:
		path = "/articles/" + strconv.Itoa(1000+skewed(src, 20000))
	case d < 80:
		path = "/tags/" + words[src.IntN(len(words))]
	case d < 90:
		page := strconv.Itoa(1 + skewed(src, 9))
		return "/search", `{"q":"` + words[skewed(src, len(words))] + `","page":` + page + `}`
	default:
		path = "/" + words[src.IntN(len(words))] + "/" + strconv.Itoa(skewed(src, 400))
	}
	if src.IntN(4) == 0 {
		campaign := strconv.Itoa(1 + src.IntN(40))
		return path, `{"utm":{"source":"` + channels[src.IntN(len(channels))] + `","campaign":"c` + campaign + `"}}`
	}
	return path, "{}"
}

// referrer draws where the visitor came from.
func referrer(src source, s *site) string {
	switch d := src.IntN(10); {
	case d < 3:
		return ""
	case d < 6:
		return "https://" + s.domain + "/"
	case d < 8:
		return "https://search.example/?q=" + words[src.IntN(len(words))]
	default:
		return "https://" + channels[src.IntN(len(channels))] + ".example/"
	}
}

// append writes the record as JSON, with one member changed (a zero change changes none).
func (v *page) append(b []byte, c change) []byte {
	open := len(b)
	b = append(b, '{')
	member := func(name string) bool {
		if c.member == name && c.raw == "" {
			return false
		}
		if len(b) > open+1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), '"', ':')
		if c.member == name {
			b = append(b, c.raw...)
			return false
		}
		return true
	}
	text := func(name, value string) {
		if member(name) {
			b = append(append(append(b, '"'), value...), '"')
		}
	}
	orNull := func(name, value string) {
		if value != "" {
			text(name, value)
		} else if member(name) {
			b = append(b, "null"...)
		}
	}
	text("event_id", v.id)
	if member("ts") {
		b = time.UnixMilli(v.at).UTC().AppendFormat(b, `"2006-01-02T15:04:05.000Z"`)
	}
	if member("site_id") {
		b = strconv.AppendInt(b, int64(v.siteID), 10)
	}
	text("domain", v.site.domain)
	text("path", v.path)
	orNull("user_id", v.user)
	orNull("referrer", v.referrer)
	text("user_agent", v.agent)
	if (v.loadMS >= 0 || c.member == "load_ms") && member("load_ms") {
		b = strconv.AppendInt(b, int64(v.loadMS), 10)
	}
	if member("query") {
		b = append(b, v.query...)
	}
	if v.experiment != "" {
		text("experiment", v.experiment)
	}
	return append(b, '}')
}
