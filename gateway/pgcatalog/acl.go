package pgcatalog

import (
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// aclPrivileges are the privileges by their letters in an ACL item, where they stand in PostgreSQL's order.
var aclPrivileges = []struct {
	letter byte
	name   string
}{
	{'a', "INSERT"},
	{'r', "SELECT"},
	{'w', "UPDATE"},
	{'d', "DELETE"},
	{'D', "TRUNCATE"},
	{'x', "REFERENCES"},
	{'t', "TRIGGER"},
	{'X', "EXECUTE"},
	{'U', "USAGE"},
	{'C', "CREATE"},
	{'T', "TEMPORARY"},
	{'c', "CONNECT"},
	{'s', "SET"},
	{'A', "ALTER SYSTEM"},
}

// aclDefaults are the privileges that everybody and the owner have on an object of a kind which nobody has granted or
// revoked anything of.
var aclDefaults = map[string]struct{ everybody, owner string }{
	"c": {"", ""},        // column
	"r": {"", "arwdDxt"}, // relation
	"s": {"", "rwU"},     // sequence
	"d": {"Tc", "CTc"},   // database
	"f": {"X", "X"},      // function
	"l": {"U", "U"},      // language
	"L": {"", "rw"},      // large object
	"n": {"", "UC"},      // schema
	"p": {"", "sA"},      // parameter
	"t": {"", "C"},       // tablespace
	"F": {"", "U"},       // foreign data wrapper
	"S": {"", "U"},       // foreign server
	"T": {"U", "U"},      // type
}

// DefaultACL is acldefault: the ACL of an object of a kind that has none.
func (n *Names) DefaultACL(kind string, owner uint32) ([]string, error) {
	d, ok := aclDefaults[kind]
	if !ok {
		return nil, pgerr.New(pgerr.InternalError, "unrecognized objtype abbreviation: %s", kind)
	}
	name, ok := n.UserName(owner)
	if !ok {
		name = strconv.FormatUint(uint64(owner), 10)
	}
	items := []string{}
	if d.everybody != "" {
		items = append(items, aclItem("", d.everybody, name))
	}
	if d.owner != "" {
		items = append(items, aclItem(name, d.owner, name))
	}
	return items, nil
}

// ExplodeACL is aclexplode: a row for each privilege of each item, as columns. Everybody is the grantee 0.
func (n *Names) ExplodeACL(items []string) (grantors, grantees []uint32, privileges []string, grantable []bool) {
	for _, item := range items {
		grantee, rest := aclName(item)
		letters, by, _ := strings.Cut(strings.TrimPrefix(rest, "="), "/")
		grantor, _ := aclName(by)
		for _, p := range aclPrivileges {
			i := strings.IndexByte(letters, p.letter)
			if i < 0 {
				continue
			}
			grantors, grantees = append(grantors, n.roleOID(grantor)), append(grantees, n.roleOID(grantee))
			privileges = append(privileges, p.name)
			grantable = append(grantable, strings.HasPrefix(letters[i+1:], "*"))
		}
	}
	return grantors, grantees, privileges, grantable
}

// roleOID is the number of a role, 0 if there is none.
func (n *Names) roleOID(name string) uint32 {
	return first(n.tables(), func(t *nameTable) (uint32, bool) { oid, ok := t.rolesNamed[name]; return oid, ok })
}

// aclName reads the name at the beginning of a part of an ACL item.
func aclName(text string) (name, rest string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"' && quoted && strings.HasPrefix(text[i+1:], `"`):
			name += `"`
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '=' && !quoted:
			return name, text[i:]
		default:
			name += text[i : i+1]
		}
	}
	return name, ""
}

// aclItem is what a role has granted to another, "" is everybody.
func aclItem(grantee, letters, grantor string) string {
	return aclQuote(grantee) + "=" + letters + "/" + aclQuote(grantor)
}

func aclQuote(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
