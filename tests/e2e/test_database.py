# SPDX-License-Identifier: Apache-2.0
"""The database's troubles, and who may see what in it."""

import json
import select
import signal
import socket
import threading
import time
import unittest

from tests.e2e import harness
from tests.e2e.harness import Case, World, reports, run_heed, start_heed

VIEWS = ["suppression", "event_log", "bounce_daily", "complaint_daily", "unmatched_complaint", "unclassified_reply",
         "domain_reputation", "domain_reputation_history", "provider_reputation", "sender_reputation", "ip_reputation",
         "deferral_recent", "throttle_advice", "mailbox_status", "guard_hold"]


class Forgetful:
    """Stands before the database, and swallows the answers to the first commits that follow an INSERT of reports: they
    are done, and nobody is told."""

    def __init__(self, folder, server, times):
        self.server = str(server / ".s.PGSQL.5432")
        self.times = times
        self.swallowed = 0
        folder.mkdir()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(folder / ".s.PGSQL.5432"))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.server)
        stored = swallow = False
        with client, server:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data or (swallow and ready is server):
                        self.swallowed += bool(data)
                        return
                    if ready is client:
                        stored = stored or b"INSERT INTO heed_data.report_seen " in data
                        swallow = stored and b"COMMIT\0" in data and self.swallowed < self.times
                    (server if ready is client else client).sendall(data)

    def close(self):
        self.listener.close()


