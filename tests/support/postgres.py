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
        self.tmpfs = None  # e.g. "100m": the data folder is a file system of that size, gone with the server
        self.bin = programs()
        self.process = None

    def start(self):
        script = 'exec "$1/postgres" -D "$2" "${@:3}"'
        made = os.environ.get("HEED_TEST_CLUSTER")  # see with-postgres
        if not self.data.exists() and made and not self.tmpfs:
            self.folder.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", made, self.data], check=True)
            accounts.give(self.folder)
        elif not self.data.exists() or self.tmpfs:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.data.mkdir(mode=0o700)
            accounts.give(self.folder)
            script = ('"$1/initdb" --pgdata="$2" --username=heed --auth=trust --encoding=UTF8 --locale=C --no-sync >&2 && '
                      + script)
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        command = accounts.as_server() + ["bash", "-c", script, "bash", str(self.bin), str(self.data), "-k", str(self.folder),
                                          *options]
        if self.tmpfs:
            command = self.in_own_file_system(command)
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                                            start_new_session=True)
        self.wait()

    def in_own_file_system(self, command):
        """In a mount namespace of its own, so that nobody else sees the mount; without root, in a user namespace where
        we may mount, and from there back to ourselves, since PostgreSQL refuses to be root even there."""
        uid, gid = os.geteuid(), os.getegid()
        mount = f'mount -t tmpfs -o size={self.tmpfs},mode=700 heed-test "$0" && exec "$@"'
        if uid == 0:
            mount = mount.replace("mode=700", f"mode=700,uid={accounts.server_account()[0]}")
            return ["unshare", "--mount", "--propagation=private", "sh", "-c", mount, str(self.data), *command]
        back = ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}", "--", *command]
        return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(self.data), *back]

    def inside(self, *names):
        """A path in the data folder as the server sees it, which may be a file system that we do not see."""
        return Path(f"/proc/{self.process.pid}/root{self.data}", *names)

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
        # Copying files instead of logging their pages is half the work; the checkpoint it needs is nothing to a
        # server that never waits for the disk.
        self.query("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')

    def drop(self, name):
        self.query("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
