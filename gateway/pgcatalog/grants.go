package pgcatalog

import "strings"

// The privileges of an ACL item, in the order in which PostgreSQL writes them.
const (
	ownersLetters = "arwdDxt"
	readersLetter = "r"
)

// tableACL is relacl: NULL if the owner has everything and nobody was granted anything.
func (b *builder) tableACL(t *Table) any {
	if !b.contents.Granted || t.Part {
		return nil
	}
	letters := readersLetter
	if t.Writable {
		letters = ownersLetters
	}
	return []string{aclItem(bootstrapName, ownersLetters), aclItem(b.contents.Grantee, letters)}
}

// columnACL is attacl: of the columns that are there of a relation that is there in part.
func (b *builder) columnACL(t *Table) any {
	if !b.contents.Granted || !t.Part {
		return nil
	}
	return []string{aclItem(b.contents.Grantee, readersLetter)}
}

// aclItem is what the owner has granted to a role, "" is everybody.
func aclItem(grantee, letters string) string {
	if strings.Trim(grantee, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		grantee = `"` + strings.ReplaceAll(grantee, `"`, `""`) + `"`
	}
	return grantee + "=" + letters + "/" + bootstrapName
}