class Trouble(Case):
    """Down, killed, restarted, read-only: after each, the next ordinary run ends as if nothing had happened."""

    def mailbox(self, count=40, **settings):
        user, _ = self.world.user(reports(count))
        database = self.world.database()
        section = self.world.mailbox("fbl", self.world.url("imaps", user), **settings)
        reference = self.world.database()
        self.heed("poll", config=self.world.config(reference, "reference.conf", self.world.mailbox(
            "fbl", self.world.url("imaps", user))))
        return database, self.world.config(database, "trouble.conf", section), self.world.dump(reference)

    def assert_recovers(self, database, config, wanted):
        self.heed("poll", config=config)
        got = self.world.dump(database)
        self.assert_same_dump(wanted, got, "after the trouble")

    def test_down_at_start(self):
        database, config, wanted = self.mailbox()
        self.world.postgres.stop()
        try:
            done = run_heed(["poll"], config, timeout=120)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assert_one_line(done.stderr, "database")
            self.assertNotIn("; ?", done.stderr)  # a tab of libpq's
            self.assertEqual(run_heed(["export"], config, timeout=120).returncode, 75)
        finally:
            self.world.postgres.start()
        self.assert_recovers(database, config, wanted)

    def during(self, count, disturb):
        """A poll that is disturbed once the first messages are stored."""
        database, config, wanted = self.mailbox(count)
        poll = start_heed(["poll"], config)
        deadline = time.monotonic() + 60
        while poll.poll() is None and time.monotonic() < deadline:
            if self.world.postgres.query(database, "SELECT count(*) FROM heed_data.report_seen")[0][0] != "0":
                break
        disturb(database)
        _, stderr = poll.communicate(timeout=120)
        self.assertIn(poll.returncode, (0, 75), stderr)
        self.assert_recovers(database, config, wanted)

    def test_killed_in_the_middle(self):
        def kill(_):
            self.world.postgres.stop(signal.SIGKILL)
            time.sleep(0.5)
            self.world.postgres.start()
        self.during(1500, kill)

    def test_restarted_in_the_middle(self):
        def restart(_):
            self.world.postgres.stop(signal.SIGINT)
            self.world.postgres.start()
        self.during(1500, restart)

    def test_backends_killed_again_and_again(self):
        def terminate(database):
            for _ in range(5):
                self.world.postgres.query("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                          f"WHERE datname = '{database}'")
                time.sleep(0.1)
        self.during(1500, terminate)

    def test_answer_to_a_commit_is_lost(self):
        for url in ("imaps", "pop3s"):
            user, _ = self.world.user(reports(40))
            reference, database = self.world.database(), self.world.database()
            section = self.world.mailbox("fbl", self.world.url(url, user))
            self.heed("poll", config=self.world.config(reference, "reference.conf", section))
            folder = self.world.folder / f"forgetful.{url}"
            between = Forgetful(folder, self.world.postgres.folder, 2)
            path = self.world.config(database, "forgetful.conf", section)
            path.write_text(path.read_text().replace(f"host={self.world.postgres.folder}", f"host={folder}"))
            self.heed("poll", config=path, timeout=120)
            between.close()
            self.assertEqual(between.swallowed, 2)
            self.assert_same_dump(self.world.dump(reference), self.world.dump(database), url)

    def test_read_only(self):
        database, config, wanted = self.mailbox()
        self.world.postgres.query("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        done = run_heed(["poll"], config, timeout=120)
        self.assertEqual(done.returncode, 75, done.stderr)
        self.assert_one_line(done.stderr, "read-only")
        self.world.postgres.query("postgres", f"ALTER DATABASE {database} SET default_transaction_read_only = off")
        self.assert_recovers(database, config, wanted)

    def test_no_such_database(self):
        config = self.world.config("nothing_here", "nodb.conf", "")
        done = self.heed("export", config=config, want=78)
        self.assert_one_line(done.stderr, "nothing_here")

    def test_not_let_in(self):
        self.world.postgres.query("postgres", "CREATE ROLE stranger LOGIN")
        database = self.world.database()
        path = self.world.folder / "stranger.conf"
        path.write_text(f'database = "{self.world.postgres.url(database, "stranger")}"\n')
        done = self.heed("export", config=path, want=77)
        self.assertTrue(done.stderr.startswith("heed: "), done.stderr)

    def test_waits_for_a_lock(self):
        """Somebody's long lock on the tables delays a poll, and does not lose anything."""
        database, config, wanted = self.mailbox()
        locked = threading.Thread(target=self.world.postgres.query, args=(
            database, "BEGIN; LOCK TABLE heed_data.report_seen; SELECT pg_sleep(3); COMMIT"))
        locked.start()
        time.sleep(0.3)
        self.assert_recovers(database, config, wanted)
        locked.join()


class DiskFull(unittest.TestCase):
    """The data folder is a small file system of its own, and it is full."""

    def test_disk_full(self):
        world = World()
        world.postgres.tmpfs = "150m"
        try:
            world.start_postgres()
            world.start_dovecot()
            user, _ = world.user(reports(2000, pad=6000))
            database = world.database()
            config = world.config(database, "full.conf", world.mailbox("fbl", world.url("imaps", user)))
            reference = world.database()
            done = run_heed(["poll"], world.config(reference, "reference.conf", world.mailbox("fbl", world.url("imaps", user))))
            self.assertEqual(done.returncode, 0, done.stderr)
            wanted = world.dump(reference)
            world.postgres.drop(reference)
            world.postgres.query("postgres", "CHECKPOINT")
            world.postgres.query(database, "SELECT 1")  # the first session writes what later ones start from
            world.postgres.query("postgres", "CREATE TABLE filler (bytes bytea)")
            world.postgres.query("postgres", "ALTER TABLE filler ALTER bytes SET STORAGE EXTERNAL")
            fill = ("INSERT INTO filler SELECT decode(repeat(md5(random()::text), {}), 'hex') FROM generate_series(1, 8)")
            for size in (32768, 2048, 128):
                while world.postgres.run("postgres", fill.format(size)).returncode == 0:
                    pass
            done = run_heed(["poll"], config, timeout=120)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn("heed: ", done.stderr)
            # What a session writes at its beginning, with not a byte left for it.
            for path in world.postgres.inside("base").glob("*/pg_internal.init"):
                path.unlink()
            rest = world.postgres.inside("rest")
            with rest.open("wb", buffering=0) as file, self.assertRaises(OSError):
                while True:
                    file.write(bytes(4096))
            done = run_heed(["export"], config)
            rest.unlink()
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn("could not write init file", done.stderr)
            world.postgres.query("postgres", "DROP TABLE filler")
            world.postgres.query("postgres", "CHECKPOINT")
            done = run_heed(["poll"], config, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(world.dump(database), wanted)
        finally:
            world.stop()


class Roles(Case):
    """What heed_reader may do: select from the views, nothing else."""

    def setUp(self):
        user, _ = self.world.user(reports(40))
        self.database = self.world.database()
        config = self.world.config(self.database, "roles.conf", self.world.mailbox("fbl", self.world.url("imaps", user)))
        self.heed("poll", config=config)

    def as_reader(self, sql):
        return self.world.postgres.run(self.database, f"SET ROLE heed_reader; {sql}")

    def test_reader_selects_each_view(self):
        there = [row[0] for row in self.world.postgres.query(
            self.database, "SELECT viewname FROM pg_views WHERE schemaname = 'heed' ORDER BY 1")]
        self.assertEqual(sorted(set(VIEWS) - set(there)), [], "views of the contract that are not there")
        for view in there:
            with self.subTest(view=view):
                done = self.as_reader(f"SELECT * FROM heed.{view} LIMIT 5")
                self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotEqual(self.as_reader("SELECT address FROM heed.suppression").stdout, "")

    def test_scores(self):
        config = self.world.folder / "roles.conf"
        self.world.postgres.query(self.database, "INSERT INTO heed_data.volume_delta "
                                  "VALUES (now(), '', 'dead.example', '', '', '', 900, 100), "
                                  "(now(), '', 'well.example', '', '', '', 900, 0)")
        self.world.postgres.query(self.database, "INSERT INTO heed_data.rollup_delta VALUES "
                                  "((now() AT TIME ZONE 'UTC')::date, '', 'dead.example', '', '', '', 'bounce', "
                                  "'bad-mailbox', 'hard', 100, 100), ((now() AT TIME ZONE 'UTC')::date, '', "
                                  "'silent.example', '', '', '', 'complaint', 'abuse', 'complaint', 3, 3)")
        done = self.heed("score", "--format", "json", "--limit", "0", config=config)
        scores = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(scores["well.example"]["score"], 100)
        self.assertEqual(scores["dead.example"]["30d"]["hard"], 100)
        self.assertLess(scores["dead.example"]["score"], 60)
        self.assertIsNone(scores["silent.example"]["score"])
        self.assertIn("rate unknown", scores["silent.example"]["reason"])
        self.assertEqual(scores["silent.example"]["30d"]["sent"], 0)
        table = {line.split()[0]: line.split() for line in self.heed("score", config=config).stdout.splitlines()}
        self.assertEqual([table[name][3] for name in ("silent.example", "dead.example")], ["-", "1000"])
        for name, sent in ("silent.example", ["-"] * 3), ("dead.example", ["1000"] * 3):
            lines = [line.split() for line in self.heed("score", name, config=config).stdout.splitlines()]
            self.assertIn(["sent", *sent, "-"], lines)
        done = self.heed("score", "dead.example", config=config)
        self.assertIn("dead addresses", done.stdout)
        self.heed("score", "--fail-below", "60", config=config, want=1)
        self.heed("score", "--fail-below", "60", "well.example", config=config)
        done = self.heed("score", "--by", "colour", config=config, want=64)
        self.assertIn("provider", done.stderr)

    def test_reader_is_refused_each_table(self):
        tables = [row[0] for row in self.world.postgres.query(
            self.database, "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'heed_data' AND relkind IN ('r', 'p', 'S') ORDER BY 1")]
        self.assertGreater(len(tables), 10)
        for table in tables:
            with self.subTest(table=table):
                done = self.as_reader(f"SELECT * FROM heed_data.{table}")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("permission denied", done.stderr)

    def test_reader_exports(self):
        """All of the list is in the view; what is allowed for one stream is not."""
        owner, reader = (self.world.config(self.database, f"{user}.conf", "") for user in ("heed", "heed_reader"))
        reader.write_text(f'database = "{self.world.postgres.url(self.database, "heed_reader")}"\n')
        for form in ("text", "csv", "json"):
            got = self.heed("export", "--format", form, config=reader).stdout
            self.assertEqual(got, self.heed("export", "--format", form, config=owner).stdout)
            self.assertNotEqual(got, "")
        self.assert_one_line(self.heed("export", "--scope", "news", config=reader, want=77).stderr, "permission denied")

    def test_reader_changes_nothing(self):
        for sql in ("DELETE FROM heed.suppression", "INSERT INTO heed.suppression (address) VALUES ('a@example.net')",
                    "CREATE TABLE heed.mine (a int)", "CREATE TABLE heed_data.mine (a int)", "DROP VIEW heed.suppression"):
            with self.subTest(sql=sql):
                self.assertNotEqual(self.as_reader(sql).returncode, 0)

    def test_every_column_is_described(self):
        bare = self.world.postgres.query(
            self.database, "SELECT relname, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid "
            "JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'heed' AND relkind = 'v' AND attnum > 0 "
            "AND col_description(attrelid, attnum) IS NULL")
        self.assertEqual(bare, [])

    def test_ingest_role_is_enough_to_poll(self):
        self.world.postgres.query("postgres", "CREATE ROLE poller LOGIN")
        self.world.postgres.query("postgres", "GRANT heed_ingest TO poller")
        user, _ = self.world.user(reports(30, seed=3))
        database = self.world.database()
        path = self.world.folder / "poller.conf"
        path.write_text(f'database = "{self.world.postgres.url(database, "poller")}"\n{harness.OWN}'
                        + self.world.mailbox("fbl", self.world.url("imaps", user)))
        self.heed("poll", config=path)
        self.assertEqual(len(self.world.dump(database)["seen"]), 30)


if __name__ == "__main__":
    unittest.main()
