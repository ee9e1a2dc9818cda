package differential

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"tidegate/test/differential/script"
)

// generator writes random queries over the demo's tables that have one right answer: joins, predicates on every
// column, aggregates, previews. The same seed gives the same queries.
type generator struct {
	r *rand.Rand
	// alias is the relation that predicates speak of.
	alias string
}

func pick[T any](g *generator, list ...T) T { return list[g.r.IntN(len(list))] }

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

// columns of web.events and of web.site_daily by kind.
var (
	eventTexts  = []string{"domain", "path", "user_id", "referrer", "user_agent", "query", "experiment", "dt", "event_id"}
	dailyNumber = []string{"site_id", "pv", "uu", "timed", "load_ms_sum"}
)

func (g *generator) day() string { return fmt.Sprintf("2018-02-%02d", g.r.IntN(16)+1) }

func (g *generator) number() string {
	return pick(g, strconv.Itoa(g.r.IntN(25)), strconv.Itoa(g.r.IntN(1500)), strconv.Itoa(g.r.IntN(100))+".5", "null", "-1", "3000000000", "'7'", "1e2")
}

func (g *generator) moment() string {
	at := fmt.Sprintf("%s %02d:%02d:%02d", g.day(), g.r.IntN(24), g.r.IntN(60), g.r.IntN(60))
	switch g.r.IntN(8) {
	case 0:
		return "'" + g.day() + "'"
	case 1:
		return "date '" + g.day() + "'"
	case 2:
		return "timestamp '" + at + "'"
	case 3:
		return "timestamptz '" + at + pick(g, "+00", "+05:30", "-08", "") + "'"
	case 4:
		return "date '" + g.day() + "' " + pick(g, "+ 1", "- 2", "+ interval '1 day'", "- interval '36 hours'", "+ interval '1 month'")
	case 5:
		return "timestamptz '" + at + "+00' " + pick(g, "+", "-") + " interval '" + pick(g, "1 day", "90 minutes", "1 week", "1 month 1 day") + "'"
	case 6:
		return "null"
	}
	return "'" + at + "'"
}

func (g *generator) text(column string) string {
	switch column {
	case "dt":
		return "'" + pick(g, g.day(), g.day(), g.day(), "2018-02", "2018-02-1", "2018-02-05x", "") + "'"
	case "path":
		return "'" + pick(g, "/articles/100", "/tags/snow", "/na", "/Z", "/天気/143", "a", "") + "'"
	case "domain":
		return "'" + pick(g, "tokyo-kitchen.example", "m", "z", "") + "'"
	case "query":
		return "'" + pick(g, "{}", `{"q":"ramen","page":1}`, `{"u`) + "'"
	case "experiment":
		return "'" + pick(g, "a", "b", "control", "") + "'"
	}
	return "'" + pick(g, "u5", "u", "https://", "Mozilla", "8", "") + "'"
}

func (g *generator) op() string { return pick(g, "=", "<>", "<", "<=", ">", ">=") }

// leaf is one comparison.
func (g *generator) leaf(daily bool) string {
	switch {
	case g.chance(3):
		return pick(g, "true", "false", "null::bool", "1 = 1", "1 = 0")
	case g.chance(35):
		return g.numberLeaf(daily)
	case daily || g.chance(55):
		return g.textLeaf(daily)
	}
	return g.momentLeaf()
}

func (g *generator) numberLeaf(daily bool) string {
	column := pick(g, "site_id", "load_ms")
	if daily {
		column = pick(g, dailyNumber...)
	}
	c := g.alias + "." + column
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("%s %s (%s, %s, %s)", c, pick(g, "in", "not in"), g.number(), g.number(), g.number())
	case 1:
		return fmt.Sprintf("%s %s %s and %s", c, pick(g, "between", "not between", "between symmetric"), g.number(), g.number())
	case 2:
		return c + pick(g, " is null", " is not null")
	case 3:
		return fmt.Sprintf("%s is %sdistinct from %s", c, pick(g, "", "not "), g.number())
	case 4:
		return fmt.Sprintf("%s %s %s %s", c, pick(g, "+", "-", "%"), pick(g, "3", "7"), g.op()+" "+pick(g, "1", "5", "100"))
	case 5:
		return fmt.Sprintf("%s %s %s", g.number(), g.op(), c)
	}
	return fmt.Sprintf("%s %s %s", c, g.op(), g.number())
}

