package pgcatalog

import "testing"

// TestByPath has texts that a reader of names alone would spoil: aliases and entries of WITH that are called as a schema or a
// relation, literals, types and functions.
func TestByPath(t *testing.T) {
	t.Parallel()
	n := &Names{}
	table := newNameTable()
	for _, name := range []string{"orders", "My Orders", "seq"} {
		table.relationsNamed[name] = []*relationName{{schema: "shop", name: name, kind: "r"}}
	}
	n.fixed.Store(table)
	n.own.Store(newNameTable())
	path := []string{"pg_catalog", "shop"}
	for _, c := range []struct{ text, want string }{
		{"SELECT orders.id FROM shop.orders", "SELECT orders.id FROM orders"},
		{`FROM (shop.orders o JOIN shop."My Orders" m ON ((o.id = m.id)))`, `FROM (orders o JOIN "My Orders" m ON ((o.id = m.id)))`},
		{"SELECT shop.orders FROM other.things shop", "SELECT shop.orders FROM other.things shop"},
		{" WITH orders AS ( SELECT 1) SELECT 1 FROM shop.orders", " WITH orders AS ( SELECT 1) SELECT 1 FROM shop.orders"},
		{"SELECT 'FROM shop.orders', 'it''s shop.orders'::text", "SELECT 'FROM shop.orders', 'it''s shop.orders'::text"},
		{"nextval('shop.seq'::regclass)", "nextval('seq'::regclass)"},
		{`nextval('shop."My Orders"'::regclass)`, `nextval('"My Orders"'::regclass)`},
		{"nextval('other.seq'::regclass)", "nextval('other.seq'::regclass)"},
		{"shop.orders(1), 'x'::shop.orders, a.shop.orders, FROM shop.nothing", "shop.orders(1), 'x'::shop.orders, a.shop.orders, FROM shop.nothing"},
	} {
		if got := n.ByPath(c.text, path); got != c.want {
			t.Errorf("%s\n became %s\n want   %s", c.text, got, c.want)
		}
		if got := n.ByPath(c.text, []string{"pg_catalog"}); got != c.text {
			t.Errorf("%s\n became %s without the schema in the path", c.text, got)
		}
	}
}
