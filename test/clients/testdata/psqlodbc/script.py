import datetime, decimal, hashlib, os, subprocess, tempfile, threading, uuid
import pyodbc

ALL_ROWS = "select * from web.events order by event_id, ts, path"
SLOW = "select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0"
SOURCE = """[{name}]
Driver = PostgreSQL {characters}
Servername = {PGHOST}
Port = {PGPORT}
Database = {PGDATABASE}
Username = {PGUSER}
Password = {PGPASSWORD}
SSLmode = disable
BoolsAsChar = 0
MaxLongVarcharSize = 1000000
"""


def isql(source, text, columns=None):
    done = subprocess.run(["isql", source, "-b", "-v", "-m40"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in done.stdout.splitlines():
        print("|".join(line.split("|")[:columns]).rstrip())


def connect(options=""):
    connection = pyodbc.connect("DSN=tidegate;" + options, autocommit=True)
    connection.setdecoding(pyodbc.SQL_CHAR, encoding="utf-8")
    return connection


def answer(connection, text, *parameters):
    try:
        cursor = connection.execute(text, *parameters)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else cursor.rowcount
    except pyodbc.Error as e:
        return e.args[0], e.args[1].split("\n")[0]


def show(rows):
    rows = [tuple(row) for row in rows]
    for row in rows:
        print(row)
    print(len(rows), "rows")


def digest(cursor):
    rows = [tuple(row) for row in cursor]
    return len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()


def with_isql():
    print("=== isql")
    isql("tidegate", "select * from web.site_daily where site_id = 3 order by dt\nselect site_id, name, price, opened from shop.sites order by 1\nselect 1/0\nselect count(*) from web.events\n")
    print("=== isql: ANSI driver")
    isql("ansi", "select id, b, i8, f8, n2, t, x, d, ts, u, jb, ta from shop.kinds order by id\n")
    print("=== isql: SQLTables and SQLColumns")
    isql("tidegate", "set search_path to web\nhelp site_daily\nset search_path to shop\nhelp sites\n", 13)  # further ones have the OID of the table


def values():
    print("=== what is told of columns")
    connection = connect()
    cursor = connection.execute("select * from shop.kinds where id in (1, 4) order by id")
    for column in cursor.description:
        print(column)
    print("=== values of every type")
    show(cursor)
    # pyodbc knows no Decimal NaN; the driver takes an infinite date for today.
    show(connection.execute("select id, b, i2, i4, i8, f4, f8, n::text, n2, t, v, c, x, tm, ts, tstz, iv, u, j, jb, ia, ta, na::text, o from shop.kinds where id in (2, 3) order by id"))
    print(connection.execute("select ts, site_id, load_ms, count(*) over () from web.events order by event_id, ts, path").fetchone())
    print("=== all rows of a table of the lake, in all modes")
    for mode in "", "UseDeclareFetch=1;Fetch=700", "UseServerSidePrepare=0", "UseServerSidePrepare=0;UseDeclareFetch=1;Fetch=7000", "UpdatableCursors=0;DisallowPremature=1":
        print(mode or "default", digest(connect(mode).execute(ALL_ROWS)))


def parameters():
    print("=== parameters of every type, in all modes")
    given = {
        "int": -5, "bigint": 1 << 40, "numeric": decimal.Decimal("1.50"), "float8": 0.1, "text": "it's \\ ü 🚀", "bool": True, "date": datetime.date(2018, 2, 15),
        "timestamp": datetime.datetime(2018, 2, 15, 12, 34, 56, 789000), "time": datetime.time(12, 34, 56), "bytea": b"\x00\xff", "uuid": uuid.UUID(int=7), "varchar": "x" * 5000,
    }
    for mode in "", "UseDeclareFetch=1", "UseServerSidePrepare=0":
        connection = connect(mode)
        for name, value in given.items():
            text = repr(answer(connection, f"select ?::{name} as value, ?::{name}", value, None))
            print(mode or "default", name, text if len(text) < 200 else digest([text]))
        for site in 3, 4:
            print(answer(connection, "select count(*), max(ts), avg(load_ms) from web.events where site_id = ? and ts >= ? and domain like ?", site, datetime.datetime(2018, 2, 1), "%"))
        print(answer(connection, "{call version_of_nothing(?)}", 1)[0], answer(connection, "select {fn ucase('a')}, {d '2018-02-15'}, {ts '2018-02-15 12:00:00'}, {fn length('abc')}"))


def catalogue():
    cursor = connect().cursor()

    def columns(**names):
        return [tuple(row)[:-4] + tuple(row)[-3:] for row in cursor.columns(**names)]  # without the OID of the table

    print("=== SQLTables")
    show(cursor.tables(schema="web"))
    show(cursor.tables(schema="shop"))
    show(cursor.tables(table="site\\_%", tableType="TABLE"))
    print("=== SQLTables: schemas and kinds")
    show(cursor.tables(catalog="", schema="%", table=""))
    show(sorted(cursor.tables(catalog="", schema="", table="", tableType="%"), key=str))  # they have no order
    print("=== SQLColumns of tables of the lake")
    show(columns(schema="web", table="%"))
    print("=== SQLColumns of hot-only tables")
    for table in "kinds", "sites", "cheap":
        show(columns(schema="shop", table=table))
    print("=== SQLColumns of an identity column")
    show(columns(schema="shop", table="visits"))
    print("=== SQLPrimaryKeys and SQLForeignKeys")
    show(cursor.primaryKeys(schema="shop", table="sites"))
    show(cursor.primaryKeys(schema="web", table="events"))
    show(cursor.foreignKeys(table="sites", schema="shop"))
    show(cursor.foreignKeys(foreignTable="visits", foreignSchema="shop"))
    print("=== SQLStatistics")
    show(cursor.statistics(table="sites", schema="shop"))
    show(cursor.statistics(table="events", schema="web"))
    print("=== SQLSpecialColumns")
    show(cursor.rowIdColumns(table="sites", schema="shop"))
    show(cursor.rowVerColumns(table="sites", schema="shop"))
    print("=== SQLProcedures and SQLProcedureColumns")
    show(cursor.procedures(procedure="date_trunc"))
    show(cursor.procedureColumns(procedure="date_trunc"))
    print("=== SQLGetTypeInfo and SQLGetInfo")
    show(cursor.getTypeInfo())
    connection = connect()
    for name in ("SQL_DBMS_NAME", "SQL_DATABASE_NAME", "SQL_USER_NAME", "SQL_IDENTIFIER_CASE", "SQL_IDENTIFIER_QUOTE_CHAR", "SQL_MAX_IDENTIFIER_LEN", "SQL_TXN_CAPABLE",
                 "SQL_DEFAULT_TXN_ISOLATION", "SQL_SEARCH_PATTERN_ESCAPE", "SQL_DATA_SOURCE_READ_ONLY", "SQL_CATALOG_NAME", "SQL_SCHEMA_TERM", "SQL_NULL_COLLATION"):
        print(name, connection.getinfo(getattr(pyodbc, name)))


def transactions():
    print("=== write, savepoint and roll back, at every level of roll back on error")
    for level in 0, 1, 2:
        connection = connect(f"Protocol=7.4-{level}")
        connection.autocommit = False
        print(level, answer(connection, "insert into shop.sites (site_id, name, price) values (?, ?, ?)", 800, "of ODBC", decimal.Decimal("2.50")))
        print(answer(connection, "insert into shop.sites (site_id, name) values (800, 'twice')")[0])
        print(answer(connection, "select site_id, name, price from shop.sites where site_id >= 800"))
        connection.rollback()
        cursor = connection.cursor()
        cursor.executemany("insert into shop.sites (site_id, name) values (?, ?)", [(801 + i, f"site {i}") for i in range(5)])
        print(answer(connection, "update shop.sites set price = 3 where site_id >= 801"), answer(connection, "select count(*), sum(price) from shop.sites where site_id >= 800"))
        connection.rollback()
        print(answer(connection, "select count(*) from shop.sites where site_id >= 800"))
    print("=== isolation, read only")
    connection = connect()
    connection.set_attr(pyodbc.SQL_ATTR_TXN_ISOLATION, pyodbc.SQL_TXN_SERIALIZABLE)
    connection.autocommit = False
    print(answer(connection, "show transaction_isolation"))
    connection.rollback()
    print(answer(connect("ReadOnly=1"), "delete from shop.sites"), answer(connect("ReadOnly=1"), "select count(*) from shop.sites"))


def errors():
    print("=== errors and a cancelled query")
    connection = connect()
    for text in "select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select 'a'::int":
        print(answer(connection, text))
    print(answer(connection, "select ?::int", "x"))
    cursor = connection.cursor()
    timer = threading.Timer(0.3, cursor.cancel)
    timer.start()
    try:
        cursor.execute(SLOW)
    except pyodbc.Error as e:
        print(e.args[0])
    timer.join()
    print(answer(connection, "select 1 as alive; select 2"))
    cursor = connection.execute("select 1 as a; select 'x' as b; select 3 as c where false")
    while True:
        print([column[0] for column in cursor.description], [tuple(row) for row in cursor])
        if not cursor.nextset():
            break


with tempfile.NamedTemporaryFile("w", prefix="odbc", suffix=".ini") as sources:
    sources.write(SOURCE.format(name="tidegate", characters="Unicode", **os.environ) + SOURCE.format(name="ansi", characters="ANSI", **os.environ))
    sources.flush()
    os.environ["ODBCINI"] = sources.name
    with_isql()
    values()
    parameters()
    catalogue()
    transactions()
    errors()