func (g *generator) textLeaf(daily bool) string {
	column := pick(g, eventTexts...)
	if daily || g.chance(40) {
		column = "dt"
	}
	c := g.alias + "." + column
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("%s %s (%s, %s, %s)", c, pick(g, "in", "not in"), g.text(column), g.text(column), pick(g, "null", g.text(column)))
	case 1:
		return fmt.Sprintf("%s %s %s and %s", c, pick(g, "between", "not between", "between symmetric"), g.text(column), g.text(column))
	case 2:
		return c + pick(g, " is null", " is not null")
	case 3:
		return fmt.Sprintf("%s %s '%s'", c, pick(g, "like", "not like", "ilike"), pick(g, "%a%", "2018-02-0_", "/t%", "u5%", "%7", "%"))
	case 4:
		return fmt.Sprintf("coalesce(%s, %s) %s %s", c, g.text(column), g.op(), g.text(column))
	}
	return fmt.Sprintf("%s %s %s", c, g.op(), g.text(column))
}

func (g *generator) momentLeaf() string {
	c := g.alias + ".ts"
	switch g.r.IntN(9) {
	case 0:
		return fmt.Sprintf("%s %s %s and %s", c, pick(g, "between", "not between", "between symmetric"), g.moment(), g.moment())
	case 1:
		return fmt.Sprintf("%s::date %s %s", c, g.op(), pick(g, "'"+g.day()+"'", "date '"+g.day()+"'", "timestamp '"+g.day()+" 10:00'"))
	case 2:
		return fmt.Sprintf("date_trunc('%s', %s) %s %s", pick(g, "hour", "day", "week", "month"), c, g.op(), g.moment())
	case 3:
		return fmt.Sprintf("%s::date in ('%s', '%s')", c, g.day(), g.day())
	case 4:
		return c + pick(g, " is null", " is not null")
	case 5:
		return fmt.Sprintf("(%s at time zone 'Asia/Tokyo')::date %s date '%s'", c, g.op(), g.day())
	case 6:
		return fmt.Sprintf("extract(%s from %s) %s %d", pick(g, "hour", "dow", "day"), c, g.op(), g.r.IntN(24))
	}
	return fmt.Sprintf("%s %s %s", c, g.op(), g.moment())
}

// predicate is a tree of AND, OR, NOT and IS TRUE over leaves.
func (g *generator) predicate(depth int, daily bool) string {
	if depth == 0 || g.chance(30) {
		return g.leaf(daily)
	}
	switch g.r.IntN(7) {
	case 0, 1, 2:
		return "(" + g.predicate(depth-1, daily) + " and " + g.predicate(depth-1, daily) + ")"
	case 3, 4:
		return "(" + g.predicate(depth-1, daily) + " or " + g.predicate(depth-1, daily) + ")"
	case 5:
		return "not (" + g.predicate(depth-1, daily) + ")"
	}
	return "((" + g.predicate(depth-1, daily) + ") is " + pick(g, "true", "not true", "false", "not false", "unknown", "not null") + ")"
}

func (g *generator) on(alias string, daily bool) string {
	g.alias = alias
	return g.predicate(g.r.IntN(4), daily)
}

func (g *generator) where(alias string, daily bool) string {
	if g.chance(15) {
		return ""
	}
	return " where " + g.on(alias, daily)
}

// query is one random query.
func (g *generator) query() string {
	switch g.r.IntN(12) {
	case 0, 1:
		return g.statistics()
	case 2:
		return g.preview()
	case 3, 4, 5:
		return g.join()
	case 6:
		return g.grouped()
	case 7:
		return g.subquery()
	case 8:
		return g.derived()
	case 9:
		return g.daily()
	}
	return g.aggregates()
}

func (g *generator) statistics() string {
	var calls []string
	for range g.r.IntN(3) + 1 {
		calls = append(calls, pick(g, "count(*)", "count(e.load_ms)", "count(e.user_id)", "min(e.ts)", "max(e.ts)", "min(e.load_ms)",
			"max(e.load_ms)", "min(e.dt)", "max(e.dt)", "min(e.path)", "max(e.user_id)", "count(e.experiment)", "min(e.experiment)", "count(e.dt)", "max(e.site_id)"))
	}
	return "select " + strings.Join(calls, ", ") + " from web.events e" + g.where("e", false)
}

func (g *generator) aggregates() string {
	return "select count(*), sum(e.load_ms), min(e.ts), max(e.path), count(distinct e.site_id), count(e.user_id)" +
		pick(g, "", ", count(e.referrer), max(e.experiment)") + " from web.events e" + g.where("e", false)
}

func (g *generator) preview() string {
	c := pick(g, "ts", "load_ms", "dt", "site_id", "path", "user_id", "experiment", "event_id")
	order := fmt.Sprintf(" order by %s%s%s", c, pick(g, "", " desc"), pick(g, "", "", " nulls first", " nulls last"))
	from := "web.events e" + g.where("e", false)
	switch g.r.IntN(3) {
	case 0:
		from = "web.events e"
	case 1:
		from = "(select * from web.events e" + g.where("e", false) + ") x"
	}
	limit := fmt.Sprintf(" limit %d", pick(g, 0, 1, 5, 100, 5000))
	if g.chance(30) {
		limit += fmt.Sprintf(" offset %d", pick(g, 0, 3, 1000, 50000))
	}
	return "select " + c + " from " + from + order + limit
}

