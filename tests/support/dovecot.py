# SPDX-License-Identifier: Apache-2.0
"""tests/support/with-dovecot for Python: a Dovecot that is there until stop()."""

import json
import os
import subprocess
import time
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent
TELL = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('HEED_TEST_')}), flush=True); "


class Dovecot:
    """Any user exists, with this password. Ports by name: imap, imaps, pop3, pop3s."""

    def __init__(self):
        self.process = subprocess.Popen(
            [str(SUPPORT / "with-dovecot"), "/usr/bin/python3", "-c", TELL + "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("with-dovecot did not start")
        told = {key.removeprefix("HEED_TEST_DOVECOT_").lower(): value for key, value in json.loads(line).items()}
        self.ports = {name: int(told[name]) for name in ("imap", "imaps", "pop3", "pop3s")}
        self.password = told["password"]
        self.password_file = told["password_file"]
        self.ca_file = told["ca"]
        self.mail = Path(told["mail"])
        self.config = told["conf"]
        self.owner = tuple(int(part) for part in told["owner"].split(":"))

    def pid(self):
        """The process id of its first process."""
        folder = subprocess.run(["doveconf", "-c", self.config, "-h", "base_dir"], capture_output=True, text=True, check=True)
        return int(Path(folder.stdout.strip(), "master.pid").read_text())

    def maildir(self, user):
        """The user's Maildir, made if need be."""
        folder = self.mail / user / "Maildir"
        for sub in ("cur", "new", "tmp"):
            (folder / sub).mkdir(parents=True, exist_ok=True)
        return folder

    def give(self, user):
        """Hands what we put into a user's mailbox to the account that Dovecot serves it as."""
        for folder, _, files in os.walk(self.mail / user):
            for path in [folder, *(os.path.join(folder, name) for name in files)]:
                os.lchown(path, *self.owner)

    def halt(self):
        """Stops the server; resume() starts it again."""
        subprocess.run(["doveadm", "-c", self.config, "stop"], check=True)

    def resume(self):
        subprocess.run(["dovecot", "-c", self.config], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        time.sleep(0.2)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(120)  # a benchmark's mail takes long to be removed on a busy machine
        self.process.stdout.close()
