# SPDX-License-Identifier: Apache-2.0
"""Logs of mail servers are followed: each line counts once, however the log is rotated, whoever else reads it, and
whatever dies meanwhile."""

import gzip
import lzma
import os
import shutil
import subprocess
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from tests.e2e.harness import OWN, run_heed, start_heed
from tests.e2e.logs import CALM, FULL, FULL_FOR_GOOD, SENT, UNKNOWN, Logs, message, stamp


class Following(Logs):
    """Never twice, never lost."""

    def rotate(self, how, number):
        """The live file becomes an old one, as this way of rotation has it."""
        old = self.folder / "mail.log.1"
        if how == "copytruncate":
            shutil.copy2(self.path, self.folder / f"mail.log.{9 - number}")
            os.truncate(self.path, 0)
            return
        if how == "date":
            old = self.folder / f"mail.log-2026010{number}"
        else:
            for at in range(8, 0, -1):
                for suffix in "", ".gz", ".xz", ".zst":
                    if (self.folder / f"mail.log.{at}{suffix}").exists():
                        (self.folder / f"mail.log.{at}{suffix}").rename(self.folder / f"mail.log.{at + 1}{suffix}")
        self.path.rename(old)
        if how == "packed":
            how = {1: "gz", 3: "xz", 5: "zst"}.get(number, "gz")
        if how == "gz":
            with gzip.open(f"{old}.gz", "wb") as out:
                out.write(old.read_bytes())
        elif how == "xz":
            with lzma.open(f"{old}.xz", "wb") as out:
                out.write(old.read_bytes())
        elif how == "zst":
            subprocess.run(["zstd", "-q", str(old)], check=True)
        if how in ("gz", "xz", "zst"):
            shutil.copystat(old, f"{old}.{how}")
            old.unlink()

    def test_rotation(self):
        """Polled between writing and rotating, in the middle of lines and messages: the same as read at once."""
        lines, _ = self.generate(1000)
        text = "".join(lines)
        want = self.reference(lines)
        for how in "rename", "date", "copytruncate", "packed":
            with self.subTest(how=how):
                for path in self.folder.glob("mail*"):
                    path.unlink()
                self.database = self.world.database()
                config = self.configure(self.database)
                pieces = [text[at:at + len(text) // 7] for at in range(0, len(text), len(text) // 7)]
                self.assertNotEqual(pieces[0][-1], "\n")
                held = ""
                for number, piece in enumerate(pieces):
                    piece = held + piece
                    held = ""
                    if number % 2 == 1:
                        # What is rotated ends with a whole line: servers write whole ones.
                        piece, _, held = piece.rpartition("\n")
                        piece += "\n"
                    with self.path.open("a") as out:
                        out.write(piece)
                    if number != 3:  # one rotation comes before anybody has looked
                        self.heed("poll", config=config)
                    if number % 2 == 1:
                        self.rotate(how, number)
                with self.path.open("a") as out:
                    out.write(held)
                self.heed("poll", config=config)
                self.assert_same(want, how)
                self.heed("poll", config=config)
                self.assert_same(want, f"{how}, again")

    def test_a_line_that_grows_and_one_that_never_ends(self):
        text = "".join(message("4ABCDEFGHJKL", "kim@dead.example.org", [UNKNOWN], "one@news.example.com"))
        cut = text.index("User unknown")
        self.path.write_text(text[:cut])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["0"]])
        with self.path.open("a") as out:
            out.write(text[cut:])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["1"]])
        # Rotated away, and nobody writes to it any more: the last line is what it is.
        with self.path.open("a") as out:
            out.write("".join(message("4ABCDEFGHJKM", "lee@dead.example.org", [UNKNOWN], "two@news.example.com")).rpartition("\n")[0].rpartition("\n")[0])
        self.path.rename(self.folder / "mail.log.1")
        self.age(self.folder / "mail.log.1")
        self.path.write_text("")
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.event"), [["2"]])

    def test_replaced_and_shrunk(self):
        lines, _ = self.generate(600)
        more, _ = self.generate(200, seed=2)
        last, _ = self.generate(100, seed=3)
        want = self.reference(lines + more + last)
        self.path.write_text("".join(lines))
        self.heed("poll", config=self.config)
        # Cut down by somebody, its beginning left: what was there is counted, what is written from now on is new.
        os.truncate(self.path, sum(map(len, lines[:400])))
        done = self.heed("poll", config=self.config)
        self.assertIn("shorter", done.stderr)
        with self.path.open("a") as out:
            out.write("".join(more))
        self.heed("poll", config=self.config)
        # A shorter copy somewhere else adds nothing, and takes nothing away.
        copy = self.folder / "copy"
        copy.write_text("".join(lines[:300]))
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        # Another file in its place, read by hand first.
        self.path.unlink()
        self.path.write_text("".join(last))
        self.heed("ingest", "--as", "postfix", self.path, config=self.config)
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_short_copies(self):
        """Files of less than 4096 bytes: what a copy holds that was made before they grew, or what is left of them, is counted."""
        def sent(number):
            return "".join(message(f"4ABCDEFGHJK{number}", f"kim{number}@dead.example.org", [SENT], f"{number}@news.example.com", at=number))

        def delivered():
            return self.query("SELECT coalesce(sum(delivered), 0) FROM heed.volume_hourly")[0][0]
        one, two, three = sent(1), sent(2), sent(3)
        self.path.write_text(one)
        self.heed("poll", config=self.config)
        self.path.write_text(one + two)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "2")
        copy = self.folder / "copy"
        copy.write_text(one)
        packed = self.folder / "mail.log.1.gz"
        packed.write_bytes(gzip.compress(one.encode()))
        self.age(copy), self.age(packed)
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "2", "an earlier copy")
        os.truncate(self.path, len(one))
        self.assertIn("shorter", self.heed("poll", config=self.config).stderr)
        self.assertNotIn("shorter", self.heed("poll", config=self.config).stderr)
        self.assertEqual(delivered(), "2", "shrunk")
        with self.path.open("a") as out:
            out.write(three)
        self.heed("poll", config=self.config)
        self.assertEqual(delivered(), "3", "written on behind the new end")
        copy.write_text(one + two)
        self.heed("ingest", "--as", "postfix", copy, config=self.config)
        self.assertEqual(delivered(), "3", "a copy of what it was")
        # Alike up to their last line, which has no end: that line is another.
        for number, wanted in (4, "4"), (5, "5"):
            table = self.folder / f"{number}.csv"
            table.write_text(f"time,outcome,recipient\n2026-01-02T09:30:00Z,delivered,kim{number}@example.net")
            self.age(table)
            self.assertIn("1 delivered", self.heed("ingest", "--dry-run", "--as", "csv", table, config=self.config).stdout)
            self.heed("ingest", "--as", "csv", table, config=self.config)
            self.assertEqual(delivered(), wanted)

    def test_copies_without_their_end(self):
        """A copy of less than 4096 bytes that lacks the end of its last line, or of which the file has none: nothing of it is new."""
        lines = message("4ABCDEFGHJK1", "kim1@dead.example.org", [SENT], "1@news.example.com")
        header = "time,outcome,recipient\n"
        row = "2026-01-02T09:30:00Z,delivered,kim2@example.net\n"
        for form, text, wanted in ("postfix", "".join(lines).rpartition("\n")[0].rpartition("\n")[0] + "\n", "1"), ("csv", header + row + row, "3"):
            whole = self.folder / f"whole.{form}"
            whole.write_text(text)
            self.age(whole)
            self.heed("ingest", "--as", form, whole, config=self.config)
            for cut in 1, 20:
                with self.subTest(form=form, cut=cut):
                    copy = self.folder / f"copy{cut}.{form}"
                    copy.write_text(text[:-cut])
                    self.age(copy)
                    self.assertIn("no new lines", self.heed("ingest", "--dry-run", "--as", form, copy, config=self.config).stdout)
                    self.assert_one_line(self.heed("ingest", "--as", form, copy, config=self.config).stderr, "no new lines")
                    self.assertEqual(self.query("SELECT sum(delivered) FROM heed.volume_hourly"), [[wanted]])
        # Cut in the only line behind the header, it may be another's; but for its end alone it is the same.
        whole = self.folder / "one.csv"
        whole.write_text(header.replace("time", "Time") + row)
        copy = self.folder / "end.csv"
        copy.write_text(whole.read_text()[:-1])
        self.age(whole), self.age(copy)
        self.assert_one_line(self.heed("ingest", "--as", "csv", whole, config=self.config).stderr, "1 delivered")
        self.assert_one_line(self.heed("ingest", "--as", "csv", copy, config=self.config).stderr, "no new lines")

    def test_cut_and_written_on(self):
        """A file of less than 4096 bytes that was cut down in its place and written on before anybody looked: what it still had is counted."""
        def sent(number):
            return "".join(message(f"4ABCDEFGHJK{number}", f"kim{number}@dead.example.org", [SENT], f"{number}@news.example.com", at=number))
        text = sent(0) + sent(1) + sent(2)
        self.path.write_text(text)
        self.heed("poll", config=self.config)
        # At the end of a line, shorter and longer than before, and within one.
        for number, (kept, more) in enumerate((([0, 1], [3]), ([0, 1], [4, 5, 6]), ([0], [7]))):
            left = "".join(map(sent, kept))
            cut = len(left) - (9 if number == 2 else 0)
            os.truncate(self.path, cut)
            with self.path.open("a") as out:
                out.write("".join(map(sent, more)))
            self.heed("poll", config=self.config)
            self.assertEqual(self.query("SELECT sum(delivered) FROM heed.volume_hourly"), [[str(max(more) + 1)]])
            self.assert_one_line(self.heed("poll", config=self.config).stderr, "no new lines")
            self.path.rename(self.folder / "mail.log.1")
            with gzip.open(self.folder / "mail.log.1.gz", "wb") as out:
                out.write((self.folder / "mail.log.1").read_bytes())
            (self.folder / "mail.log.1").rename(self.path)
            self.assert_one_line(self.heed("poll", config=self.config).stderr, "no new lines")

    def test_two_at_once(self):
        """Two pollers and one by hand, at the same moment."""
        lines, _ = self.generate(3000)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        self.age(self.path)
        commands = [["poll"], ["poll"], ["ingest", "--as", "postfix", self.path]] * 2
        with ThreadPoolExecutor(len(commands)) as pool:
            done = list(pool.map(lambda command: run_heed(command, self.config), commands))
        for one in done:
            self.assertIn(one.returncode, (0, 75), one.stderr)
        self.assertIn(0, [one.returncode for one in done])
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_killed_before_anything_is_kept(self):
        """Killed after the first of several stretches of a file: what the file before it said, and the stretch, is still known."""
        kept = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL], "late@news.example.com"))
        self.path.write_text("".join(kept))
        self.heed("poll", config=self.config)
        self.path.rename(self.folder / "mail.log.1")
        lines = [[*message(f"4BBBBBBB{number}", f"kim{number}@dead.example.org", [UNKNOWN], f"{number}@news.example.com")]
                 for number in range(1000, 3100)]
        begin = [line for one in lines for line in one[:3]]
        end = [line for one in lines for line in one[3:]]
        self.path.write_text("".join(begin + end) + f"{stamp(9)} mx postfix/qmgr[7]: 4ABCDEFGHJKL: from=<bounce@news.example.com>,"
                             " status=expired, returned to sender\n")
        done = run_heed(["poll"], self.config, {"HEED_FAULT": "log.after-commit"})
        self.assertEqual(done.returncode, -9, done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM heed_data.report WHERE kind = 'bounce'"), [["2000"]])
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT count(*), count(original_message_id) FROM heed_data.report WHERE kind = 'bounce'"),
                         [["2101", "2101"]])

    def test_a_copy_in_the_making(self):
        """copytruncate of a large file, looked at several times meanwhile: the copy is no file that has become shorter."""
        lines, _ = self.generate(1200)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        self.heed("poll", config=self.config)
        copy = self.folder / "mail.log.1"
        for part in 0.4, 0.6, 0.8, 1:
            copy.write_text("".join(lines[:int(len(lines) * part)]))
            done = self.heed("poll", config=self.config)
            self.assertNotIn("shorter", done.stderr)
            self.assert_same(want, part)

    def test_truncated_while_it_is_opened(self):
        """copytruncate between finding out which file it is and reading it: the copy is not read from its beginning."""
        lines, _ = self.generate(1200)
        want = self.reference(lines)
        whole = sum(map(len, lines[:1100]))
        self.assertGreater(whole, 65536)  # what was read together with its beginning needs no second look
        self.path.write_text("".join(lines[:1100]))
        self.heed("poll", config=self.config)
        with self.path.open("a") as out:
            out.write("".join(lines[1100:]))
        # Whoever asks for the file by its beginning waits.
        self.query("CREATE FUNCTION heed_data.wait() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN IF current_query() LIKE '%head_digest = %' THEN"
                   " PERFORM pg_advisory_xact_lock(42); END IF; RETURN true; END $$")
        self.query("ALTER TABLE heed_data.log_file RENAME TO log_file_now")
        self.query("CREATE VIEW heed_data.log_file AS SELECT * FROM heed_data.log_file_now WHERE heed_data.wait()")
        self.query("GRANT ALL ON heed_data.log_file TO PUBLIC; GRANT EXECUTE ON FUNCTION heed_data.wait TO PUBLIC")

        def wait_for_lock(granted):
            for _ in range(300):
                if self.query(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND granted = {granted}") == [["1"]]:
                    return
                time.sleep(0.05)
            self.fail(f"no lock within 15 s: {running.communicate()[1] if running else ''}")
        running = None
        url = self.world.postgres.url(self.database)
        with subprocess.Popen([self.world.postgres.bin / "psql", "-XAtq", "-d", url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as other:
            print("SELECT pg_advisory_lock(42);", file=other.stdin, flush=True)
            wait_for_lock(True)
            running = start_heed(["poll"], self.config)
            wait_for_lock(False)
            shutil.copy2(self.path, self.folder / "mail.log.1")
            os.truncate(self.path, 0)
            other.stdin.close()
        _, said = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 0, said)
        self.query("DROP VIEW heed_data.log_file")
        self.query("ALTER TABLE heed_data.log_file_now RENAME TO log_file")
        self.heed("poll", config=self.config)
        self.assert_same(want)

    def test_several_logs_by_one_pattern(self):
        """What is under way in one log is not another's."""
        config = self.world.config(self.database, "pattern.conf",
                                   f'log "all" {{ path = "{self.folder}/*.log" format = "postfix" }}', OWN, CALM)
        one = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL, FULL_FOR_GOOD], "one@news.example.com"))
        same_id = list(message("4ABCDEFGHJKL", "lee@dead.example.org", [UNKNOWN]))
        (self.folder / "a.log").write_text("".join(one[:4]))
        self.heed("poll", config=config)
        # Another server's first lines, of a message with the same queue id and no Message-ID.
        (self.folder / "b.log").write_text("".join(same_id[2:]))
        self.heed("poll", config=config)
        self.assertEqual(self.query("SELECT coalesce(original_message_id, 'none') FROM heed_data.report WHERE kind = 'bounce'"), [["none"]])
        (self.folder / "a.log").unlink()
        (self.folder / "a.log").write_text("".join(one[4:]))
        self.heed("poll", config=config)
        self.assertEqual(self.query("SELECT coalesce(original_message_id, 'none') FROM heed_data.report WHERE kind = 'bounce' ORDER BY 1 DESC"),
                         [["one@news.example.com"], ["none"]])

    def test_deleted_at_once(self):
        """Nothing is kept of the old file: what was under way is still known."""
        text = list(message("4ABCDEFGHJKL", "kim@dead.example.org", [FULL, FULL_FOR_GOOD], "one@news.example.com"))
        self.path.write_text("".join(text[:4]))
        self.heed("poll", config=self.config)
        self.path.unlink()
        self.path.write_text("".join(text[4:]))
        self.heed("poll", config=self.config)
        self.assertEqual(self.query("SELECT DISTINCT original_message_id FROM heed_data.report"), [["one@news.example.com"]])

    def test_watch(self):
        """Stays, sees what is written, and ends when it is told to."""
        lines, truth = self.generate(400)
        self.path.write_text("".join(lines[:200]))
        self.heed("db", "migrate", config=self.config)
        self.query("CREATE SEQUENCE race; GRANT ALL ON race TO PUBLIC; CREATE FUNCTION race() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                   " IF nextval('race') <= 2 THEN RAISE 'lost' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$;"
                   " CREATE TRIGGER race BEFORE UPDATE OF modified ON heed_data.log_file FOR EACH ROW EXECUTE FUNCTION race()")
        running = start_heed(["poll", "--watch"], self.config)
        try:
            def wait_for(count):
                for _ in range(300):
                    if self.query("SELECT coalesce(sum(lines), 0) FROM heed.log_status") == [[str(count)]]:
                        return
                    time.sleep(0.1)
                self.fail(f"not {count} lines after 30 s")
            wait_for(200)
            with self.path.open("a") as out:
                out.write("".join(lines[200:]))
            wait_for(len(lines))
            # A race that was lost when all was read: the file is not kept from others until the end.
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            free = [["0", "t"]]
            for _ in range(100):
                if self.query(f"SELECT ({held}), last_value > 2 FROM race") == free:
                    break
                time.sleep(0.1)
            self.assertEqual(self.query(f"SELECT ({held}), last_value > 2 FROM race"), free)
        finally:
            running.terminate()
            _, said = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 0, said)
        self.assertEqual(self.query("SELECT sum(delivered) FROM heed_data.volume_delta"), [[str(truth["delivered"])]])

    def test_watch_ends_with_its_logs(self):
        """Beside mailboxes, logs that cannot be looked at any more are not given up in silence."""
        mails = self.folder / "mails"
        for name in "cur", "new", "tmp":
            (mails / name).mkdir(parents=True)
        self.path.write_text("".join(self.generate(100)[0]))
        both = self.world.mailbox("fbl", f"maildir:{mails}") + f'\nlog "postfix" {{ path = "{self.path}" format = "postfix" }}'
        config = self.world.config(self.database, "beside.conf", both, OWN, CALM)
        self.heed("poll", config=config)
        self.query("ALTER TABLE heed_data.log RENAME TO gone")
        running = start_heed(["poll", "--watch"], config)
        try:
            _, said = running.communicate(timeout=30)
        finally:
            running.kill()
        self.assertGreater(running.returncode, 0, said)
        self.assertIn("heed_data.log", said)

    def test_database_restarted(self):
        lines, _ = self.generate(8000)
        want = self.reference(lines)
        self.path.write_text("".join(lines))
        running = start_heed(["poll"], self.config)
        time.sleep(0.2)
        self.world.postgres.stop()
        self.world.postgres.start()
        _, said = running.communicate(timeout=60)
        # It had begun, and tries again; or the database was away before it began, and the next run is soon.
        self.assertIn(running.returncode, (0, 75), said)
        self.heed("poll", config=self.config)
        self.assert_same(want)


if __name__ == "__main__":
    unittest.main()
