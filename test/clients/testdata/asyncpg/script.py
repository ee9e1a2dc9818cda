import asyncio, datetime, decimal, hashlib, io, uuid
import asyncpg

COLUMNS = "id, b, i2, i4, i8, f4, f8, n, n2, t, v, c, x, d, tm, ts, tstz, iv, u, j, jb, ia, ta, na, o"


async def main():
    print("=== values and types of every column")
    connection = await asyncpg.connect()
    statement = await connection.prepare(f"select {COLUMNS} from shop.kinds where id <> 2 order by id")
    for attribute in statement.get_attributes():
        print(attribute)
    for row in await statement.fetch():
        print(tuple(row))

    print("=== all rows of a table of the lake")
    rows = [tuple(r) for r in await connection.fetch("select * from web.events order by event_id, ts, path")]
    print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())

    print("=== parameters of every type")
    values = {
        "int2": 1, "int4": 40000, "int8": 1 << 40, "float4": 1.5, "float8": 0.1, "numeric": decimal.Decimal("1.50"), "text": "ü", "varchar": "v",
        "bool": True, "date": datetime.date(2018, 2, 15), "time": datetime.time(1, 2, 3), "timestamp": datetime.datetime(2018, 2, 15, 12),
        "timestamptz": datetime.datetime(2018, 2, 15, 12, tzinfo=datetime.timezone.utc), "interval": datetime.timedelta(days=1, seconds=2),
        "uuid": uuid.UUID(int=7), "bytea": b"\x00\xff", "json": '{"a": 1}', "jsonb": '{"a": 1}', "int4[]": [1, None], "text[]": ["a", "b c"],
    }
    for name, value in values.items():
        print(name, await connection.fetchval(f"select $1::{name}", value), await connection.fetchval(f"select $1::{name}", None))
    statement = await connection.prepare("select count(*) from web.events where site_id = $1 and ts >= $2 and domain like $3 and load_ms > $4")
    print(statement.get_parameters(), await statement.fetchval(3, datetime.datetime(2018, 2, 1, tzinfo=datetime.timezone.utc), "%", 10))
    print(await connection.fetch("select id from shop.kinds where id = any($1::int[]) order by 1", [1, 3, 9]))

    print("=== cursors")
    async with connection.transaction(isolation="serializable", readonly=True):
        rows = []
        async for row in connection.cursor("select event_id, ts, load_ms from web.events order by event_id, ts, path", prefetch=500):
            rows.append(tuple(row))
        print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())
        cursor = await connection.cursor("select site_id, name from shop.sites order by site_id")
        print(await cursor.fetch(2), await cursor.forward(3), await cursor.fetchrow(), await cursor.fetch(100))

    print("=== COPY to the client")
    for options in {"format": "csv", "header": True}, {"format": "text"}:
        out = io.BytesIO()
        print(await connection.copy_from_query("select * from shop.kinds order by id", output=out, **options))
        print(out.getvalue().decode())
    out = io.BytesIO()
    print(await connection.copy_from_table("site_daily", schema_name="web", output=out, format="csv"))
    print(len(out.getvalue().splitlines()))

    print("=== binary COPY to the client")
    try:
        out = io.BytesIO()
        print(await connection.copy_from_query("select id, f8, t, tstz from shop.kinds order by id", output=out, format="binary"), out.getvalue().hex())
    except asyncpg.PostgresError as e:
        print(e.sqlstate, e)

    print("=== COPY from the client")
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("create table shop.of_asyncpg (id int, name text)")
        print(await connection.copy_records_to_table("of_asyncpg", schema_name="shop", records=[(1, "one"), (2, None)]))
        print(await connection.fetch("select * from shop.of_asyncpg order by id"))
    except asyncpg.PostgresError as e:
        print(e.sqlstate, e)
    await transaction.rollback()

    print("=== write, savepoint and roll back")
    transaction = connection.transaction()
    await transaction.start()
    print(await connection.fetch("insert into shop.sites (site_id, name, price) values ($1, $2, $3) returning *", 300, "of asyncpg", decimal.Decimal("2.50")) != [])
    await connection.executemany("insert into shop.sites (site_id, name) values ($1, $2)", [(301, "a"), (302, "b")])
    try:
        async with connection.transaction():
            await connection.execute("insert into shop.sites (site_id, name) values ($1, $2)", 301, "twice")
    except asyncpg.UniqueViolationError as e:
        print(e.sqlstate, e.constraint_name)
    print(await connection.fetchval("select count(*) from shop.sites where site_id >= 300"))
    await transaction.rollback()

    print("=== errors and a timeout")
    for text in "select 1/0", "select nothing from web.events", "selec", "select * from nowhere":
        try:
            await connection.fetch(text)
        except asyncpg.PostgresError as e:
            print(type(e).__name__, e.sqlstate, e.args[0], e.as_dict().get("position"))
    try:
        await connection.fetch("select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0", timeout=0.3)
    except asyncio.TimeoutError as e:
        print(type(e).__name__)
    print(await connection.fetchval("select 1"))
    await connection.close()

    print("=== a pool whose connections are reset")
    async with asyncpg.create_pool(min_size=2, max_size=2) as pool:
        print(sorted(await asyncio.gather(*(pool.fetchval("select count(*) from web.events where site_id = $1", i) for i in range(1, 9)))))
        async with pool.acquire() as connection:
            await connection.execute("set timezone to 'Asia/Tokyo'")
        async with pool.acquire() as connection:
            print(await connection.fetchval("show timezone"))


asyncio.run(main())
