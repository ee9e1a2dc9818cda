import fcntl, os, pty, struct, subprocess, tempfile, termios

INPUTRC = """set bell-style none
set enable-bracketed-paste off
set show-all-if-ambiguous on
set completion-query-items 0
set completion-display-width 0
set page-completions off
"""


class Typed:
    """psql at a terminal."""

    def __init__(self):
        self.settings = tempfile.NamedTemporaryFile("w", prefix="inputrc")
        self.settings.write(INPUTRC)
        self.settings.flush()
        self.terminal, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 250, 0, 0))
        environment = dict(os.environ, INPUTRC=self.settings.name, TERM="dumb", PAGER="cat")
        self.process = subprocess.Popen(["psql", "-X", "-v", "PROMPT1=> ", "-v", "PROMPT2=> ", "--quiet"], stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True)
        os.close(other)
        self.read = ""
        self.line("\\echo ready")
        self.until("\nready\r\n")

    def line(self, text):
        os.write(self.terminal, text.encode() + b"\n")

    def until(self, mark):
        while mark not in self.read:
            self.read += os.read(self.terminal, 65536).decode()
        before, _, self.read = self.read.partition(mark)
        return before

    def tab(self, text):
        """What a tab makes of a text. What can follow is listed; then the line is made one that shows itself."""
        self.until("> ")
        os.write(self.terminal, text.encode() + b"\t")
        self.line("\x01\\echo '[\x05]'")
        shown = self.until("]\r\n")
        listed = [line.strip() for line in shown.split("\r\n")[1:-1] if not line.startswith("> ")]  # the first is what was typed
        print(repr(text), "->", repr(shown.rpartition("[")[2]), len(listed))
        for line in listed[:10]:
            print("   ", line)

    def close(self):
        self.line("\\q")
        self.process.wait()


typed = Typed()
for title, texts in {
    "schemas and tables": ["select * from we", "select * from web.", "select * from web.si", "select * from sh", "select * from shop.s", "table shop.k", "insert into shop.v", "update shop.si", "delete from shop.si"],
    "columns": ["select * from web.events where lo", "update shop.sites set pr", "insert into shop.sites (na"],
    "commands of psql": ["\\d web.", "\\d shop.si", "\\dt web.s", "\\dv shop.", "\\di shop.", "\\df date_tr", "\\sv shop.", "\\copy shop.ki", "\\pset for", "\\dn sh"],
    "words": ["sel", "select * from web.events wh", "create tab", "set datest", "begin iso", "explain an", "refresh ma"],
    "functions and types": ["drop function pg_catalog.date_tr", "\\df pg_catalog.string_a", "alter type pg_catalog.nume"],
    "names of settings": ["show time", "set work"],
    "names of time zones": ["set timezone to "],
}.items():
    print("===", title)
    for text in texts:
        typed.tab(text)
print("=== statements that were completed")
for text in "select sum(pv) from web.site_d\twhere site_id = 3;", "select count(*) from shop.vis\t;":
    typed.until("> ")
    typed.line(text + " \\echo done")
    for line in typed.until("\ndone\r\n").split("\r\n")[1:]:
        print(line)
typed.close()
