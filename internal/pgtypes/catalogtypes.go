package pgtypes

// OIDs of types that only results of the system catalogs have. Lookup does not know them: they are shown as the
// text that PostgreSQL prints, and no table of ours may have them.
const (
	Int2Vector   OID = 22
	Regproc      OID = 24
	Tid          OID = 27
	Xid          OID = 28
	Cid          OID = 29
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
	Void         OID = 2278
	Regnamespace OID = 4089
	Regrole      OID = 4096
)

// resultNames are the names of types that only results have.
var resultNames = map[OID]string{
	Record: "record", Void: "void", Int2Vector: "int2vector", OIDVector: "oidvector", ACLItemArray: "aclitem[]",
	Tid: "tid", Xid: "xid", Cid: "cid", Regproc: "regproc", Regclass: "regclass", Regtype: "regtype", Regnamespace: "regnamespace", Regrole: "regrole",
}

// IsObject reports whether values of the type are objects of the catalog, which print as names and are sent as numbers.
// Engines give both: "1259 pg_class".
func IsObject(oid OID) bool {
	switch oid {
	case Regproc, Regclass, Regtype, Regnamespace, Regrole:
		return true
	}
	return false
}

// isVector reports whether values of the type print as "1 2" and are sent as arrays that count from 0.
func isVector(oid OID) bool { return oid == Int2Vector || oid == OIDVector }

// IsResult reports whether clients are told the type though Lookup does not know it.
func IsResult(oid OID) bool {
	return IsObject(oid) || isVector(oid) || oid == ACLItemArray || oid == Void || oid == Tid || oid == Xid || oid == Cid
}
