package pgtypes

// OIDs of types that only the system catalogs have in their columns.
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
	Regnamespace OID = 4089
)

// catalogInfos are the types that results of catalog queries have beside infos. No table of ours may have them, so
// neither Parse nor Infos gives them.
var catalogInfos = []Info{
	{Int2Vector, "int2vector", "int2vector", 1006, -1, "SMALLINT[]"},
	{Regproc, "regproc", "regproc", 1008, 4, "VARCHAR"},
	{Xid, "xid", "xid", 1011, 4, "UINTEGER"},
	{OIDVector, "oidvector", "oidvector", 1013, -1, "UINTEGER[]"},
	{PgNodeTree, "pg_node_tree", "pg_node_tree", 0, -1, "VARCHAR"},
	{BoolArray, "_bool", "boolean[]", 0, -1, "BOOLEAN[]"},
	{CharArray, "_char", `"char"[]`, 0, -1, "VARCHAR[]"},
	{NameArray, "_name", "name[]", 0, -1, "VARCHAR[]"},
	{Int2Array, "_int2", "smallint[]", 0, -1, "SMALLINT[]"},
	{Int4Array, "_int4", "integer[]", 0, -1, "INTEGER[]"},
	{TextArray, "_text", "text[]", 0, -1, "VARCHAR[]"},
	{Int8Array, "_int8", "bigint[]", 0, -1, "BIGINT[]"},
	{Float4Array, "_float4", "real[]", 0, -1, "FLOAT[]"},
	{Float8Array, "_float8", "double precision[]", 0, -1, "DOUBLE[]"},
	{OIDArray, "_oid", "oid[]", 0, -1, "UINTEGER[]"},
	{Regclass, "regclass", "regclass", 2210, 4, "VARCHAR"},
	{Regtype, "regtype", "regtype", 2211, 4, "VARCHAR"},
	{Regnamespace, "regnamespace", "regnamespace", 4090, 4, "VARCHAR"},
}
