package pgtypes

// OIDs of types that only results of the system catalogs have. Lookup does not know them: they are shown as the
// text that PostgreSQL prints, and no table of ours may have them.
const (
	Int2Vector   OID = 22
	Regproc      OID = 24
	Xid          OID = 28
	OIDVector    OID = 30
	PgNodeTree   OID = 194
	BoolArray    OID = 1000
	CharArray    OID = 1002
	NameArray    OID = 1003
	Int2Array    OID = 1005
	Int4Array    OID = 1007
	TextArray    OID = 1009
	Int8Array    OID = 1016
	Float4Array  OID = 1021
	Float8Array  OID = 1022
	OIDArray     OID = 1028
	ACLItemArray OID = 1034
	Regclass     OID = 2205
	Regtype      OID = 2206
	RegtypeArray OID = 2211
	AnyArray     OID = 2277
	JSONBArray   OID = 3807
	Regnamespace OID = 4089
)
