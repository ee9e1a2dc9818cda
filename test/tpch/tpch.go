// Package tpch makes the tables of the TPC-H benchmark by its specification (revision 3, clause 4): the same
// populations, keys, value ranges and text grammar, from a seed of its own. It is not dbgen: the rows differ, so the
// specification's validation answers do not hold for them.
package tpch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Schema makes the tables in PostgreSQL. The fixed texts of clause 1.4 are variable ones, as a lake has no char(n).
const Schema = `
create table region (r_regionkey int, r_name varchar(25), r_comment varchar(152));
create table nation (n_nationkey int, n_name varchar(25), n_regionkey int, n_comment varchar(152));
create table supplier (s_suppkey int, s_name varchar(25), s_address varchar(40), s_nationkey int, s_phone varchar(15), s_acctbal numeric(15,2),
	s_comment varchar(101));
create table part (p_partkey int, p_name varchar(55), p_mfgr varchar(25), p_brand varchar(10), p_type varchar(25), p_size int,
	p_container varchar(10), p_retailprice numeric(15,2), p_comment varchar(23));
create table partsupp (ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost numeric(15,2), ps_comment varchar(199));
create table customer (c_custkey int, c_name varchar(25), c_address varchar(40), c_nationkey int, c_phone varchar(15), c_acctbal numeric(15,2),
	c_mktsegment varchar(10), c_comment varchar(117));
create table orders (o_orderkey bigint, o_custkey int, o_orderstatus varchar(1), o_totalprice numeric(15,2), o_orderdate date,
	o_orderpriority varchar(15), o_clerk varchar(15), o_shippriority int, o_comment varchar(79));
create table lineitem (l_orderkey bigint, l_partkey int, l_suppkey int, l_linenumber int, l_quantity numeric(15,2), l_extendedprice numeric(15,2),
	l_discount numeric(15,2), l_tax numeric(15,2), l_returnflag varchar(1), l_linestatus varchar(1), l_shipdate date, l_commitdate date,
	l_receiptdate date, l_shipinstruct varchar(25), l_shipmode varchar(10), l_comment varchar(44))`

// Keys adds what PostgreSQL needs to answer the queries in sensible time: primary keys, and indexes on foreign ones.
const Keys = `
alter table region add primary key (r_regionkey);
alter table nation add primary key (n_nationkey);
alter table supplier add primary key (s_suppkey);
alter table part add primary key (p_partkey);
alter table partsupp add primary key (ps_partkey, ps_suppkey);
alter table customer add primary key (c_custkey);
alter table orders add primary key (o_orderkey);
alter table lineitem add primary key (l_orderkey, l_linenumber);
create index on partsupp (ps_suppkey);
create index on orders (o_custkey);
create index on lineitem (l_partkey, l_suppkey);
create index on lineitem (l_suppkey);
analyze`

// Tables gives their names, a referenced one before those that refer to it.
func Tables() []string {
	return []string{"region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem"}
}

// Generate writes TABLE.tbl for every table into dir: a line a row, columns separated by "|". The same scale (1 is six
// million lineitems) and seed give the same bytes.
func Generate(dir string, scale float64, seed uint64) (err error) {
	g := &generator{
		seed:      seed,
		suppliers: count(scale, 10_000), parts: count(scale, 200_000), customers: count(scale, 150_000), orders: count(scale, 1_500_000),
		clerks: count(scale, 1_000),
	}
	for name, make := range map[string]func(*stream, io.Writer){
		"region": g.regionTable, "nation": g.nationTable, "supplier": g.supplierTable, "part": g.partTable, "partsupp": g.partsuppTable,
		"customer": g.customerTable,
	} {
		err = errors.Join(err, g.file(dir, name, make))
	}
	return errors.Join(err, g.file(dir, "orders", func(r *stream, orders io.Writer) {
		err = errors.Join(err, g.file(dir, "lineitem", func(_ *stream, lines io.Writer) { g.orderTables(r, orders, lines) }))
	}))
}

func count(scale float64, base int) int { return max(int(scale*float64(base)), 1) }

type generator struct {
	seed                                        uint64
	suppliers, parts, customers, orders, clerks int
}

