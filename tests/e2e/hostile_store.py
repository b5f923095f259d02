# SPDX-License-Identifier: Apache-2.0
"""A store full of what hostile mail and servers would like to have on a page, and of one of everything that a report shows.
What is written here must not come out as it is."""

# Each is said by servers in replies, and some of it is where names are.
HOSTILE = [
    "550 <script>document.title='owned'</script> no",
    "550 \"><img src=http://tracker.example/x.png onerror=alert(1)> no",
    "550 </style><style>body{background:url(http://tracker.example/c)}</style> no",
    "550 <svg onload=alert(1)><use href='http://tracker.example/s#x'/></svg> no",
    "550 &lt;b&gt; &amp; ' \" ` no",
    "550 \u202egnp.tnuocca\u202c \u2066turned\u2069 \u200f no",
    "550 \x1b[31mred\x1b[0m \x07 \x9b31m no",
    "550 z\u0335\u0322\u0322\u0322\u0322\u0322\u0322\u0322\u0322\u0322\u0322algo no",
    "550 " + "wordwithoutend" * 400,
    "550 user.secret unknown, and user.secret@victim.example too",
    "550 \u0645\u0631\u062d\u0628\u0627 \u0628\u0643 no",
]

FILL = """
INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, kind, action, class, verdict, address,
    domain, status, code, diagnostic, remote_mta, provider, rule, original_key, failure_key)
SELECT now() - n * interval '1 minute', sha256(n::text::bytea), 0, now() - n * interval '1 minute', false, 3, 'bounce', 'failed',
    'bad-mailbox', 'hard', 'user.secret@victim.example', 'victim.example', '5.1.1', '550', said, 'mx.victim.example', NULL,
    'rule', substr(sha256(n::text::bytea), 1, 16), substr(sha256(n::text::bytea), 1, 16)
FROM unnest({said}::text[]) WITH ORDINALITY AS hostile (said, n);
INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures,
    reports)
SELECT (now() AT TIME ZONE 'UTC')::date, '', name, name, 'example.com', '192.0.2.1', 'bounce', 'bad-mailbox', 'hard', 5000, 5000
FROM unnest({names}::text[]) AS name;
INSERT INTO heed_data.rollup_delta (day, stream, domain, provider, sender_domain, source_ip, kind, class, verdict, failures,
    reports)
VALUES ((now() AT TIME ZONE 'UTC')::date, '', '', '', '', '', 'complaint', 'abuse', 'complaint', 3, 3);
INSERT INTO heed_data.mailbox (name, url, last_poll_at, last_success_at, last_error)
VALUES ('bounces <b>', 'imaps://somebody@mail.example.com/INBOX', now(), now() - interval '2 days',
    'the server said "<script>" and \u202e');
INSERT INTO heed_data.mailbox (name, url, last_poll_at, last_success_at, messages_stored)
VALUES ('complaints', 'imaps://fbl@mail.example.com/INBOX', now(), now(), 1234);
INSERT INTO heed_data.guard_hold (dimension, name, began_at, ended_at, placed_at, statistics)
VALUES ('domain', 'lost<i>directory.example', now() - interval '3 hours', 'infinity', now(),
    '{{"window_hours": 6, "seen": 812, "highest_before": 12, "threshold": 60}}');
INSERT INTO heed_data.log (name, path, format, last_read_at, last_success_at, last_error, lines, unread, behind)
VALUES ('main <b>', '/var/log/mail.log', 'postfix', now(), now() - interval '3 days', 'no such "<file>"', 1234567, 3, 99);
"""

NAMES = ["evil\"><script>alert(1)</script>.example", "'onmouseover='alert(1).example", "javascript:alert(1)"]


def quoted(texts):
    return "ARRAY[" + ", ".join("'" + text.replace("'", "''") + "'" for text in texts) + "]"


def fill(postgres, database):
    postgres.query(database, FILL.format(said=quoted(HOSTILE), names=quoted(NAMES)))
