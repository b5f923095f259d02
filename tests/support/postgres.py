# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of our own in a folder, Unix socket only, which tests may kill and start again.
(tests/support/with-postgres is for programs that only need one beside them.)"""

import os
import signal
import subprocess
import time
from pathlib import Path

import accounts


def programs():
    """The folder of the server's programs."""
    for folder in [Path("/usr/lib/postgresql/15/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]:
        if (folder / "initdb").exists():
            return folder
    raise RuntimeError("no PostgreSQL server found: scripts/packages test")


class Postgres:
    """Order: start, databases, stop. Settings: {"fsync": "on"} and the like."""

    def __init__(self, folder, settings=None):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.settings = {"fsync": "off", "shared_buffers": "64MB", "max_connections": "60", "listen_addresses": "",
                         "log_min_messages": "warning", **(settings or {})}
        self.bin = programs()
        self.process = None

    def start(self):
        if not self.data.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            accounts.give(self.folder)
            accounts.run(str(self.bin / "initdb"), f"--pgdata={self.data}", "--username=heed", "--auth=trust",
                         "--encoding=UTF8", "--locale=C", "--no-sync")
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                accounts.as_server() + [str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.folder), *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
        self.wait()

    def wait(self):
        for _ in range(600):
            done = subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-U", "heed", "-d", "postgres"],
                                  check=False)
            if done.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError(f"PostgreSQL did not start: {self.log()}")

    def log(self):
        return (self.folder / "server.log").read_text(errors="replace")

    def stop(self, how=signal.SIGINT):
        """SIGINT is the fast shutdown, SIGQUIT the immediate one, SIGKILL a crash."""
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(60)
        self.process = None
        if how == signal.SIGKILL:
            self.reap()

    def reap(self):
        """After a crash of the postmaster: its children end by themselves, then the lock file is void."""
        for _ in range(400):
            if not any(self.owns(pid) for pid in os.listdir("/proc") if pid.isdigit()):
                break
            time.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def owns(self, pid):
        """Whether a process works in our data folder."""
        try:
            return os.readlink(f"/proc/{pid}/cwd") == str(self.data)
        except OSError:
            return False

    def backends(self, application=None):
        """Process ids of the server processes of clients."""
        wanted = f" AND application_name LIKE '{application}%'" if application else ""
        return [int(row[0]) for row in self.query(
            "postgres", f"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid(){wanted}")]

    def url(self, database, user="heed"):
        return f"postgresql:///{database}?host={self.folder}&user={user}"

    def run(self, database, sql, user="heed"):
        """Runs SQL; returns psql's outcome."""
        return subprocess.run([str(self.bin / "psql"), "-XAtq", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", "-d",
                               self.url(database, user), "-f", "-"], input=sql, capture_output=True, text=True, check=False)

    def query(self, database, sql, user="heed"):
        """The rows of an answer, each a list of text; NULL is ''."""
        done = self.run(database, sql, user)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        text = done.stdout.removesuffix("\n")
        return [row.split("\x1f") for row in text.split("\x1e")] if text else []

    def create(self, name, template="template1"):
        self.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name):
        self.query("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
