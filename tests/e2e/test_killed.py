# SPDX-License-Identifier: Apache-2.0
"""Any process killed at any moment, drawn from a seed: what the steps of test_kill_loop do not name.
HEED_KILL_ROUNDS says how often each; more is for a long night."""

import os
import random
import signal
import time
import unittest

from tests.e2e.harness import Case, children, start_heed
from tests.e2e.kills import Setting, compare, undisturbed

ROUNDS = int(os.environ.get("HEED_KILL_ROUNDS", "3"))


class Killed(Case):
    """Each kind of process."""

    def wanted(self, way):
        began = time.monotonic()
        state, _ = undisturbed(self.world, way)
        return state, time.monotonic() - began

    def strike(self, victim, poll):
        """Kills it; false when there was nobody left to kill."""
        try:
            return self.kill(victim, poll)
        except ProcessLookupError:  # it ended by itself, between being found and being killed
            return False

    def kill(self, victim, poll):
        if victim == "parent" and poll.poll() is None:
            poll.kill()
            return True
        while victim in ("fetcher", "worker") and poll.poll() is None:  # it may not be there yet
            for pid, words in children(poll.pid).items():
                if victim in words:
                    os.kill(pid, signal.SIGKILL)
                    return True
            time.sleep(0.005)
        if victim == "backend":
            for pid in self.world.postgres.backends("heed"):
                os.kill(pid, signal.SIGKILL)
                time.sleep(0.2)
                self.world.postgres.wait()
                return True
        if victim == "postmaster":
            self.world.postgres.stop(signal.SIGKILL)
            self.world.postgres.start()
            return True
        if victim == "mail server":
            self.world.dovecot.halt()
            poll.communicate(timeout=120)
            self.world.dovecot.resume()
            return True
        return False

    def settle(self, setting):
        """The database's session of a killed poll ends by itself, and with it its lease."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not self.world.postgres.query(
                    "postgres", f"SELECT 1 FROM pg_stat_activity WHERE datname = '{setting.database}'"):
                return
            time.sleep(0.05)
        self.fail("the database session of a killed poll is still there")

    def loop(self, victim, ways=("imap-move", "maildir-move", "pop3-delete")):
        draw = random.Random(victim)
        struck = 0
        for way in ways:
            wanted, took = self.wanted(way)
            for number in range(ROUNDS):
                with self.subTest(way=way, victim=victim, number=number):
                    setting = Setting(self.world, way)
                    poll = start_heed(["poll"], setting.config)
                    time.sleep(draw.uniform(0.02, 0.5) * took)
                    struck += self.strike(victim, poll)
                    poll.communicate(timeout=120)
                    self.settle(setting)
                    wrong = compare(setting, wanted, f"{way}: {victim} killed")
                    self.assertIsNone(wrong, wrong)
        self.assertGreater(struck, 0, "nobody was ever there to be killed")

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

    def test_mail_server(self):
        self.loop("mail server", ("imap-move", "pop3-delete"))


if __name__ == "__main__":
    unittest.main()
