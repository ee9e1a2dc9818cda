import atexit, contextlib, hashlib, os, shutil, subprocess, tempfile, time
import uno
from com.sun.star.connection import NoConnectException
from com.sun.star.sdb.CommandType import COMMAND, TABLE
from com.sun.star.sdbc import SQLException

# An office of its own, without a screen.
folder = tempfile.mkdtemp()
pipe = f"clients{os.getpid()}"
office = subprocess.Popen(
    ["soffice", "--headless", "--norestore", "--nologo", "--nodefault", f"-env:UserInstallation=file://{folder}", f"--accept=pipe,name={pipe};urp"],
    env={**os.environ, "HOME": folder}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
)


@atexit.register
def end():
    office.terminate()
    office.wait()
    shutil.rmtree(folder)


resolver = uno.getComponentContext().ServiceManager.createInstance("com.sun.star.bridge.UnoUrlResolver")
services = None
while services is None and office.poll() is None:
    with contextlib.suppress(NoConnectException):
        services = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ServiceManager")
    time.sleep(0.1)


def rows(cursor, columns=None):
    """All rows of a row set as text; a window that shows them stays where it is."""
    clone = cursor.createResultSet()
    clone.beforeFirst()
    found = []
    while clone.next():
        row = []
        for i in range(1, (columns or clone.MetaData.ColumnCount) + 1):
            text = clone.getString(i)
            row.append(None if text == "" and clone.wasNull() else text)
        found.append(tuple(row))
    return found


def digest(rows):
    return len(rows), hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest()


def row_set(kind, command):
    found = services.createInstance("com.sun.star.sdb.RowSet")
    found.ActiveConnection, found.CommandType, found.Command = connection, kind, command
    return found


def told(e):
    return e.Message.split(" at ./")[0].strip()


print("=== a database document, and the tables that it lists")
source = services.createInstance("com.sun.star.sdb.DatabaseContext").createInstance()
source.URL = "sdbc:postgresql:host={PGHOST} port={PGPORT} dbname={PGDATABASE}".format(**os.environ)
document = f"file://{folder}/tidegate.odb"
source.DatabaseDocument.storeAsURL(document, ())
base = services.createInstance("com.sun.star.frame.Desktop").loadComponentFromURL(document, "_blank", 0, ())
base.DataSource.User, base.DataSource.Password = os.environ["PGUSER"], os.environ["PGPASSWORD"]
application = base.CurrentController
application.connect()
connection = application.ActiveConnection
print(connection.MetaData.DatabaseProductName, connection.MetaData.UserName)
tables = connection.Tables
own = sorted(n for n in tables.ElementNames if n.startswith(("shop.", "web.")))
print(own, len([n for n in tables.ElementNames if n.startswith("information_schema.")]))

print("=== columns")
for name in own:
    table = tables.getByName(name)
    print(name, table.Type, table.Description)
    for c in table.Columns:
        print(" ", c.Name, c.Type, c.TypeName, c.Precision, c.Scale, c.IsNullable, c.DefaultValue or "-", c.Description or "-")

print("=== primary keys and indexes")
for name in own:
    table = tables.getByName(name)
    for key in table.Keys:
        if not key.ReferencedTable:
            print(name, key.Name, key.Columns.ElementNames)
    for index in table.Indexes:
        print(name, index.Name, index.IsUnique, index.IsPrimaryKeyIndex, index.Columns.ElementNames)

print("=== foreign keys")
for name in own:
    print(name, [(k.Name, k.ReferencedTable, [(c.Name, c.RelatedColumn) for c in k.Columns]) for k in tables.getByName(name).Keys if k.ReferencedTable])

print("=== tables are opened")
for name, columns in ("web.site_daily", None), ("web.events", 1), ("shop.sites", None), ("shop.cheap", None):
    view = application.loadComponent(TABLE, name, False)
    found = rows(view.FormOperations.Cursor, columns)
    print(name, digest(found), min(found), max(found))
    view.Frame.close(True)

print("=== values of every type")
found = row_set(COMMAND, "select * from shop.kinds order by id")
found.execute()
for row in rows(found):
    print(row)

print("=== sorted and filtered, as in the window of a table")
found = row_set(TABLE, "web.site_daily")
found.Order, found.Filter, found.ApplyFilter = '"pv" DESC, "dt" ASC, "site_id" ASC', "\"dt\" >= '2018-02-10' AND \"site_id\" < 5", True
found.execute()
print(rows(found)[:5], digest(rows(found)))

print("=== errors")
for text in "select none from web.site_daily", "select 1/0", "selec":
    try:
        connection.createStatement().executeQuery(text)
    except SQLException as e:
        print(told(e))

print("=== rows are written")
statement = connection.createStatement()
statement.executeUpdate("create table shop.of_base (id int primary key, name varchar(20))")
try:
    tables.refresh()
    print("shop.of_base" in tables.ElementNames)
    written = row_set(TABLE, "shop.of_base")
    written.execute()
    for id, name in (1, "one"), (2, "zwei ü"), (3, "trois"):
        written.moveToInsertRow()
        written.updateInt(1, id)
        written.updateString(2, name)
        written.insertRow()
    written.absolute(1)
    written.updateString(2, "changed")
    written.updateRow()
    written.absolute(2)
    written.deleteRow()
    found = row_set(COMMAND, "select * from shop.of_base order by id")
    found.execute()
    print(rows(found))
except SQLException as e:
    print(told(e))
finally:
    statement.executeUpdate("drop table shop.of_base")
