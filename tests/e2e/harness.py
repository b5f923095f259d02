# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests stand on: one PostgreSQL and one Dovecot a test program, a mailbox, a
database and a configuration a case, the program under test, and ways to compare what it left behind.

The program is $HEED_PROGRAM, else build/dev/heed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))


import make_reports  # noqa: E402
from dovecot import Dovecot  # noqa: E402
from postgres import Postgres  # noqa: E402

PROGRAM = Path(os.environ.get("HEED_PROGRAM", ROOT / "build" / "dev" / "heed"))
PATIENCE = 60  # seconds that any one run of the program may take

OWN = """
own {
    domains = {"example.com"}
    relays = {"out1.example.com", "192.0.2.1"}
    receivers = {"mx.example.com"}
}
"""

# What two databases that saw the same mail have in common: everything but the times of arrival, the numbers of rows,
# and what counts the runs.
DUMPS = {
    "report": "SELECT to_jsonb(r) - 'arrived_at' - 'mailbox_id' - 'source' FROM heed_data.report r",
    "event": "SELECT to_jsonb(e) - 'arrived_at' FROM heed_data.event e",
    "failure": "SELECT to_jsonb(f) - 'arrived_at' FROM heed_data.failure f",
    "seen": "SELECT to_jsonb(s) - 'arrived_at' FROM heed_data.report_seen s",
    "raw": "SELECT jsonb_build_array(digest, length(content)) FROM heed_data.raw_message",
    "quarantine": "SELECT jsonb_build_array(digest, reason, size, resolved_at IS NULL) FROM heed_data.quarantine",
    "state": "SELECT to_jsonb(a) FROM heed_data.address_state a",
    "rollup": """SELECT to_jsonb(t) FROM (SELECT day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict,
        sum(failures) AS failures, sum(reports) AS reports FROM
        (SELECT * FROM heed_data.rollup UNION ALL SELECT * FROM heed_data.rollup_delta) u GROUP BY 1,2,3,4,5,6,7,8,9
        HAVING sum(failures) <> 0 OR sum(reports) <> 0) t""",
    "volume": """SELECT to_jsonb(t) FROM (SELECT hour, stream, domain, provider, sender_domain, source_ip, sum(delivered) AS delivered,
        sum(failed) AS failed FROM (SELECT * FROM heed_data.volume UNION ALL SELECT * FROM heed_data.volume_delta) u
        GROUP BY 1,2,3,4,5,6) t""",
    "attempt": """SELECT to_jsonb(t) FROM (SELECT minute, destination, source_ip, class, sum(delivered) AS delivered,
        sum(deferred) AS deferred, sum(failed) AS failed FROM heed_data.attempt_minute WHERE destination !~ '[.]'
        GROUP BY 1,2,3,4) t""",
    "delivery": "SELECT to_jsonb(d) - 'arrived_at' FROM heed_data.delivery d",
    "mailbox": "SELECT jsonb_build_array(name, epoch <> 0, position, messages_stored) FROM heed_data.mailbox",
    "open": "SELECT jsonb_build_array(uid, disposition) FROM heed_data.mailbox_message WHERE NOT acknowledged",
}


class World:
    """The servers of one test program."""

    def __init__(self, settings=None):
        self.folder = Path(tempfile.mkdtemp(prefix="heed-e2e."))
        self.folder.chmod(0o755)
        self.postgres = Postgres(self.folder / "pg", settings)
        self.dovecot = None
        self.lock = threading.Lock()
        self.taken = 0
        self.databases = 0
        self.template = None

    def start_postgres(self):
        self.postgres.start()

    def start_dovecot(self):
        self.dovecot = Dovecot()

    def stop(self):
        try:
            if self.dovecot is not None:
                self.dovecot.stop()
        finally:
            self.postgres.stop()
            shutil.rmtree(self.folder, ignore_errors=True)

    def user(self, messages=()):
        """A mail user that no case had before, with these messages; (name, truths)."""
        with self.lock:
            name = f"user{self.taken}"
            self.taken += 1
        truths = list(make_reports.write_maildir(self.dovecot.maildir(name), messages))
        self.dovecot.give(name)
        return name, truths

    def database(self):
        """A database with the schema, copied from one that was migrated once."""
        with self.lock:
            self.databases += 1
            name = f"case{self.databases}"
            if self.template is None:
                self.postgres.create("migrated")
                done = run_heed(["db", "migrate"], config=self.config("migrated", "migrated.conf", ""))
                if done.returncode != 0:
                    raise RuntimeError(f"heed db migrate: {done.stderr}")
                self.template = "migrated"
        self.postgres.create(name, self.template)
        return name

    def config(self, database, name, mailboxes, own=OWN, more=""):
        """Writes a configuration file; returns its path."""
        path = self.folder / name
        path.write_text(f'database = "{self.postgres.url(database)}"\n{mailboxes}\n{own}\n{more}\n')
        return path

    def mailbox(self, name, url, **settings):
        """A mailbox section; settings use "_" for "-"."""
        lines = [f'    url = "{url}"']
        if url.startswith(("imap", "pop3")):
            settings.setdefault("ca_file", self.dovecot.ca_file)
            settings.setdefault("password_file", self.dovecot.password_file)
        lines += [f'    {key.replace("_", "-")} = "{value}"' for key, value in settings.items() if value is not None]
        return f'mailbox "{name}" {{\n' + "\n".join(lines) + "\n}\n"

    def url(self, scheme, user, folder="INBOX", host="localhost"):
        listener = scheme.split("+")[0]
        port = self.dovecot.ports[listener]
        tail = f"/{folder}" if scheme.startswith("imap") else ""
        return f"{scheme}://{user}@{host}:{port}{tail}"

    def dump(self, database):
        """{what: sorted rows} of a database, without what differs between two equal histories."""
        query = " UNION ALL ".join(f"SELECT '{what}', ({alias}.j)::text FROM ({sql}) {alias}(j)"
                                   for alias, (what, sql) in zip((f"q{n}" for n in range(len(DUMPS))), DUMPS.items()))
        answer = {what: [] for what in DUMPS}
        for what, row in self.postgres.query(database, query):
            answer[what].append(row)
        return {what: sorted(rows) for what, rows in answer.items()}


