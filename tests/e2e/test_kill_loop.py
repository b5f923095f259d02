# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing twice: the program is killed at every step it has, and its processes and the
database's at moments drawn from a seed; after each, one ordinary run ends with the same rows and the
same mailbox as a run that nobody disturbed.

The steps are the HEED_FAULT("…") of the sources. For each way to a mailbox a traced run tells which
of them it passes and how often; it is then killed at the first, the second and the last passing. A
step that no way passes fails the test: it would be untested.
"""

import os
import random
import re
import signal
import time
import unittest
from collections import Counter
from pathlib import Path

from tests.e2e import harness
from tests.e2e.harness import Case, ROOT, children, contents, make_reports, reports, run_heed, start_heed

COUNT = 24
STEP = re.compile(r'HEED_FAULT\("([^"]+)"\)')

# name: (url scheme, settings of the mailbox)
WAYS = {
    "imap-move": ("imaps", {"on_done": "move:Heed/Done", "on_unrecognised": "move:Heed/Other"}),
    "imap-leave": ("imaps", {}),
    "imap-delete": ("imaps", {"on_done": "delete", "on_unrecognised": "seen"}),
    "imap-copy": ("imaps", {"on_done": "move:Done", "on_unrecognised": "move:Done", "host": "127.0.0.6"}),
    "pop3-delete": ("pop3s", {"on_done": "delete"}),
    "pop3-leave": ("pop3s", {}),
    "maildir-move": ("maildir", {"on_done": "move:Done", "on_unrecognised": "move:Other"}),
    "maildir-leave": ("maildir", {}),
}

# POP3 does not tell when mail arrived, so it counts from when it was fetched.
TIMES = re.compile(r'"(received_at|occurred_at|since|until|first_event_at|last_event_at|day)": "[^"]*",? ?')


def steps_in_sources():
    found = set()
    for path in ROOT.glob("*/*.c"):
        if path.parts[-2] != "tests":
            found.update(STEP.findall(path.read_text()))
    return found


class Setting:
    """One fresh copy of the mailbox with an empty database."""

    def __init__(self, world, way):
        scheme, settings = WAYS[way]
        settings = dict(settings)
        self.world = world
        self.way = way
        self.user, _ = world.user(reports(COUNT))
        self.maildir = world.dovecot.maildir(self.user)
        self.database = world.database()
        host = settings.pop("host", "localhost")
        url = f"maildir:{self.maildir}" if scheme == "maildir" else world.url(scheme, self.user, host=host)
        self.config = world.config(self.database, f"{self.database}.conf", world.mailbox("fbl", url, **settings))

    def end_state(self):
        dump = self.world.dump(self.database)
        # A worker's death is held against the message it had; whether it happened is not part of the end state.
        dump["quarantine"] = [row for row in dump["quarantine"] if row.endswith("true]")]
        if self.way.startswith("pop3"):
            dump = {what: sorted(TIMES.sub("", row) for row in rows) for what, rows in dump.items() if what != "rollup"}
        return dump, contents(self.maildir)

    def drop(self):
        self.world.postgres.drop(self.database)


class KillLoop(Case):
    """Each way, each step."""

    def undisturbed(self, way):
        """The end state to reach, and how often each step is passed on the way there."""
        setting = Setting(self.world, way)
        done = run_heed(["poll"], setting.config, {"HEED_FAULT": "trace"})
        self.assertEqual(done.returncode, 0, done.stderr)
        passed = Counter(re.findall(r"^fault: passes (\S+)$", done.stderr, re.MULTILINE))
        self.assertTrue(passed, f"no step was traced: is {harness.PROGRAM} built with HEED_FAULTS?\n{done.stderr}")
        state = setting.end_state()
        self.assertEqual(len(state[0]["seen"]), COUNT)
        setting.drop()
        return state, passed

    def recover(self, setting, wanted, where):
        """An ordinary run, and after a worker's death the second look at what it had in hand."""
        done = run_heed(["poll"], setting.config)
        self.assertEqual(done.returncode, 0, f"{where}: the run after it\n{done.stderr}")
        quarantined = self.world.postgres.query(setting.database, "SELECT count(*) FROM heed_data.quarantine "
                                                "WHERE resolved_at IS NULL")[0][0]
        if quarantined != "0":
            done = run_heed(["quarantine", "retry"], setting.config)
            self.assertEqual(done.returncode, 0, f"{where}: the retry\n{done.stderr}")
        dump, mails = setting.end_state()
        if quarantined != "0":
            # It went to the place of quarantined mail and was taken out by the retry: the database is what counts.
            mails = wanted[1]
        self.assert_same_dump(wanted[0], dump, where)
        self.assertEqual(mails, wanted[1], f"{where}: the mailbox")
        setting.drop()

    def test_every_step(self):
        steps = steps_in_sources()
        self.assertGreater(len(steps), 5)
        reached = set()
        for way in WAYS:
            wanted, passed = self.undisturbed(way)
            self.assertEqual(set(passed) - steps, set(), "steps that are not in the sources")
            for step, times in sorted(passed.items()):
                for ordinal in sorted({1, 2, times} & set(range(1, times + 1))):
                    with self.subTest(way=way, step=step, ordinal=ordinal):
                        setting = Setting(self.world, way)
                        done = run_heed(["poll"], setting.config, {"HEED_FAULT": f"{step}:{ordinal}"})
                        # Counts are of all processes together, so the last one is not always passed by any of them.
                        if f"fault: kills at {step}" in done.stderr:
                            reached.add(step)
                        else:
                            self.assertGreater(ordinal, 1, f"was not killed: {done.stderr}")
                        self.recover(setting, wanted, f"{way}, {step}:{ordinal}")
        self.assertEqual(steps - reached, set(), "steps that no run was killed at")


