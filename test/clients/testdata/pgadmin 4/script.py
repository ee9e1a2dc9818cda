# What pgAdmin's server says to its browser pages when they open a database's tree, its tables, the dashboard and the query
# tool: the status, and of nodes the labels, without numbers of objects.
import contextlib, importlib.util, io, json, logging, os, sys, tempfile, time, warnings

home = tempfile.mkdtemp()
os.environ.update(HOME=home, PGADMIN_SETUP_EMAIL="a@example.com", PGADMIN_SETUP_PASSWORD="secret")
package = importlib.util.find_spec("pgadmin4").submodule_search_locations[0]
sys.path.insert(0, package)
os.chdir(package)
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)

import config

config.SERVER_MODE = config.MASTER_PASSWORD_REQUIRED = config.USE_OS_SECRET_STORAGE = config.UPGRADE_CHECK_ENABLED = False
config.PGADMIN_INT_KEY = ""
for name in ("LOG_FILE", "SQLITE_PATH", "SESSION_DB_PATH", "STORAGE_DIR", "AZURE_CREDENTIAL_CACHE_DIR", "KERBEROS_CCACHE_DIR"):
    setattr(config, name, os.path.join(home, name.lower()))
config.DATA_DIR = home

with contextlib.redirect_stdout(io.StringIO()):  # it greets
    from pgadmin import create_app

    app = create_app()
app.config["WTF_CSRF_ENABLED"] = False
app.PGADMIN_INT_KEY, app.PGADMIN_RUNTIME = "", False
browser = app.test_client()
with app.app_context():
    app.run_before_app_start()


def ask(method, path, **arguments):
    answer = browser.open(path, method=method, headers={"X-pgA-CSRFToken": "x"}, follow_redirects=True, **arguments)
    try:
        return answer.status_code, json.loads(answer.get_data(as_text=True))
    except ValueError:
        return answer.status_code, None


def tell(what, status, found, shown=""):
    if status >= 400 and isinstance(found, dict):
        shown = str(found.get("errormsg") or found.get("result"))[:300]
    print(what, status, shown)


def get(what, path):
    status, found = ask("GET", path)
    tell(what, status, found)
    return found


def nodes(kind, path, but=()):
    """Prints the labels of a kind of nodes, and gives their numbers by them."""
    status, found = ask("GET", f"/browser/{kind}/nodes/{path}/")
    children = {n["label"]: n["_id"] for n in (found or {}).get("data") or []} if status == 200 else {}
    tell(kind, status, found, sorted(children.keys() - set(but)))
    return children


browser.get("/browser/", follow_redirects=True)  # who asks is the user now
e = os.environ
print("=== the connection")
status, made = ask("POST", "/browser/server/obj/1/", json={
    "name": "tidegate", "host": e["PGHOST"], "port": int(e["PGPORT"]), "username": e["PGUSER"], "db": e["PGDATABASE"], "gid": 1,
    "connect_now": False, "shared": False, "kerberos_conn": False,
    "connection_params": [{"name": "sslmode", "keyword": "sslmode", "value": "disable"}]})
server = made["node"]["_id"]
status, found = ask("POST", f"/browser/server/connect/1/{server}", data={"password": e["PGPASSWORD"]})
tell("connect", status, found)
databases = nodes("database", f"1/{server}", but=("postgres", "template1", "warehouse"))
database = databases[e["PGDATABASE"]]
status, found = ask("POST", f"/browser/database/connect/1/{server}/{database}")
tell("database", status, found)

print("=== the server")
for kind in "role", "tablespace":
    get(kind, f"/browser/{kind}/nodes/1/{server}/")
at = f"1/{server}/{database}"
for what in "obj", "sql", "stats", "dependency", "dependent":
    get(what, f"/browser/database/{what}/{at}")
for kind in "cast", "event_trigger", "extension", "foreign_data_wrapper", "language", "publication", "subscription", "catalog":
    nodes(kind, at)

print("=== schemas")
schemas = nodes("schema", at, but=("tidegate",))  # where Tidegate tells of itself
for schema in "public", "shop", "web":
    within = f"{at}/{schemas[schema]}"
    for what in "obj", "sql", "dependency", "dependent":
        get(f"{schema} {what}", f"/browser/schema/{what}/{within}")
    for kind in ("aggregate", "collation", "domain", "fts_configuration", "fts_dictionary", "fts_parser", "fts_template", "foreign_table", "function", "mview",
                 "operator", "procedure", "sequence", "trigger_function", "type"):
        nodes(kind, within)
    for name, view in sorted(nodes("view", within).items()):
        for what in "obj", "sql", "dependency", "dependent":
            get(f"view {name} {what}", f"/browser/view/{what}/{within}/{view}")
    for name, table in sorted(nodes("table", within).items()):
        print("--- table", name)
        of = f"{within}/{table}"
        for what in "stats", "dependency", "dependent", "count_rows", "delete_sql", "select_sql":
            get(what, f"/browser/table/{what}/{of}")
        for kind in "column", "foreign_key", "primary_key", "unique_constraint", "index", "rule", "trigger", "row_security_policy":
            for label, number in list(nodes(kind, of).items())[:2]:
                if kind in ("column", "index"):
                    for what in "obj", "sql", "stats":
                        get(f"{label} {what}", f"/browser/{kind}/{what}/{of}/{number}")

print("=== the dashboard")
get("charts", f"/dashboard/dashboard_stats/{server}/{database}?chart_names=session_stats,tps_stats,ti_stats,to_stats,bio_stats")
for what in "activity", "locks", "prepared":
    get(what, f"/dashboard/{what}/{server}/{database}")

print("=== the query tool")


def poll(tool):
    for _ in range(300):
        status, found = ask("GET", f"/sqleditor/poll/{tool}")
        if status != 200 or found["data"]["status"] != "Busy":
            return status, found
        time.sleep(0.1)
    sys.exit("the query tool is still busy")


status, found = ask("POST", f"/sqleditor/initialize/sqleditor/1/1/{server}/{database}", json={"user": None, "role": None, "password": None, "dbname": e["PGDATABASE"]})
tell("open", status, found)
for text in ("select site_id, count(*) as n from web.events group by 1 order by 1 limit 3", "select * from web.events order by ts, event_id limit 5",
             "select nothing", "explain select 1", "select 1/0"):
    status, found = ask("POST", "/sqleditor/query_tool/start/1", json={"sql": text})
    tell(text, status, found)
    status, found = poll(1)
    data = (found or {}).get("data") or {}
    result = data.get("result")
    print(status, data.get("status"), [(c["display_name"], c.get("type_name", c["type_code"])) for c in data.get("colinfo") or []],
          *(() if "explain" in text else (result, data.get("rows_affected"))))
