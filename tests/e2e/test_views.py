# SPDX-License-Identifier: Apache-2.0
"""What docs/views.md and the dashboard for Grafana say of the views, against the database: each view and column with its type
and comment, and each example run as the role that readers have."""

import json
import re
import time

from tests.e2e.harness import ROOT, Case

PAGE = ROOT / "docs" / "views.md"
DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"

COLUMNS = """
SELECT class.relname, coalesce(obj_description(class.oid, 'pg_class'), ''), attribute.attname,
    CASE format_type(attribute.atttypid, NULL) WHEN 'timestamp with time zone' THEN 'timestamptz'
        WHEN 'double precision' THEN 'float8' ELSE format_type(attribute.atttypid, NULL) END,
    coalesce(col_description(class.oid, attribute.attnum), '')
FROM pg_class AS class JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum > 0
WHERE class.relnamespace = 'heed'::regnamespace AND class.relkind = 'v' ORDER BY class.relname, attribute.attnum
"""

# What Grafana puts for its macros (grafana.com, "PostgreSQL query editor").
MACROS = ((r"\$__timeFilter\(([^)]*)\)", r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00Z'"),
          (r"\$__timeGroup\(([^,)]*),\s*'?1h'?\)", r"floor(extract(epoch FROM \1) / 3600) * 3600"))


def sections(text):
    """{name of a view: (first words, rows of its table)}; a heading may name several views with the same columns."""
    found = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        names = re.findall(r"`(\w+)`", section.split("\n")[0])
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in section.split("\n")
                if line.startswith("| `")]
        for at, name in enumerate(names):
            found[name] = (section, [[re.findall(r"`([^`]+)`", row[0])[at if index == 0 and len(names) > 1 else 0], row[1],
                                      row[2].split("; ")[at] if index == 0 and len(names) > 1 else row[2]]
                                     for index, row in enumerate(rows)])
    return found


class Views(Case):
    needs_dovecot = False

    def as_reader(self, database, sql):
        done = self.world.postgres.run(database, f"SET ROLE heed_reader;\n{sql}")
        self.assertEqual(done.returncode, 0, f"{sql}\n{done.stderr}")

    def test_page(self):
        database = self.world.database()
        views = {}
        for view, about, column, kind, comment in self.world.postgres.query(database, COLUMNS):
            self.assertTrue(about and comment, f"no comment: {view}.{column}")
            views.setdefault(view, (about, []))[1].append([column, kind, comment])
        told = sections(PAGE.read_text())
        self.assertEqual(sorted(told), sorted(views))
        for view, (about, columns) in views.items():
            with self.subTest(view):
                want = "\n".join(f"| `{name}` | {kind} | {comment} |" for name, kind, comment in columns)
                self.assertEqual(told[view][1], columns, f"docs/views.md should have\n{want}")
                if len(re.findall(r"`(\w+)`", told[view][0].split("\n")[0])) == 1:
                    self.assertIn(about, told[view][0])

    def test_examples(self):
        database = self.world.database()
        text = PAGE.read_text()
        examples = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
        for example in examples:
            with self.subTest(example):
                self.as_reader(database, example)
        for view, (section, _) in sections(text).items():
            self.assertIn("```sql", section, view)

    def test_replies_name_nobody(self):
        database = self.world.database()
        for reply, address, want in (("550 bad user Joe+x", "joe+x@c.example", "# bad user <address>"),
                                     ("user .joe. not here", ".joe.@c.example", "user <address> not here"),
                                     ('user "joe doe" x', '"joe doe"@c.example', "user <address> x"),
                                     ("to <a.b@c.example>: no", "a.b@c.example", "to <address>: no"),
                                     ("xjoe joe_ joe", "joe@c.example", "xjoe joe_ <address>")):
            with self.subTest(address):
                said, named = (text.replace("'", "''") for text in (reply, address))
                self.assertEqual(self.world.postgres.query(database, f"SELECT heed_data.blotted('{said}', '{named}')"), [[want]])

    def test_dashboard(self):
        database = self.world.database()
        panels = json.loads(DASHBOARD.read_text())["panels"]
        self.assertGreaterEqual(len(panels), 6)
        places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
        self.assertEqual(len(set(places)), len(panels))
        for panel in panels:
            for target in panel["targets"]:
                sql = target["rawSql"]
                for macro, put in MACROS:
                    sql = re.sub(macro, put, sql)
                with self.subTest(panel["title"]):
                    self.assertNotIn("$", sql)
                    self.assertNotIn("heed_data", sql)
                    self.as_reader(database, sql)

    def test_source_addresses(self):
        """What a log tells of a source address, refusals and deferrals too, counts for that address."""
        database = self.world.database()
        config = self.world.config(database, "sources.conf", "")
        log = self.world.folder / f"{database}.csv"
        now = int(time.time())
        lines = ["time,outcome,recipient,sender,source_ip,message_id,reply"]
        for number, (outcome, address, reply) in enumerate((
                ("delivered", "192.0.2.1", "250 ok"), ("failed", "192.0.2.1", "550 5.1.1 no such user"),
                ("failed", "192.0.2.1", "550 5.7.1 blocked using a blocklist"), ("deferred", "192.0.2.1", "421 4.7.0 slow down"),
                ("delivered", "nonsense", "250 ok"))):
            lines.append(f"{now - 60},{outcome},u{number}@example.org,n@example.com,{address},{number}@example.com,{reply}")
        log.write_text("\n".join(lines) + "\n")
        self.heed("ingest", "--as", "csv", log, config=config)
        self.assertEqual(self.world.postgres.query(database, """SELECT source_ip, sent_30d, delivered_30d, deferred_30d, hard_30d,
            block_30d FROM heed.ip_reputation"""), [["192.0.2.1", "3", "1", "1", "1", "1"]])
