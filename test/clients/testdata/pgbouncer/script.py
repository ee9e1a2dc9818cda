import datetime, decimal, hashlib, os, shutil, socket, subprocess, tempfile, threading, time
import psycopg2, psycopg

ALL_ROWS = "select * from web.events order by event_id, ts, path"
SLOW = "select count(*) from web.events a, web.events b, web.events c where a.load_ms + b.load_ms + c.load_ms < 0"


class PgBouncer:
    """One in front of the server, reached by a socket. It refuses to be root."""

    def __init__(self, secret):
        self.directory = tempfile.mkdtemp(prefix="pgb", dir="/tmp")
        self.write("users.txt", f'"demo" "{secret}"\n')
        with open("pgbouncer.ini") as settings:
            self.write("pgbouncer.ini", settings.read().format(host=os.environ["PGHOST"], port=os.environ["PGPORT"], directory=self.directory))
        owner = None
        if os.getuid() == 0:
            owner = "postgres"
            for path in self.directory, self.directory + "/users.txt", self.directory + "/pgbouncer.ini":
                shutil.chown(path, owner, owner)
        self.process = subprocess.Popen(["/usr/sbin/pgbouncer", self.directory + "/pgbouncer.ini"], user=owner, group=owner, extra_groups=owner and [],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.listens():
            if self.process.poll() is not None:
                raise Exception("pgbouncer ended")
            time.sleep(0.01)

    def listens(self):
        with socket.socket(socket.AF_UNIX) as attempt:
            return attempt.connect_ex(self.directory + "/.s.PGSQL.6432") == 0

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w") as file:
            file.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    def parameters(self, database):
        return {"host": self.directory, "port": 6432, "dbname": database}

    def psql(self, database, *commands, **variables):
        environment = dict(os.environ, PGHOST=self.directory, PGPORT="6432", PGDATABASE=database, **variables)
        arguments = [argument for command in commands for argument in ("-c", command)]
        done = subprocess.run(["psql", "-X", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout.replace(self.directory, "DIRECTORY").rstrip())


def answer(connection, text, *arguments):
    cursor = connection.cursor()
    try:
        cursor.execute(text, arguments or None)
        return cursor.fetchall() if cursor.description else cursor.statusmessage
    except (psycopg2.Error, psycopg.Error) as e:
        return getattr(e, "pgcode", None) or getattr(e, "sqlstate", None), str(e).split("\n")[0]


def digest(rows):
    return len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()


def automatic(**parameters):
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    return connection


def process(connection):
    return answer(connection, "select pg_backend_pid()")[0][0]


def with_psql(bouncer):
    print("=== psql")
    for database in "session", "transaction", "statement":
        bouncer.psql(database, "select current_database(), current_user, count(*), max(ts) from web.events", r"\d web.site_daily", "select 1/0",
            "select * from shop.sites where site_id < 3 order by 1", r"\copy (select id, t, ta from shop.kinds order by id) to stdout csv header")
    print("=== who is not let in")
    bouncer.psql("session", "select 1", PGPASSWORD="wrong")
    bouncer.psql("session", "select 1", PGUSER="nobody")
    bouncer.psql("nothing", "select 1")
    print("=== the console")
    bouncer.psql("pgbouncer", "pause", "reconnect", "resume")
    bouncer.psql("transaction", "select 1 as again")


def sessions(bouncer):
    print("=== session pooling: DISCARD ALL between two clients")
    first = automatic(**bouncer.parameters("session"))
    pid = process(first)
    for text in ("set timezone to 'Asia/Tokyo'", "set search_path to shop", "set statement_timeout to 5000", "prepare p as select 7 as seven", "execute p",
                 "declare c cursor with hold for select site_id from sites order by 1", "fetch 2 from c", "show timezone", "show search_path"):
        print(text, answer(first, text))
    first.close()
    second = automatic(**bouncer.parameters("session"))
    print("the same connection:", process(second) == pid)
    for text in ("show timezone", "show search_path", "show statement_timeout", "execute p", "fetch 2 from c", "select name from pg_prepared_statements", "select count(*) from shop.sites"):
        print(text, answer(second, text))
    print("=== session pooling: a client goes in the middle of a transaction")
    for text in "begin", "insert into shop.sites values (700, 'lost')", "select count(*) from shop.sites where site_id = 700":
        print(text, answer(second, text))
    second.close()
    third = automatic(**bouncer.parameters("session"))
    print(answer(third, "select count(*) from shop.sites where site_id = 700"))
    third.close()


def transactions(bouncer):
    print("=== transaction pooling: two clients on one connection")
    one, two = automatic(**bouncer.parameters("transaction")), automatic(**bouncer.parameters("transaction"))
    print("the same connection:", process(one) == process(two))
    for connection, text in [(one, "set timezone to 'Asia/Tokyo'"), (two, "show timezone"), (one, "show timezone"), (two, "set datestyle to german"), (one, "show datestyle"),
                             (two, "select d::text from shop.kinds where id = 1"), (one, "set application_name to 'one'"), (two, "show application_name"), (one, "show application_name"),
                             (one, "select max(ts)::text from web.events")]:
        print(text, answer(connection, text))
    order = []
    print(answer(one, "begin"), answer(one, "insert into shop.sites values (701, 'new') returning site_id"))
    waiting = threading.Thread(target=lambda: order.append(answer(two, "select count(*) from shop.sites where site_id = 701")))
    waiting.start()
    order.append(answer(one, "update shop.sites set price = 3 where site_id = 701 returning price"))
    order.append(answer(one, "rollback"))
    waiting.join()
    print(sorted(map(str, order)))
    print(answer(one, "begin"), answer(one, "select 1/0"), answer(one, "select 1"), answer(one, "rollback"), answer(two, "select 1"))
    print("=== transaction pooling: another encoding")
    try:
        two.set_client_encoding("LATIN1")
    except psycopg2.Error as e:
        print(e.pgcode, e)
    print(answer(two, "select v from shop.kinds where id = 2"), answer(two, "show client_encoding"), answer(one, "show client_encoding"))
    one.close()
    two.close()
    print("=== transaction pooling: cursors, all rows and COPY with psycopg2")
    connection = psycopg2.connect(**bouncer.parameters("transaction"))
    with connection.cursor("named") as cursor:
        cursor.itersize = 500
        cursor.execute(ALL_ROWS)
        print(digest(list(cursor)))
    connection.commit()
    print(digest(answer(connection, ALL_ROWS)))
    connection.commit()
    connection.close()
    print("=== transaction pooling: parameters, a pipeline and COPY with psycopg3")
    connection = psycopg.connect(**bouncer.parameters("transaction"), prepare_threshold=None)
    for value in 5, decimal.Decimal("1.50"), "ü", None, datetime.date(2018, 2, 15), [1, 2], b"\x00\xff":
        print(answer(connection, "select %s", value))
    with connection.pipeline():
        cursors = [connection.execute("select count(*) from web.events where site_id = %s", (site,)) for site in range(1, 6)]
        print([cursor.fetchone() for cursor in cursors])
    with connection.cursor().copy("copy (select * from shop.kinds order by id) to stdout") as copy:
        print(b"".join(bytes(part) for part in copy).decode())
    connection.commit()
    connection.close()


def cancelled(bouncer):
    print("=== a query that is cancelled")
    for database in "session", "transaction":
        connection = automatic(**bouncer.parameters(database))
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        print(answer(connection, SLOW), answer(connection, "select 1"))
        timer.join()
        connection.close()


with PgBouncer(os.environ["PGPASSWORD"]) as bouncer:
    with_psql(bouncer)
    sessions(bouncer)
    transactions(bouncer)
    cancelled(bouncer)

print("=== pgbouncer has the verifier alone, and no password")
with PgBouncer(os.environ["SCRAM_VERIFIER"]) as bouncer:
    for database in "session", "transaction":
        print(answer(automatic(**bouncer.parameters(database)), "select current_user, count(*) from web.site_daily"))
