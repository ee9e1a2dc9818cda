import datetime, decimal, hashlib, uuid
import logging
import psycopg

logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # what it logs has addresses

print("=== values and types of every column, as text and binary")
connection = psycopg.connect("")
for binary in False, True:
    cursor = connection.cursor(binary=binary)
    cursor.execute("select * from shop.kinds where id in (1, 4) order by id")
    for column in cursor.description:
        print(column.name, column.type_code, column.internal_size, column.precision, column.scale, column.null_ok)
    for row in cursor:
        print(row)

print("=== all rows of a table of the lake, as text and binary")
for binary in False, True:
    cursor = connection.cursor(binary=binary)
    cursor.execute("select * from web.events order by event_id, ts, path")
    rows = cursor.fetchall()
    print(len(rows), cursor.rowcount, hashlib.sha256(repr(rows).encode()).hexdigest())

print("=== parameters of every type")
values = [1, 40000, 1 << 40, 1.5, decimal.Decimal("1.50"), "ü", None, True, datetime.date(2018, 2, 15),
    datetime.datetime(2018, 2, 15, 12, tzinfo=datetime.timezone.utc), datetime.timedelta(days=1, seconds=2), uuid.UUID(int=7), [1, 2], b"\x00\xff"]
types = ["int", "int", "bigint", "float8", "numeric", "text", "text", "bool", "date", "timestamptz", "interval", "uuid", "int[]", "bytea"]
for format in "%s", "%b", "%t":
    for value, name in zip(values, types):
        print(format, name, connection.execute(f"select {format}::{name}", (value,)).fetchone())
print(connection.execute("select count(*) from web.events where site_id = any(%s) and ts >= %s", ([1, 2, 3], datetime.datetime(2018, 2, 1, tzinfo=datetime.timezone.utc))).fetchone())

print("=== a statement that becomes prepared")
for site in range(1, 9):
    print(connection.execute("select count(*), min(ts) from web.events where site_id = %s", (site,)).fetchone())
connection.commit()

print("=== executemany")
cursor = connection.cursor()
cursor.executemany("insert into shop.sites (site_id, name, price) values (%s, %s, %s) returning site_id", [(200 + i, f"site {i}", decimal.Decimal(i + 1) / 4) for i in range(5)], returning=True)
while True:
    print(cursor.fetchall(), cursor.rowcount)
    if not cursor.nextset():
        break
connection.rollback()

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
    print(named.fetchall()[:2])
connection.commit()

print("=== a pipeline")
with connection.pipeline():
    first = connection.execute("select count(*) from web.events where site_id = %s", (3,))
    second = connection.execute("select sum(pv) from web.site_daily")
    third = connection.execute("select name from shop.sites where site_id = %s", (5,))
    print(first.fetchone(), second.fetchone(), third.fetchone())
try:
    with connection.pipeline():
        connection.execute("select 1")
        connection.execute("select 1/0")
        connection.execute("select 2")
except psycopg.Error as e:
    print(type(e).__name__, e.sqlstate)
connection.rollback()

print("=== COPY to the client")
with cursor.copy("copy (select * from shop.kinds order by id) to stdout (format csv, header)") as copy:
    print(b"".join(bytes(d) for d in copy).decode())
with cursor.copy("copy (select id, t, ia from shop.kinds order by id) to stdout") as copy:
    copy.set_types(["int4", "text", "int4[]"])
    for row in copy.rows():
        print(row)
with cursor.copy("copy web.site_daily to stdout") as copy:
    rows = sorted(copy.rows())
    print(len(rows), rows[:2])
connection.commit()

print("=== binary COPY to the client")
try:
    with cursor.copy("copy (select id, f8, t, tstz from shop.kinds order by id) to stdout (format binary)") as copy:
        copy.set_types(["int4", "float8", "text", "timestamptz"])
        for _ in range(1):
            print(copy.read_row())
        for row in copy:
            print(bytes(row).hex())
except psycopg.Error as e:
    print(e.sqlstate, e)
connection.rollback()

print("=== COPY from the client")
try:
    connection.execute("create table shop.of_psycopg3 (id int, name text)")
    with cursor.copy("copy shop.of_psycopg3 from stdin") as copy:
        copy.write_row((1, "one"))
        copy.write_row((2, None))
    print(connection.execute("select * from shop.of_psycopg3 order by id").fetchall())
except psycopg.Error as e:
    print(e.sqlstate, e)
connection.rollback()

print("=== transactions in transactions")
with connection.transaction():
    connection.execute("insert into shop.sites (site_id, name) values (210, 'outer')")
    try:
        with connection.transaction():
            connection.execute("insert into shop.sites (site_id, name) values (210, 'inner')")
    except psycopg.errors.UniqueViolation as e:
        print(e.sqlstate, e.diag.constraint_name)
    print(connection.execute("select name from shop.sites where site_id = 210").fetchall())
    raise psycopg.Rollback()
connection.read_only = True
try:
    connection.execute("delete from shop.sites")
except psycopg.Error as e:
    print(e.sqlstate)
connection.rollback()

print("=== errors")
for statement in "select 1/0", "select nothing from web.events", "selec", "select * from nowhere", "select %s":
    try:
        connection.execute(statement, (1,) if "%s" in statement else None)
    except psycopg.Error as e:
        print(type(e).__name__, e.sqlstate, e.diag.severity, e.diag.message_primary, e.diag.statement_position)
    connection.rollback()
connection.close()
