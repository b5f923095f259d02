# SPDX-License-Identifier: Apache-2.0
"""What the tests that kill have in common: the ways to a mailbox, and what must be the same in the end."""

import re
import time
from datetime import datetime, timezone

from tests.bench.make_log import Log
from tests.e2e.harness import contents, make_reports, reports, run_heed

COUNT = 24

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
    "mbox-leave": ("mbox", {}),
    "log": ("log", {}),
}

# POP3 does not tell when mail arrived, so it counts from when it was fetched.
TIMES = re.compile(r'"(received_at|occurred_at|since|until|first_event_at|last_event_at|day)": ("[^"]*"|null),? ?')


class Setting:
    """One fresh copy of the mailbox with an empty database."""

    def __init__(self, world, way):
        scheme, settings = WAYS[way]
        settings = dict(settings)
        self.world = world
        self.way = way
        user, _ = world.user(reports(COUNT))
        self.maildir = world.dovecot.maildir(user)
        self.database = world.database()
        if scheme == "maildir":
            url = f"maildir:{self.maildir}"
        elif scheme == "mbox":
            mbox = world.folder / f"{user}.mbox"
            list(make_reports.write_mbox(mbox, reports(COUNT)))
            url = f"mbox:{mbox}"
        else:
            url = world.url(scheme, user, host=settings.pop("host", "localhost"))
        self.config = world.config(self.database, f"{self.database}.conf", world.mailbox("fbl", url, **settings))

    def poll(self, fault=None):
        return run_heed(["poll"], self.config, {"HEED_FAULT": fault} if fault else None)

    def end_state(self):
        """(rows, mails)"""
        dump = self.world.dump(self.database)
        # A worker's death is held against the message it had; whether it happened is not part of the end state.
        dump["quarantine"] = [row for row in dump["quarantine"] if row.endswith("true]")]
        if self.way.startswith("pop3"):
            dump = {what: sorted(TIMES.sub("", row) for row in rows) for what, rows in dump.items() if what != "rollup"}
        mails = contents(self.maildir)
        if self.way.startswith("pop3"):
            # Dovecot marks what a session retrieved that ended without our RSET; a killed one cannot send it.
            mails = {name: sorted(mail for mail, _ in found) for name, found in mails.items()}
        return dump, mails

    def quarantined(self):
        return int(self.world.postgres.query(
            self.database, "SELECT count(*) FROM heed_data.quarantine WHERE resolved_at IS NULL")[0][0])

    def drop(self):
        self.world.postgres.drop(self.database)


class LogSetting(Setting):
    """The log of a mail server, rotated once, with an empty database."""

    def __init__(self, world, way):
        self.world = world
        self.way = way
        self.database = world.database()
        folder = world.folder / self.database
        folder.mkdir()
        log = Log(begin=datetime(2026, 11, 1, tzinfo=timezone.utc), pause=60)
        for name, messages in (("mail.log.1", 20), ("mail.log", 15)):
            (folder / name).write_text("".join(line for _ in range(messages) for line in log.message()))
        self.config = world.config(self.database, f"{self.database}.conf", f'log "x" {{ path = "{folder}/mail.log" format = "postfix" }}')

    def end_state(self):
        dump = self.world.dump(self.database)
        dump["log"] = sorted(map(str, self.world.postgres.query(
            self.database, "SELECT position, lines, state FROM heed_data.log_file UNION ALL SELECT lines, failed, null FROM heed_data.log")))
        return dump, {}


def setting_of(world, way):
    return (LogSetting if way == "log" else Setting)(world, way)


def undisturbed(world, way):
    """(end state, what the run said with every step traced)"""
    setting = setting_of(world, way)
    done = setting.poll("trace")
    if done.returncode != 0:
        raise AssertionError(f"{way}, undisturbed: status {done.returncode}\n{done.stderr}")
    state = setting.end_state()
    if way == "log":
        if not state[0]["seen"]:
            raise AssertionError(f"the log tells of no failure\n{done.stderr}")
    elif len(state[0]["seen"]) != COUNT:
        raise AssertionError(f"{way}, undisturbed: {len(state[0]['seen'])} of {COUNT} messages\n{done.stderr}")
    setting.drop()
    return state, done.stderr


def poll_when_free(setting):
    """One ordinary run. The server may take a moment to see that the killed one, which held the mailbox, is gone."""
    for _ in range(50):
        done = setting.poll()
        if done.returncode != 75 or "by another process" not in done.stderr:
            break
        time.sleep(0.1)
    return done


def compare(setting, wanted, where):
    """One ordinary run, and after a worker's death the second look at what it had in hand; then says in what the end
    state differs from the wanted one, or None."""
    done = poll_when_free(setting)
    if done.returncode != 0:
        return f"{where}: the run after it has status {done.returncode}\n{done.stderr}"
    mails_count = True
    if setting.quarantined():
        # It went to the place of quarantined mail, and the retry took it out of quarantine: only the rows count.
        mails_count = False
        done = run_heed(["quarantine", "retry"], setting.config)
        if done.returncode != 0:
            return f"{where}: the retry has status {done.returncode}\n{done.stderr}"
    rows, mails = setting.end_state()
    for what, want in wanted[0].items():
        if rows[what] != want:
            missing = [row[:300] for row in want if row not in rows[what]][:2]
            extra = [row[:300] for row in rows[what] if row not in want][:2]
            return f"{where}: {what}: {len(rows[what])} rows, wanted {len(want)}; missing {missing}, too many {extra}"
    if mails_count and mails != wanted[1]:
        sizes = {name: len(found) for name, found in mails.items()}
        return f"{where}: the mailbox: {sizes}, wanted { {name: len(found) for name, found in wanted[1].items()} }"
    setting.drop()
    return None