func (g *generator) join() string {
	kind := pick(g, "join", "left join", "right join", "full join")
	left := pick(g, "web.events", "(select * from web.events e"+g.where("e", false)+")")
	right := pick(g, "web.site_daily", "(select * from web.site_daily d"+g.where("d", true)+")")
	on := "e.dt = d.dt and e.site_id = d.site_id"
	if kind != "full join" {
		if g.chance(40) {
			on += " and " + g.on("d", true)
		}
		if g.chance(40) {
			on += " and " + g.on("e", false)
		}
	}
	text := "select count(*), count(e.dt), count(d.dt), sum(d.pv), sum(e.load_ms), min(e.ts) from " + left + " e " + kind + " " + right + " d on " + on
	if g.chance(25) {
		text += " left join web.site_daily f on f.dt = d.dt and f.site_id = d.site_id and " + g.on("f", true)
		if g.chance(50) {
			return text + " where " + g.on("f", true) + " and " + g.on("e", false)
		}
	}
	switch g.r.IntN(4) {
	case 0:
		text += g.where("d", true)
	case 1:
		text += g.where("e", false)
	case 2:
		text += " where (" + g.on("d", true) + pick(g, " and ", " or ") + g.on("e", false) + ")"
	}
	return text
}

func (g *generator) grouped() string {
	key := pick(g, "e.site_id", "e.dt", "e.site_id % 4", "e.ts::date", "date_trunc('day', e.ts)", "e.user_id is null", "e.experiment", "extract(hour from e.ts)", "e.load_ms / 100")
	text := "select " + key + " as k, count(*), sum(e.load_ms), max(e.ts) from web.events e" + g.where("e", false) + " group by " + pick(g, "1", "k", key)
	if g.chance(30) {
		text += " having " + pick(g, "count(*) > 100", "max(e.load_ms) < 2500", "sum(e.load_ms) is null")
	}
	return text
}

func (g *generator) subquery() string {
	in := pick(g, "e.site_id in", "e.site_id not in", "e.site_id = any") + " (select d.site_id from web.site_daily d" + g.where("d", true) + ")"
	exists := pick(g, "exists", "not exists") + " (select 1 from web.site_daily d where d.site_id = e.site_id and d.dt = e.dt and " + g.on("d", true) + ")"
	scalar := "e.load_ms > (select avg(load_ms) from web.events x" + g.where("x", false) + ")"
	return "select count(*), min(e.ts), sum(e.load_ms) from web.events e where " + pick(g, in, exists, scalar) + pick(g, " and ", " or ") + g.on("e", false)
}

func (g *generator) derived() string {
	inner := pick(g,
		"select e.* from web.events e"+g.where("e", false),
		"select distinct e.dt, e.site_id, e.load_ms, e.ts, e.user_id, e.path, e.domain, e.referrer, e.user_agent, e.query, e.experiment, e.event_id from web.events e"+g.where("e", false),
		"select * from web.events where dt < '2018-02-06' union all select * from web.events e"+g.where("e", false),
		"select * from web.events where dt < '2018-02-06' except select * from web.events e"+g.where("e", false))
	if g.chance(30) {
		return "with q as (" + inner + ") select count(*), sum(x.load_ms), min(x.ts) from q x" + g.where("x", false)
	}
	return "select count(*), sum(x.load_ms), min(x.ts) from (" + inner + ") x" + g.where("x", false)
}

func (g *generator) daily() string {
	return "select " + pick(g, "count(*), sum(d.pv), max(d.uu)", "d.dt, d.site_id, d.pv", "min(d.pv), max(d.site_id), count(d.load_ms_sum)",
		"d.dt, sum(d.pv) over (partition by d.site_id order by d.dt) as running") + " from web.site_daily d" + g.where("d", true)
}

var demoQueries = flag.Int("campaign", 150, "random queries over the demo's tables")

// TestDemoQueries compares -campaign random queries whose predicates prune files and partitions, always the same
// first ones.
func TestDemoQueries(t *testing.T) {
	t.Parallel()
	r := startSides(t, "").connect(t)
	zones := []string{"UTC", "America/New_York", "Asia/Kolkata"}
	const seed = 20180215
	g := &generator{r: rand.New(rand.NewPCG(seed, seed))}
	for i := range *demoQueries {
		if i%50 == 0 {
			r.set(t, "set timezone = '"+zones[i/50%len(zones)]+"'")
		}
		text := g.query()
		q := &script.Statement{At: strconv.Itoa(i), Text: text, Ordered: strings.Contains(text, " order by ") && strings.Contains(text, " limit ")}
		if complaint := r.judge(t, q, false); complaint != "" {
			t.Errorf("%s\n%s", text, complaint)
		}
	}
}
