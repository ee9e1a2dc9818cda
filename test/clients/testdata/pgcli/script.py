import os, shutil, subprocess, tempfile
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

home = tempfile.mkdtemp(prefix="pgcli")
os.environ["HOME"] = home
SETTINGS = os.path.abspath("settings")


def program():
    """What the program answers to lines that are typed, without its prompt and what it draws around it."""
    with open("typed", "rb") as typed:
        done = subprocess.run(["pgcli", "--pgclirc", SETTINGS], input=typed.read(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for line in done.stdout.decode().split("\n"):
        if line and "\x1b" not in line and "\r" not in line:
            print(line.rstrip())


class Completed:
    """pgcli's own refresh and completions, as it makes them while one types."""

    def __init__(self):
        from pgcli.main import PGCli
        self.cli = PGCli(pgclirc_file=SETTINGS)
        self.cli.connect(os.environ["PGDATABASE"], os.environ["PGHOST"], os.environ["PGUSER"], os.environ["PGPORT"], os.environ["PGPASSWORD"])
        self.cli.refresh_completions()
        self.cli.completion_refresher._completer_thread.join()

    def show(self, text):
        found = self.cli.completer.get_completions(Document(text, len(text)), CompleteEvent())
        words = [c.text for c in found if c.text != "tidegate" and "tidegate." not in c.text]  # its schema
        print(text, "->", len(words), words[:40])

    def metadata(self):
        executor = self.cli.pgexecute
        print("=== what completion asks: tables and columns")
        print(executor.search_path())
        for name in "tables", "views", "table_columns", "view_columns":
            rows = sorted(tuple(row) for row in getattr(executor, name)() if row[0] not in ("pg_catalog", "information_schema", "tidegate"))
            print(name, len(rows))
            for row in rows:
                print(row)
        print("=== what completion asks: keys")
        for key in executor.foreignkeys():
            print(key)
        print("=== what completion asks: types and functions")
        print(sorted(tuple(row) for row in executor.datatypes() if row[0] != "tidegate")[:50])
        functions = sorted(str(f) for f in executor.functions() if f.schema_name == "pg_catalog")
        print(len(functions), [f for f in functions if "'date_trunc'" in f or "'string_agg'" in f])
        print("=== what completion asks: schemas and databases")
        print(list(executor.schemata()), sorted(executor.databases()))


def completion():
    completed = Completed()
    completed.metadata()
    print("=== completions")
    for text in ("select * from web.", "select * from sit", "select ev.lo from web.events ev where ev.", "select * from shop.visits v join ", "select date_tr", "insert into shop.sites (", "select * from shop.sites s where s.na",
                 "update shop.sites set ", "select * from shop.kinds where i", "alter table web."):
        completed.show(text)


try:
    program()
    completion()
finally:
    shutil.rmtree(home)
