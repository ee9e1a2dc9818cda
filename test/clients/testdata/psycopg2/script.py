import datetime, decimal, hashlib, io
import psycopg2, psycopg2.extras

print("=== values and types of every column")
connection = psycopg2.connect("")
cursor = connection.cursor()
cursor.execute("select * from shop.kinds where id in (1, 4) order by id")
for column in cursor.description:
    print(tuple(column))
for row in cursor:
    print([bytes(v) if isinstance(v, memoryview) else v for v in row])

print("=== all rows of a table of the lake")
cursor.execute("select * from web.events order by event_id, ts, path")
rows = cursor.fetchall()
print(len(rows), cursor.rowcount, hashlib.sha256(repr(rows).encode()).hexdigest())

print("=== parameters of every type")
cursor.execute(
    "select %s, %s, %s, %s, %s, %s, %s, %s, %s, %s",
    (1, 1.5, decimal.Decimal("1.50"), "it's \\ ü", None, True, datetime.date(2018, 2, 15), datetime.datetime(2018, 2, 15, 12, 0, 0, 5), [1, 2], b"\x00\xff".hex()),
)
print(cursor.fetchone(), [c.type_code for c in cursor.description])
cursor.execute("select count(*) from web.events where site_id in %s and ts >= %s and domain like %s", ((1, 2, 3), datetime.datetime(2018, 2, 1, tzinfo=datetime.timezone.utc), "%.%"))
print(cursor.fetchone())
cursor.execute("select id from shop.kinds where id = any(%s) order by id", ([1, 3, 9],))
print(cursor.fetchall())

print("=== a server's cursor")
with connection.cursor("named") as named:
    named.itersize = 500
    named.execute("select event_id, ts, load_ms from web.events order by event_id, ts, path")
    rows = list(named)
    print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
with connection.cursor("scrolled", scrollable=True) as named:
    named.execute("select site_id, name from shop.sites order by site_id")
    print(named.fetchmany(3))
    named.scroll(5)
    print(named.fetchone())
    named.scroll(2, mode="absolute")
    print(named.fetchone())
connection.commit()
with connection.cursor("held", withhold=True) as named:
    named.execute("select dt, sum(pv) from web.site_daily group by dt order by dt")
    connection.commit()
    print(named.fetchall())
connection.commit()

print("=== COPY to the client")
text = io.StringIO()
cursor.copy_expert("copy (select * from shop.kinds order by id) to stdout csv header", text)
print(text.getvalue())
text = io.StringIO()
cursor.copy_expert("copy (select * from web.events order by event_id, ts, path) to stdout", text)
print(text.getvalue().count("\n"), hashlib.sha256(text.getvalue().encode()).hexdigest())

print("=== COPY from the client")
try:
    cursor.execute("create table shop.of_psycopg2 (id int, name text)")
    cursor.copy_expert("copy shop.of_psycopg2 from stdin csv", io.StringIO("1,one\n2,two\n"))
    cursor.execute("select * from shop.of_psycopg2 order by id")
    print(cursor.fetchall())
except psycopg2.Error as e:
    print(e.pgcode, e)
connection.rollback()

print("=== write, savepoint and roll back")
cursor.execute("insert into shop.sites (site_id, name, price) values (%s, %s, %s) returning site_id, price", (101, "of psycopg2", decimal.Decimal("9.99")))
print(cursor.fetchall(), cursor.rowcount, cursor.statusmessage)
psycopg2.extras.execute_values(cursor, "insert into shop.sites (site_id, name) values %s", [(102, "a"), (103, None or "b")])
cursor.execute("savepoint s")
try:
    cursor.execute("insert into shop.sites (site_id, name) values (101, 'twice')")
except psycopg2.errors.UniqueViolation as e:
    print(e.pgcode, e.diag.constraint_name, e.diag.table_name)
cursor.execute("rollback to savepoint s")
cursor.execute("select count(*) from shop.sites where site_id > 100")
print(cursor.fetchone())
connection.rollback()

print("=== errors")
for statement in "select 1/0", "select nothing from web.events", "selec", "select * from nowhere":
    try:
        cursor.execute(statement)
    except psycopg2.Error as e:
        print(type(e).__name__, e.pgcode, e.diag.severity, e.diag.message_primary, e.diag.statement_position)
    connection.rollback()

print("=== sessions")
connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
cursor.execute("show transaction_read_only")
print(cursor.fetchone())
try:
    cursor.execute("create table shop.never (id int)")
except psycopg2.Error as e:
    print(e.pgcode)
connection.rollback()
connection.reset()
connection.autocommit = True
cursor.execute("set timezone to 'America/New_York'")
cursor.execute("select max(ts) from web.events")
print(cursor.fetchone())
print(connection.encoding, connection.server_version // 10000, connection.get_parameter_status("TimeZone"))

print("=== rows as dictionaries")
with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as named:
    named.execute("select dt, site_id, pv, uu from web.site_daily order by 1, 2 limit 2")
    print([dict(r) for r in named.fetchall()])
connection.close()
