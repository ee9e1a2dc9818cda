import hashlib
import pandas
import sqlalchemy
from sqlalchemy import text

engine = sqlalchemy.create_engine("postgresql+psycopg2://")
inspector = sqlalchemy.inspect(engine)

print("=== schemas and tables")
print([s for s in inspector.get_schema_names() if s in ("public", "shop", "web", "information_schema")], inspector.default_schema_name)
for schema in "shop", "web":
    print(sorted(inspector.get_table_names(schema=schema)), inspector.get_view_names(schema=schema))
    print(inspector.has_table("sites", schema=schema), inspector.has_table("events", schema=schema))

print("=== columns, keys, indexes and comments of a table of the lake")
for table in "events", "site_daily":
    for column in inspector.get_columns(table, schema="web"):
        print(column)
    for get in inspector.get_pk_constraint, inspector.get_foreign_keys, inspector.get_indexes, inspector.get_unique_constraints, inspector.get_check_constraints, inspector.get_table_comment:
        print(get.__name__, get(table, schema="web"))

print("=== columns of hot-only tables")
for table in "sites", "kinds", "cheap":
    for column in inspector.get_columns(table, schema="shop"):
        print(column)

print("=== keys and indexes of hot-only tables")
for table in "sites", "visits":
    for get in inspector.get_pk_constraint, inspector.get_foreign_keys, inspector.get_indexes, inspector.get_unique_constraints, inspector.get_table_comment:
        print(get.__name__, get(table, schema="shop"))

print("=== checks, identity and view text of hot-only relations")
print(inspector.get_check_constraints("sites", schema="shop"))
print(inspector.get_columns("visits", schema="shop"))
print(inspector.get_view_definition("cheap", schema="shop"))

print("=== enums and sequences")
print(inspector.get_enums(schema="*"), inspector.get_sequence_names(schema="web"))

print("=== reflected tables in queries")
metadata = sqlalchemy.MetaData()
events = sqlalchemy.Table("events", metadata, schema="web", autoload_with=engine)
sites = sqlalchemy.Table("sites", metadata, schema="shop", autoload_with=engine)
with engine.connect() as connection:
    count = sqlalchemy.func.count()
    query = sqlalchemy.select(events.c.site_id, count, sqlalchemy.func.avg(events.c.load_ms)).where(events.c.ts >= "2018-02-01").group_by(events.c.site_id).order_by(events.c.site_id)
    for row in connection.execute(query):
        print(row)
    print(connection.execute(sqlalchemy.select(sites).where(sites.c.price.between(2, 6)).order_by(sites.c.site_id)).fetchall())

print("=== streamed results")
with engine.connect().execution_options(stream_results=True, max_row_buffer=300) as connection:
    rows = [tuple(r) for r in connection.execute(text("select event_id, ts, load_ms from web.events order by event_id, ts, path"))]
    print(len(rows), hashlib.sha256(repr(rows).encode()).hexdigest())

print("=== write and roll back")
with engine.connect() as connection:
    with connection.begin() as transaction:
        connection.execute(sites.insert(), [{"site_id": 400, "name": "a", "price": 1}, {"site_id": 401, "name": "b", "price": 2}])
        with connection.begin_nested() as nested:
            connection.execute(sites.delete().where(sites.c.site_id == 400))
            nested.rollback()
        print(connection.execute(sqlalchemy.select(sites.c.site_id, sites.c.price).where(sites.c.site_id >= 400).order_by(sites.c.site_id)).fetchall())
        transaction.rollback()

print("=== pandas reads")
pandas.set_option("display.width", 200, "display.max_columns", 40, "display.max_rows", 20)
daily = pandas.read_sql(text("select * from web.site_daily order by dt, site_id"), engine)
print(daily, daily.dtypes, sep="\n")
frame = pandas.read_sql(text("select * from web.events order by event_id, ts, path"), engine)
print(frame.shape, frame.dtypes, hashlib.sha256(frame.to_csv().encode()).hexdigest(), sep="\n")
print(pandas.read_sql_table("sites", engine, schema="shop", index_col="site_id").sort_index().head())
chunks = [len(c) for c in pandas.read_sql(text("select event_id from web.events"), engine, chunksize=3000)]
print(sum(chunks), len(chunks))
