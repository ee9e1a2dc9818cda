package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/router"
	"tidegate/router/system"
	"tidegate/sql"
)

// userConfig says who a user is. The password is a verifier as PostgreSQL keeps it, or env:NAME.
type userConfig struct {
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Password string `yaml:"password,omitempty"`
}

// roleConfig says what the users of a role may: the words of docs/authorisation.md.
type roleConfig struct {
	Grants      []string          `yaml:"grants"`
	RowFilter   map[string]string `yaml:"row_filter,omitempty"`
	Latency     string            `yaml:"latency,omitempty"`
	MaxScan     string            `yaml:"max_scan,omitempty"`
	Connections int               `yaml:"connections,omitempty"`
}

// publicRole is what everybody has beside the role of their own.
const publicRole = "public"

// privileges are the grants that are no GRANT words.
func privileges() []string {
	return []string{router.WarehouseWrite, router.WarehouseAdmin, router.Monitoring}
}

// checkUsers checks who may what.
func (c *config) checkUsers(fail func(key, format string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(c.Roles)) {
		c.Roles[name].check("roles."+name, fail)
	}
	seen := map[string]bool{}
	for i, u := range c.Users {
		key := fmt.Sprintf("users[%d]", i)
		switch _, ok := c.Roles[u.Role]; {
		case u.Name == "":
			fail(key, "has no name")
		case seen[u.Name]:
			fail(key, "is %q, who is there twice", u.Name)
		case !ok && (u.Role != "" || len(c.Roles) > 0):
			fail(key, "has the role %q, which is not among roles", u.Role)
		}
		seen[u.Name] = true
	}
}

func (r roleConfig) check(key string, fail func(key, format string, args ...any)) {
	for i, g := range r.Grants {
		if slices.Contains(privileges(), g) {
			continue
		}
		if _, err := sql.ParseGrant(g); err != nil {
			fail(fmt.Sprintf("%s.grants[%d]", key, i), "%v; write SELECT ON SCHEMA web, SELECT ON web.events, SELECT (ts, path) ON web.events, "+
				"SELECT ON ALL TABLES, or one of %s", err, strings.Join(privileges(), ", "))
		}
	}
	for _, table := range slices.Sorted(maps.Keys(r.RowFilter)) {
		at := key + ".row_filter"
		if _, err := filteredTable(table); err != nil {
			fail(at, "is of %q: %v", table, err)
		}
		if _, err := sql.ParseRowFilter(r.RowFilter[table]); err != nil {
			fail(at, "of %s %v", table, err)
		}
	}
	if r.Latency != "" && !slices.Contains([]string{router.Interactive, router.Standard, router.Archive}, r.Latency) {
		fail(key+".latency", "is %q; the classes are interactive, standard, archive", r.Latency)
	}
	if _, err := parseBytes(r.MaxScan); r.MaxScan != "" && err != nil {
		fail(key+".max_scan", "%v", err)
	}
	if r.Connections < 0 {
		fail(key+".connections", "must be 0 (no limit of its own) or more")
	}
}

// filteredTable reads a table's name as GRANT does.
func filteredTable(name string) (sql.TableName, error) {
	g, err := sql.ParseGrant("select on " + name)
	if err != nil || len(g) != 1 || g[0].Table == "" {
		return sql.TableName{}, errors.New("it is no name of one table, as web.events")
	}
	return sql.TableName{Schema: g[0].Schema, Table: g[0].Table}, nil
}

// rolesOf gives every user's role, nil if none are configured; name tells a user's. Who has none has what is public.
func (c *config) rolesOf(name func(user string) string) (of func(user string) *router.Role, all []*router.Role, err error) {
	if len(c.Roles) == 0 {
		return nil, nil, nil // everybody reads everything
	}
	roles := map[string]*router.Role{}
	names := slices.Sorted(maps.Keys(c.Roles))
	if !slices.Contains(names, publicRole) {
		names = append(names, publicRole)
	}
	for _, name := range names {
		r, err := c.role(name)
		if err != nil {
			return nil, nil, fmt.Errorf("role %s: %w", name, err)
		}
		roles[name], all = r, append(all, r)
	}
	return func(user string) *router.Role {
		if r := roles[name(user)]; r != nil {
			return r
		}
		return roles[publicRole]
	}, all, nil
}

// ownQueries is the row filter of tidegate.query_log for who does not monitor.
const ownQueries = "user_name = current_user"

// role makes a role of its own words and the public ones: it may what either grants, and sees the rows that both leave.
func (c *config) role(name string) (*router.Role, error) {
	r := &router.Role{Name: name, Filters: map[sql.TableName]*sql.RowFilter{}}
	parts := []roleConfig{c.Roles[publicRole]}
	if name != publicRole {
		parts = append(parts, c.Roles[name])
	}
	filters := map[sql.TableName][]string{}
	for _, part := range parts {
		if err := part.grant(r); err != nil {
			return nil, err
		}
		for table, predicate := range part.RowFilter {
			t, err := filteredTable(table)
			if err != nil {
				return nil, err
			}
			filters[t] = append(filters[t], predicate)
		}
		r.Latency = cmp.Or(part.Latency, r.Latency)
		if n, _ := parseBytes(part.MaxScan); n > 0 { // checked
			r.MaxScan = n
		}
	}
	if !r.Monitor {
		log := sql.TableName{Schema: system.Schema, Table: "query_log"}
		filters[log] = append(filters[log], ownQueries)
	}
	for table, predicates := range filters {
		f, err := sql.ParseRowFilter(predicates...)
		if err != nil {
			return nil, fmt.Errorf("row filter of %s %w", table, err)
		}
		r.Filters[table] = f
	}
	return r, nil
}

func (r roleConfig) grant(to *router.Role) error {
	for _, g := range r.Grants {
		switch g {
		case router.WarehouseWrite:
			to.Write = true
		case router.WarehouseAdmin:
			to.Write, to.Admin = true, true
		case router.Monitoring:
			to.Monitor = true
		default:
			grants, err := sql.ParseGrant(g)
			if err != nil {
				return err
			}
			to.Reads = append(to.Reads, grants...)
		}
	}
	return nil
}
