package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/router"
)

// userConfig says which role a user has. Users that are not listed may read, and nothing else.
type userConfig struct {
	Name     string `yaml:"name"`
	Role     string `yaml:"role"`
	Password string `yaml:"password,omitempty"`
}

// roleConfig says what the users of a role may. The keys behind grants are read to be refused by name: they come with
// authorisation.
type roleConfig struct {
	Grants      []string          `yaml:"grants"`
	RowFilter   map[string]string `yaml:"row_filter,omitempty"`
	Latency     string            `yaml:"latency,omitempty"`
	MaxScan     string            `yaml:"max_scan,omitempty"`
	Connections int               `yaml:"connections,omitempty"`
}

const withAuthorisation = "is not supported yet: it comes with authorisation"

// grants are the ones that a role can have today.
func grants() []string { return []string{string(router.WarehouseWrite), string(router.WarehouseAdmin)} }

// checkUsers checks who may what.
func (c *config) checkUsers(fail func(key, format string, args ...any)) {
	if c.Auth != "" {
		fail("auth", withAuthorisation)
	}
	if c.UsersFile != "" {
		fail("users_file", withAuthorisation)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Roles)) {
		c.Roles[name].check("roles."+name, fail)
	}
	seen := map[string]bool{}
	for i, u := range c.Users {
		key := fmt.Sprintf("users[%d]", i)
		if u.Password != "" {
			fail(key+".password", withAuthorisation)
		}
		switch _, ok := c.Roles[u.Role]; {
		case u.Name == "":
			fail(key, "has no name")
		case seen[u.Name]:
			fail(key, "is %q, who is there twice", u.Name)
		case !ok:
			fail(key, "has the role %q, which is not among roles", u.Role)
		}
		seen[u.Name] = true
	}
}

func (r roleConfig) check(key string, fail func(key, format string, args ...any)) {
	for i, g := range r.Grants {
		if !slices.Contains(grants(), g) {
			fail(fmt.Sprintf("%s.grants[%d]", key, i), "is %q; the grants are %s, others come with authorisation", g, strings.Join(grants(), ", "))
		}
	}
	for name, set := range map[string]bool{
		"row_filter": r.RowFilter != nil, "latency": r.Latency != "", "max_scan": r.MaxScan != "", "connections": r.Connections != 0,
	} {
		if set {
			fail(key+"."+name, withAuthorisation)
		}
	}
}

// grantsOf gives what a user may beside reading.
func (c *config) grantsOf(user string) []router.Grant {
	for _, u := range c.Users {
		if u.Name != user {
			continue
		}
		list := make([]router.Grant, 0, len(c.Roles[u.Role].Grants))
		for _, g := range c.Roles[u.Role].Grants {
			list = append(list, router.Grant(g))
		}
		return list
	}
	return nil
}