class KilledFromOutside(Case):
    """Any process at any moment: what the steps do not name."""

    ROUNDS = int(os.environ.get("HEED_KILL_ROUNDS", "6"))

    def wanted(self, way):
        setting = Setting(self.world, way)
        began = time.monotonic()
        done = run_heed(["poll"], setting.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        took = time.monotonic() - began
        state = setting.end_state()
        setting.drop()
        return state, took

    def strike(self, victim, poll):
        """Kills it, or says that there was nobody left to kill."""
        if victim == "parent":
            if poll.poll() is None:
                poll.kill()
                return True
        elif victim in ("fetcher", "worker"):
            for pid, words in children(poll.pid).items():
                if victim in words:
                    os.kill(pid, signal.SIGKILL)
                    return True
        elif victim == "backend":
            for pid in self.world.postgres.backends("heed"):
                os.kill(pid, signal.SIGKILL)
                time.sleep(0.2)
                self.world.postgres.wait()
                return True
        else:
            self.world.postgres.stop(signal.SIGKILL)
            self.world.postgres.start()
            return True
        return False

    def loop(self, victim):
        draw = random.Random(victim)
        struck = 0
        for way in ("imap-move", "maildir-move", "pop3-delete"):
            wanted, took = self.wanted(way)
            for number in range(self.ROUNDS):
                with self.subTest(way=way, victim=victim, number=number):
                    setting = Setting(self.world, way)
                    poll = start_heed(["poll"], setting.config)
                    time.sleep(draw.uniform(0.1, 1.0) * took)
                    struck += self.strike(victim, poll)
                    poll.communicate(timeout=120)
                    self.settle(setting)
                    KillLoop.recover(self, setting, wanted, f"{way}: {victim} killed")
        self.assertGreater(struck, 0, "nobody was ever there to be killed")

    def settle(self, setting):
        """Children of a killed parent end by themselves, and so do their sessions with the mail server."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not self.world.postgres.query("postgres", "SELECT 1 FROM pg_stat_activity WHERE datname = "
                                             f"'{setting.database}'"):
                return
            time.sleep(0.05)
        self.fail("the database session of a killed poll is still there")

    def test_parent(self):
        self.loop("parent")

    def test_fetcher(self):
        self.loop("fetcher")

    def test_worker(self):
        self.loop("worker")

    def test_backend(self):
        self.loop("backend")

    def test_postmaster(self):
        self.loop("postmaster")

    def test_mail_server_stopped_in_the_middle(self):
        wanted, took = self.wanted("imap-move")
        draw = random.Random(5)
        for _ in range(3):
            setting = Setting(self.world, "imap-move")
            poll = start_heed(["poll"], setting.config)
            time.sleep(draw.uniform(0.1, 0.9) * took)
            self.world.dovecot.halt()
            poll.communicate(timeout=120)
            self.world.dovecot.resume()
            KillLoop.recover(self, setting, wanted, "the mail server stopped")


if __name__ == "__main__":
    unittest.main()
