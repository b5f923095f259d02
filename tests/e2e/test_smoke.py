# SPDX-License-Identifier: Apache-2.0
"""The main job in a minute: a mailbox over IMAPS into PostgreSQL, and the list out. Also run against the release."""

import json
import unittest

from tests.e2e import harness
from tests.e2e.harness import Case, reports


class Smoke(Case):
    def test_from_mailbox_to_list(self):
        user, truths = self.world.user(reports(80))
        database = self.world.database()
        config = self.world.config(database, "smoke.conf",
                                   self.world.mailbox("fbl", self.world.url("imaps", user), trust="closed"))
        self.heed("poll", config=config)
        rows = self.world.postgres.query(database, "SELECT message_id, kind FROM heed_data.report")
        kinds = dict(rows)
        for truth in truths:
            if truth["kind"] is not None:
                self.assertEqual(kinds.get(truth["message_id"]), truth["kind"], truth)
        wanted = harness.make_reports.expected_suppressions(truths, closed=True)
        optional = {address for truth in truths for address in truth.get("maybe", [])}
        got = self.suppressed(config)
        self.assertEqual(set(wanted) - got, set(), "missing from the list")
        self.assertEqual(got - set(wanted) - optional, set(), "suppressed without reason")

        again = self.heed("poll", config=config)
        self.assertEqual(self.world.postgres.query(database, "SELECT count(*) FROM heed_data.report"), [[str(len(rows))]],
                         again.stderr)

        one = sorted(wanted)[0]
        why = self.heed("why", one, config=config)
        self.assertIn(one, why.stdout)
        self.heed("why", "nobody@example.org", config=config, want=1)

        mails = self.world.folder / "list.txt"
        mails.write_text("\n".join([one, "fresh@example.org", one.upper(), "fresh@example.org", "not an address"]) + "\n")
        cleaned = self.heed("clean", mails, config=config)
        self.assertEqual(cleaned.stdout, "fresh@example.org\n")

        lines = self.heed("export", "--format", "json", config=config).stdout.splitlines()
        self.assertEqual({json.loads(line)["address"] for line in lines}, got)

    def test_events_tell_the_truth(self):
        """Each recipient of each report, as the generator made it, is in the database."""
        user, truths = self.world.user(reports(150, seed=7))
        database = self.world.database()
        config = self.world.config(database, "truth.conf", self.world.mailbox("fbl", self.world.url("imaps", user)))
        self.heed("poll", config=config)
        rows = self.world.postgres.query(database, """
            SELECT r.message_id, e.address, e.action, e.status, e.verdict, e.class, e.trust
            FROM heed_data.event e JOIN heed_data.report r USING (arrived_at, digest)""")
        found = {}
        for message_id, address, *rest in rows:
            found.setdefault(message_id, {})[address] = rest
        trusts = {"unproven": "1", "plausible": "2", "authenticated": "3"}
        for truth in truths:
            if not truth["recipients"] or truth["kind"] == "not-spam":
                continue
            events = found.get(truth["message_id"], {})
            for recipient in truth["recipients"]:
                with self.subTest(message=truth["message_id"], address=recipient["address"]):
                    self.assertIn(recipient["address"] or "", events)
                    action, status, verdict, class_, trust = events[recipient["address"] or ""]
                    self.assertEqual((action, status, verdict, class_),
                                     (recipient.get("action") or "", recipient.get("status") or "", recipient["verdict"] or "",
                                      recipient["class"] or ""))
                    if truth["trust"]:
                        self.assertEqual(trust, trusts[truth["trust"]])


if __name__ == "__main__":
    unittest.main()
