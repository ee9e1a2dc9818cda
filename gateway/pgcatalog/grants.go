package pgcatalog

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
	return []string{aclItem(bootstrapName, ownersLetters, bootstrapName), aclItem(b.contents.Grantee, letters, bootstrapName)}
}

// columnACL is attacl: of the columns that are there of a relation that is there in part.
func (b *builder) columnACL(t *Table) any {
	if !b.contents.Granted || !t.Part {
		return nil
	}
	return []string{aclItem(b.contents.Grantee, readersLetter, bootstrapName)}
}
