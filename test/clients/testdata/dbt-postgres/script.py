# Run with the target's name: what dbt's commands say, without times. The project is dbt-postgres'.
import json, os, re, shutil, subprocess, sys, tempfile

target = sys.argv[1]
folder = tempfile.mkdtemp()
environment = {**os.environ, "HOME": folder, "DBT_PROJECT_DIR": "../dbt-postgres", "DBT_PROFILES_DIR": "../dbt-postgres", "DBT_TARGET_PATH": folder + "/target", "DBT_LOG_PATH": folder + "/logs"}


def dbt(*arguments):
    """Runs a command, and gives what its log says as a list of lines."""
    run = subprocess.run([sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--log-format", "json", *arguments, "--target", target],
        env=environment, capture_output=True, text=True)
    lines = []
    for line in run.stdout.splitlines():
        event = json.loads(line)
        if event["info"]["level"] in ("info", "warn", "error"):
            lines.append((event["info"]["name"], event["info"]["msg"]))
    return run.returncode, lines


def results():
    """What became of each node in the last command."""
    with open(folder + "/target/run_results.json") as f:
        for r in sorted(json.load(f)["results"], key=lambda r: r["unique_id"]):
            message = re.sub(r"compiled code at .*", "", r["message"] or "")
            print(" ", r["unique_id"], r["status"], r["failures"], re.sub(r"\s+", " ", message))


print("=== debug")
code, lines = dbt("debug")
print(code, [m for _, m in lines if "Connection test" in m or "All checks passed" in m])
print("=== models as views on hot-only tables")
code, lines = dbt("run")
print(code)
results()
print("=== a view is read")
code, lines = dbt("show", "--inline", "select * from {{ ref('visits_of_dear_sites') }} order by 1", "--limit", "3")
print(code, [m for n, m in lines if n == "ShowNode"])
print("=== tests, on tables of the lake and hot-only ones")
code, lines = dbt("test")
print(code)
results()
print("=== seed")
code, lines = dbt("seed", "--full-refresh")
print(code)
results()
print("=== the catalog")
code, lines = dbt("docs", "generate", "--no-compile")
print(code)
with open(folder + "/target/catalog.json") as f:
    catalog = json.load(f)
for kind in "nodes", "sources":
    for name, node in sorted(catalog[kind].items()):
        print(" ", name, node["metadata"]["type"], node["metadata"]["comment"], [(c["name"], c["type"], c["comment"]) for c in node["columns"].values()])
print("=== models over those that are there")
code, lines = dbt("run")
print(code)
results()
print("=== what was made is dropped")
code, lines = dbt("run-operation", "drop_all")
print(code)
shutil.rmtree(folder)