// file writes a table with a stream of random numbers of its own.
func (g *generator) file(dir, table string, write func(*stream, io.Writer)) error {
	f, err := os.Create(filepath.Join(dir, table+".tbl"))
	if err != nil {
		return err
	}
	var number uint64
	for _, c := range []byte(table) {
		number = number*31 + uint64(c)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(&stream{rand.New(rand.NewPCG(g.seed, number))}, w)
	return errors.Join(w.Flush(), f.Close())
}

// row writes one line; an error stays in the writer until Flush.
func row(w io.Writer, format string, values ...any) { _, _ = fmt.Fprintf(w, format+"\n", values...) }

func (g *generator) regionTable(r *stream, w io.Writer) {
	for i, name := range regions {
		row(w, "%d|%s|%s", i, name, r.text(31, 115))
	}
}

func (g *generator) nationTable(r *stream, w io.Writer) {
	for i, n := range nations {
		row(w, "%d|%s|%d|%s", i, n.name, n.region, r.text(31, 114))
	}
}

func (g *generator) supplierTable(r *stream, w io.Writer) {
	// Clause 4.2.3: of 10,000 suppliers 5 have complaints in their comment and 5 recommendations.
	said := map[int]string{}
	for _, what := range []string{"Complaints", "Recommends"} {
		for range max(g.suppliers/2000, 1) {
			said[r.between(1, g.suppliers)] = what
		}
	}
	for key := 1; key <= g.suppliers; key++ {
		comment := r.text(25, 100)
		if what, ok := said[key]; ok {
			comment = r.text(25, 50) + " Customer " + r.text(1, 12) + " " + what
		}
		nation := r.IntN(len(nations))
		row(w, "%d|Supplier#%09d|%s|%d|%s|%s|%s", key, key, r.word(10, 40), nation, r.phone(nation), money(r.between(-99999, 999999)), comment)
	}
}

func (g *generator) partTable(r *stream, w io.Writer) {
	for key := 1; key <= g.parts; key++ {
		var names []string
		for _, i := range r.Perm(len(colors))[:5] {
			names = append(names, colors[i])
		}
		maker := r.between(1, 5)
		kind := r.one(typeSizes) + " " + r.one(typeFinishes) + " " + r.one(typeMetals)
		row(w, "%d|%s|Manufacturer#%d|Brand#%d%d|%s|%d|%s %s|%s|%s", key, strings.Join(names, " "), maker, maker, r.between(1, 5), kind, r.between(1, 50),
			r.one(containerSize), r.one(containerKind), money(retailPrice(key)), r.text(5, 22))
	}
}

func retailPrice(part int) (cents int) { return 90000 + (part/10)%20001 + 100*(part%1000) }

func (g *generator) partsuppTable(r *stream, w io.Writer) {
	for part := 1; part <= g.parts; part++ {
		for i := range 4 {
			row(w, "%d|%d|%d|%s|%s", part, g.supplierOf(part, i), r.between(1, 9999), money(r.between(100, 100000)), r.text(49, 198))
		}
	}
}

// supplierOf is the i-th of the four suppliers of a part.
func (g *generator) supplierOf(part, i int) int {
	s := g.suppliers
	return (part+i*(s/4+(part-1)/s))%s + 1
}

func (g *generator) customerTable(r *stream, w io.Writer) {
	for key := 1; key <= g.customers; key++ {
		nation := r.IntN(len(nations))
		row(w, "%d|Customer#%09d|%s|%d|%s|%s|%s|%s", key, key, r.word(10, 40), nation, r.phone(nation), money(r.between(-99999, 999999)),
			r.one(segments), r.text(29, 116))
	}
}

var (
	startDate   = time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC)
	currentDate = time.Date(1995, 6, 17, 0, 0, 0, 0, time.UTC)
	orderDays   = int(time.Date(1998, 12, 31, 0, 0, 0, 0, time.UTC).Sub(startDate).Hours()/24) - 151
)

func day(t time.Time) string { return t.Format(time.DateOnly) }

// orderTables writes orders and their lines together, for an order's price and status come from its lines.
func (g *generator) orderTables(r *stream, orders, lines io.Writer) {
	for i := range g.orders {
		key := i/8*32 + i%8 + 1 // only the first 8 of 32 keys are used
		customer := r.between(1, g.customers)
		for customer%3 == 0 && g.customers > 2 { // a third of the customers has no orders
			customer = r.between(1, g.customers)
		}
		placed := startDate.AddDate(0, 0, r.between(0, orderDays))
		o := order{key: key, placed: placed, lines: r.between(1, 7)}
		for number := 1; number <= o.lines; number++ {
			g.line(r, lines, &o, number)
		}
		row(orders, "%d|%d|%s|%s|%s|%s|Clerk#%09d|0|%s", key, customer, o.status(), money((o.total+5000)/10000), day(placed), r.one(priorities),
			r.between(1, g.clerks), r.text(19, 78))
	}
}

type order struct {
	key           int
	placed        time.Time
	lines, filled int
	total         int // of extendedprice * (1 + tax) * (1 - discount), in 1/10000 of a cent
}

func (o *order) status() string {
	switch o.filled {
	case o.lines:
		return "F"
	case 0:
		return "O"
	}
	return "P"
}

func (g *generator) line(r *stream, w io.Writer, o *order, number int) {
	part, quantity := r.between(1, g.parts), r.between(1, 50)
	price, discount, tax := quantity*retailPrice(part), r.between(0, 10), r.between(0, 8)
	shipped := o.placed.AddDate(0, 0, r.between(1, 121))
	committed := o.placed.AddDate(0, 0, r.between(30, 90))
	received := shipped.AddDate(0, 0, r.between(1, 30))
	returned, status := "N", "O"
	if !received.After(currentDate) {
		returned = r.one([]string{"R", "A"})
	}
	if !shipped.After(currentDate) {
		status = "F"
		o.filled++
	}
	o.total += price * (100 + tax) * (100 - discount)
	row(w, "%d|%d|%d|%d|%d.00|%s|0.%02d|0.%02d|%s|%s|%s|%s|%s|%s|%s|%s", o.key, part, g.supplierOf(part, r.IntN(4)), number, quantity, money(price), discount,
		tax, returned, status, day(shipped), day(committed), day(received), r.one(instructions), r.one(modes), r.text(10, 43))
}

// stream is one table's random numbers.
type stream struct{ *rand.Rand }

func (r *stream) between(low, high int) int { return low + r.IntN(high-low+1) }

func (r *stream) one(list []string) string { return list[r.IntN(len(list))] }

// text is sentences of the grammar, cut at a length between low and high.
func (r *stream) text(low, high int) string {
	length := r.between(low, high)
	var b strings.Builder
	for b.Len() < length {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		r.sentence(&b)
	}
	return b.String()[:length]
}

// word is a random v-string of clause 4.2.2.7.
func (r *stream) word(low, high int) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ, "
	b := make([]byte, r.between(low, high))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

func (r *stream) phone(nation int) string {
	return fmt.Sprintf("%d-%03d-%03d-%04d", nation+10, r.between(100, 999), r.between(100, 999), r.between(1000, 9999))
}

func money(cents int) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}