def run_heed(arguments, config=None, env=None, timeout=PATIENCE):
    """Runs the program to its end; stdout and stderr as text."""
    command = [str(PROGRAM), *map(str, arguments)]
    if config is not None:
        command[1:1] = ["--config", str(config)]
    return subprocess.run(command, env={**environment(), **(env or {})}, capture_output=True, text=True, errors="replace",
                          timeout=timeout, check=False, stdin=subprocess.DEVNULL)


def start_heed(arguments, config, env=None):
    """The same without waiting."""
    return subprocess.Popen([str(PROGRAM), "--config", str(config), *map(str, arguments)],
                            env={**environment(), **(env or {})}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            errors="replace", stdin=subprocess.DEVNULL, start_new_session=True)


def environment():
    """Ours without anything that would configure the program or libpq."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HEED_", "PG"))}
    return {**kept, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


def reports(count=25, seed=1, **options):
    return list(make_reports.generate(count, seed, **options))


def contents(maildir):
    """What a Maildir holds: {folder: sorted list of (message, flags)}; "" is the inbox. A message is told by its bytes."""
    found = {}
    for place in [Path(maildir), *sorted(Path(maildir).glob(".*"))]:
        if not (place / "cur").is_dir():
            continue
        name = "" if place == Path(maildir) else place.name[1:]
        found[name] = sorted((path.read_bytes(), path.name.partition(":2,")[2].replace("T", ""))
                             for sub in ("new", "cur") for path in (place / sub).iterdir())
    return {name: mails for name, mails in found.items() if mails or name == ""}


def children(pid):
    """Process ids of the children of a process, with the words of their command lines."""
    found = {}
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in listed:
        try:
            found[int(child)] = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
    return found


class Case(unittest.TestCase):
    """A test with a world of its own class or module."""

    world = None
    needs_dovecot = True
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        try:
            cls.world.start_postgres()
            if cls.needs_dovecot:
                cls.world.start_dovecot()
        except BaseException:
            cls.world.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.stop()

    def heed(self, *arguments, config, want=0, env=None, timeout=PATIENCE):
        """Runs the program and checks its exit status."""
        done = run_heed(arguments, config, env, timeout)
        self.assertEqual(done.returncode, want, f"heed {' '.join(map(str, arguments))}\nstdout: {done.stdout[-1500:]}\n"
                         f"stderr: {done.stderr[-1500:]}")
        return done

    def assert_one_line(self, text, *words):
        """Exactly one line of trouble, for people: it begins with the program's name and holds the words."""
        lines = [line for line in text.splitlines() if line.strip()]
        about = [line for line in lines if all(word.lower() in line.lower() for word in words)]
        self.assertEqual(len(about), 1, f"wanted one line with {words}:\n{text}")
        self.assertTrue(about[0].startswith("heed: "), about[0])

    def assert_same_dump(self, one, other, where=""):
        for what, rows in one.items():
            self.assertEqual(len(rows), len(other[what]), f"{where}: rows of {what}")
            self.assertEqual(rows, other[what], f"{where}: {what}")

    def suppressed(self, config):
        """{address: verdict} as `heed export` has it."""
        done = self.heed("export", "--format", "text", config=config)
        return set(done.stdout.split())
