# What Superset's API says of a database, its datasets and its charts, without what is Superset's own: times and numbers
# of objects.
import contextlib, io, json, logging, os, subprocess, sys, tempfile, urllib.parse, warnings

home = tempfile.mkdtemp()
os.environ.update(SUPERSET_HOME=home, HOME=home, SUPERSET_CONFIG_PATH="superset_config.py", FLASK_APP="superset.app:create_app()")


def superset(*arguments):
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", "from superset.cli.main import superset; superset()", *arguments], env=os.environ, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{arguments}: {run.stdout[-2000:]}{run.stderr[-4000:]}")


superset("db", "upgrade")
superset("fab", "create-admin", "--username", "admin", "--password", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@example.com")
superset("init")

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
with contextlib.redirect_stdout(io.StringIO()):  # it greets
    from superset.app import create_app

    api = create_app().test_client()
token = api.post("/api/v1/security/login", json={"username": "admin", "password": "admin", "provider": "db"}).json["access_token"]


def ask(method, path, **arguments):
    if "q" in arguments:
        path += "?" + urllib.parse.urlencode({"q": arguments.pop("q")})
    answer = api.open("/api/v1/" + path, method=method, headers={"Authorization": "Bearer " + token}, **arguments)
    return answer.status_code, answer.json


def tell(answer, *keys):
    """Prints an answer's status, and what it has under keys; all of it if that fails."""
    status, found = answer
    if status >= 300:
        print(status, found)
        return
    for k in keys:
        found = found[k]
    print(status, json.dumps(found, sort_keys=True) if keys else "")


e = os.environ
uri = "postgresql+psycopg2://%s:%s@%s:%s/%s" % (e["PGUSER"], urllib.parse.quote(e["PGPASSWORD"]), e["PGHOST"], e["PGPORT"], e["PGDATABASE"])

print("=== the connection")
tell(ask("POST", "database/test_connection/", json={"database_name": "tidegate", "sqlalchemy_uri": uri}))
status, made = ask("POST", "database/", json={"database_name": "tidegate", "sqlalchemy_uri": uri, "expose_in_sqllab": True})
print(status, made["result"]["database_name"] if status < 300 else made)
database = made["id"]

print("=== schemas and tables")
status, found = ask("GET", f"database/{database}/schemas/")
print(status, sorted(found["result"]) if status == 200 else found)  # it gives them as a set
for schema in "web", "public":
    tell(ask("GET", f"database/{database}/tables/", q=f"(schema_name:{schema})"), "result")

print("=== a table's columns, keys and comment")
for schema, table in ("web", "site_daily"), ("web", "events"):
    status, found = ask("GET", f"database/{database}/table_metadata/?name={table}&schema={schema}")
    print(status, *(json.dumps(found[k], sort_keys=True) for k in ("comment", "primaryKey", "foreignKeys", "indexes", "columns")), sep="\n  ")

print("=== datasets")
datasets = {}
for table in "site_daily", "events":
    status, made = ask("POST", "dataset/", json={"database": database, "schema": "web", "table_name": table})
    print(status, made["data"]["datasource_name"] if status < 300 else made)
    datasets[table] = made["id"]
    status, found = ask("GET", f"dataset/{made['id']}")
    print(found["result"]["main_dttm_col"], found["result"]["description"])
    for c in sorted(found["result"]["columns"], key=lambda c: c["column_name"]):
        print(" ", c["column_name"], c["type"], c["type_generic"], c["is_dttm"], c["description"])


def chart(dataset, **query):
    status, found = ask("POST", "chart/data", json={"datasource": {"id": datasets[dataset], "type": "table"}, "force": True,
        "queries": [{"filters": [], "extras": {"having": "", "where": ""}, "row_limit": 10000, "order_desc": True, **query}],
        "result_format": "json", "result_type": "full"})
    if status != 200:
        print(status, found)
        return
    for r in found["result"]:
        print(status, r["rowcount"], r["colnames"], r["coltypes"], r["error"])
        for row in r["data"]:
            print(" ", row)


def metric(function, column):
    return {"expressionType": "SIMPLE", "column": {"column_name": column}, "aggregate": function, "label": f"{function} of {column}"}


print("=== a chart of page views, by day and site")
chart("site_daily", columns=["dt", "site_id"], metrics=[metric("SUM", "pv"), metric("MAX", "uu")], orderby=[["dt", True], ["site_id", True]])
def by(grain, column):
    return {"timeGrain": grain, "columnType": "BASE_AXIS", "sqlExpression": column, "label": column, "expressionType": "SQL"}


print("=== a chart by week, over a range")
chart("events", columns=[by("P1W", "ts")], metrics=["count", metric("SUM", "load_ms")], orderby=[["ts", True]], granularity="ts",
    filters=[{"col": "ts", "op": "TEMPORAL_RANGE", "val": "2018-02-01 : 2018-02-10"}])
print("=== events by hour and site, with filters")
chart("events", columns=[by("PT1H", "ts"), "domain"], metrics=["count", metric("AVG", "load_ms"), metric("COUNT_DISTINCT", "user_id")],
    filters=[{"col": "site_id", "op": "IN", "val": [1, 2, 3]}, {"col": "load_ms", "op": "IS NOT NULL"}, {"col": "path", "op": "ILIKE", "val": "/A%"}],
    granularity="ts", orderby=[["ts", True], ["domain", True]])
print("=== a table chart of raw rows of the lake")
chart("events", columns=["event_id", "ts", "domain", "user_agent", "query", "experiment"], orderby=[["event_id", True]], row_limit=20)
print("=== values of a filter")
status, found = ask("GET", f"datasource/table/{datasets['events']}/column/domain/values/")
print(status, sorted(found["result"]) if status == 200 else found)

print("=== SQL Lab")
for sql in ("select dt, sum(pv) as pv, count(*) from web.site_daily group by 1 order by 1", "select no_such_column from web.site_daily"):
    status, found = ask("POST", "sqllab/execute/", json={"database_id": database, "sql": sql, "runAsync": False, "queryLimit": 100})
    print(status, [(c["name"], c["type"]) for c in found["columns"]] if status == 200 else [x["message"] for x in found["errors"]])
    for row in found.get("data", []):
        print(" ", row)
