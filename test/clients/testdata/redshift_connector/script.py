# Run with redshift_connector, and to judge it with psycopg2: PostgreSQL refuses what Redshift's drivers say at their start.
import datetime, decimal, hashlib, importlib, os, sys

driver = importlib.import_module(sys.argv[1])
redshift = sys.argv[1] == "redshift_connector"


def connect():
    if redshift:
        return driver.connect(host=os.environ["PGHOST"], port=int(os.environ["PGPORT"]), user="redshift", password=os.environ["PGPASSWORD"], database=os.environ["PGDATABASE"], ssl=False)
    return driver.connect("")


def state(e):
    return e.args[0]["C"] if redshift else e.pgcode


def rows(cursor):
    return [tuple(row) for row in cursor.fetchall()]


connection = connect()
cursor = connection.cursor()
print("=== values and types of every column")
cursor.execute("select id, b, i2, i4, i8, f4, f8, n, n2, t, v, c, d, tm, ts, tstz, u, j, ia, ta, o from shop.kinds where id in (1, 4) order by id")
print([(c[0], c[1]) for c in cursor.description])
for row in rows(cursor):
    print(row)

print("=== all rows of a table of the lake")
cursor.execute("select * from web.events order by event_id, ts, path")
found = rows(cursor)
print(len(found), hashlib.sha256(repr(found).encode()).hexdigest())
cursor.execute("select dt, sum(pv), sum(load_ms_sum) / sum(timed) from web.site_daily group by dt order by dt")
while True:
    part = cursor.fetchmany(5)
    if not part:
        break
    print([tuple(row) for row in part])

print("=== parameters")
cursor.execute(
    "select count(*), min(ts), max(load_ms) from web.events where site_id = %s and ts >= %s and domain like %s",
    (3, datetime.datetime(2018, 2, 2, tzinfo=datetime.timezone.utc), "%.%"),
)
print(rows(cursor))
cursor.execute("select site_id, name, price from shop.sites where price < %s and name <> %s and opened > %s order by 1", (decimal.Decimal("5.00"), "it's \\ ü", datetime.date(2018, 1, 3)))
print(rows(cursor))

print("=== rows are written")
cursor.execute("create table shop.of_redshift (id int primary key, name varchar(20), price numeric(10,2))")
connection.commit()
cursor.executemany("insert into shop.of_redshift values (%s, %s, %s)", [(i, f"name {i}", decimal.Decimal(i) / 4) for i in range(5)])
cursor.execute("update shop.of_redshift set name = %s where id = %s", ("größer", 3))
print(cursor.rowcount)
connection.commit()
cursor.execute("delete from shop.of_redshift")
connection.rollback()
cursor.execute("select * from shop.of_redshift order by id")
print(rows(cursor))
cursor.execute("drop table shop.of_redshift")
connection.commit()

print("=== errors")
for text in "select nothing from web.events", "select 1/0", "selec", "select * from nowhere", "insert into shop.sites (site_id, name) values (1, 'again')":
    try:
        cursor.execute(text)
    except Exception as e:
        print(state(e))
        connection.rollback()

print("=== metadata, by SHOW statements")
if not redshift:
    print("PostgreSQL has none")
    sys.exit()
for what, found in (
    ("catalogs", cursor.get_catalogs()),
    ("schemas", cursor.get_schemas()),
    ("tables", cursor.get_tables(schema_pattern="web") + cursor.get_tables(schema_pattern="shop", types=["TABLE", "VIEW"])),
    ("columns", cursor.get_columns(schema_pattern="web", tablename_pattern="site\\_daily") + cursor.get_columns(schema_pattern="shop", tablename_pattern="sites")),
    ("primary keys", cursor.get_primary_keys(schema="shop", table="sites")),
    ("imported keys", cursor.get_imported_keys(schema="shop", table="visits")),
    ("exported keys", cursor.get_exported_keys(schema="shop", table="sites")),
):
    print(what)
    for row in found:
        print(" ", tuple(row))
cursor.execute("show tables from schema tidegate.web")
print([c[0] for c in cursor.description], rows(cursor))
cursor.execute("select schemaname, tablename, \"column\", type from pg_table_def where tablename = 'site_daily'")
print(rows(cursor))
cursor.execute("select table_schema, table_name, table_type from svv_tables where table_schema in ('web', 'shop') order by 1, 2")
print(rows(cursor))
