# SPDX-License-Identifier: Apache-2.0
"""The benchmark: Heed and its baselines in the same run, on the same machine, with the same data.

Each figure is the median of --rounds runs, Heed and baseline taking turns. See scripts/bench.
"""

import argparse
import os
import platform
import random
import re
import subprocess
import sys
from datetime import datetime, timezone

from tests.bench import month
from tests.bench.measure import cpu_text, median, median_cpu, memory_text, most_memory, run
from tests.e2e import harness
from tests.e2e.harness import ROOT, World, make_reports
from tests.bench import make_logs

BUILD = ROOT / "build" / "release"
HEED = BUILD / "heed"
SISIMAI_MESSAGES = 1000  # it takes long
PAD = 7000  # bytes: the average of a message


class Table:
    """Prints what was measured as it comes, in Markdown."""

    def title(self, text):
        print(f"\n### {text}\n\n| what | seconds | rate | ratio | peak memory, MiB |\n|---|---:|---:|---:|---|", flush=True)

    def row(self, what, seconds, rate="", ratio="", memory=""):
        print(f"| {what} | {seconds:.3f} | {rate} | {ratio} | {memory} |", flush=True)

    def cpu(self, rows):
        print("\n| CPU seconds | all | by process |\n|---|---:|---|")
        for what, roles in rows.items():
            print(f"| {what} | {sum(roles.values()):.2f} | {cpu_text(roles)} |", flush=True)


def machine():
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().split("\n")[0]

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii") if line.startswith("model name")),
               platform.machine())
    memory = int(next(line for line in open("/proc/meminfo", encoding="ascii")).split()[1]) // 1024 // 1024
    print(f"{datetime.now(timezone.utc):%Y-%m-%d}; {os.cpu_count()} x {cpu}, {memory} GiB; Linux {platform.release()}; "
          f"{said(str(HEED), '--version')}; {said('postgres', '--version') or said('/usr/lib/postgresql/15/bin/postgres', '--version')}; "
          f"Dovecot {said('dovecot', '--version')}; commit {said('git', 'rev-parse', '--short', 'HEAD')}")


def on_one_core(*command):
    return ["taskset", "-c", "0", *command]


def bench_parse(options, table, world):
    folder = world.folder / "parse"
    list(make_reports.write_maildir(folder, make_reports.generate(options.messages, pad=PAD)))
    few = world.folder / "few"
    list(make_reports.write_maildir(few, make_reports.generate(SISIMAI_MESSAGES, pad=PAD)))
    one = sorted((few / "new").iterdir())[0]
    sink = world.folder / "out"
    commands = {
        "GMime alone: parse, walk, decode": on_one_core(BUILD / "bench_gmime", folder / "new"),
        "heed parse --jobs 1 (with its worker process), one core": on_one_core(HEED, "parse", "--jobs", "1", folder),
        "heed parse --in-process, one core": on_one_core(HEED, "parse", "--in-process", folder),
        "heed parse, all cores": [HEED, "parse", folder],
    }
    taken = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            taken[name].append(run(command, stdout=sink))
    table.title(f"heed parse: {options.messages} messages of about {PAD} bytes")
    base = median(next(iter(taken.values())))
    for name, runs in taken.items():
        seconds = median(runs)
        table.row(name, seconds, f"{options.messages / seconds:.0f}/s", f"{base / seconds:.2f}", memory_text(most_memory(runs)))
    sisimai = [run(on_one_core("perl", ROOT / "tests" / "bench" / "sisimai_baseline.pl", few / "new")) for _ in range(options.rounds)]
    heed = [run(on_one_core(HEED, "parse", "--jobs", "1", few), stdout=sink) for _ in range(options.rounds)]
    table.row(f"Sisimai, {SISIMAI_MESSAGES} messages", median(sisimai), f"{SISIMAI_MESSAGES / median(sisimai):.0f}/s", "1.00",
              memory_text(most_memory(sisimai)))
    table.row(f"heed parse --jobs 1, the same {SISIMAI_MESSAGES}", median(heed), f"{SISIMAI_MESSAGES / median(heed):.0f}/s",
              f"{median(sisimai) / median(heed):.1f}", "")
    table.row("startup: heed --version", median([run([HEED, "--version"]) for _ in range(20)]))
    table.row("startup: heed parse of one message", median([run([HEED, "parse", one], stdout=sink) for _ in range(20)]))


REDRAWN = re.compile(r"\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+\b|\b[a-z]+(?=@example\.)")


def write_replies(path, count, alter):
    """Lines of the rules' own examples, as alter(order, example, number) makes them."""
    examples = [line.removeprefix("example ") for rules in sorted((ROOT / "parsers" / "rules").glob("*.rules"))
                for line in rules.read_text(encoding="utf-8").splitlines() if line.startswith("example ")]
    order = random.Random(1)
    with open(path, "w", encoding="utf-8") as out:
        for number in range(count):
            out.write(f"{alter(order, order.choice(examples), number)}\n")


def of_others(order, example, _):
    """The reply with another address and another client in it, as far as it names any."""
    def other(match):
        return f"u{order.randrange(10**6)}" if match.group()[0].isalpha() else ".".join(str(order.randrange(256)) for _ in range(4))
    return REDRAWN.sub(other, example)


def bench_readers(options, table, world):
    count = options.lines // 5
    table.title(f"Readers of mail servers' logs: {count} lines of each on one core; seconds are of CPU time")
    path = world.folder / "log"
    for form in make_logs.FORMATS:
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(make_logs.lines(form, count))
        size = path.stat().st_size / 1e6
        taken = {"wc -l": [], "reader": []}
        for _ in range(options.rounds):
            for what, command in (("wc -l", ["wc", "-l"]), ("reader", [BUILD / "bench_logs", form])):
                with open(path, "rb") as lines:
                    taken[what].append(run(on_one_core(*command), stdin=lines))
        base = sum(median_cpu(taken["wc -l"]).values())
        for what, runs in taken.items():
            seconds = sum(median_cpu(runs).values())
            table.row(f"{form}, {size:.0f} MB: {what}", seconds, f"{count / seconds:.0f} lines/s, {size / seconds:.0f} MB/s",
                      f"{seconds / base:.1f}", memory_text(most_memory(runs)))
    path.unlink()


def bench_explain(options, table, world):
    replies, sink = world.folder / "replies", world.folder / "explained"
    table.title(f"heed explain: {options.replies} replies from standard input on one core; seconds are of CPU time")
    kinds = {
        "some hundred replies, again and again": lambda order, example, number: example,
        "the same, with addresses and clients that vary": of_others,
        "no two the same: a number behind each": lambda order, example, number: f"{example} ({number:x})",
    }
    for what, alter in kinds.items():
        write_replies(replies, options.replies, alter)
        taken = []
        for _ in range(options.rounds):
            with open(replies, "rb") as lines:
                taken.append(run(on_one_core(HEED, "explain"), stdin=lines, stdout=sink))
        seconds = sum(median_cpu(taken).values())
        table.row(what, seconds, f"{options.replies / seconds:.0f}/s", "", memory_text(most_memory(taken)))
    table.row("startup: heed explain of one reply (wall)", median([run([HEED, "explain", "550 no"]) for _ in range(20)]))


def poll(world, section, servers=None):
    """A poll into a fresh database."""
    database = world.database()
    config = world.config(database, f"{database}.conf", section)
    taken = run([HEED, "--config", config, "--quiet", "poll"], env=harness.environment(), servers=servers)
    stored = world.postgres.query(database, "SELECT count(*) FROM heed_data.report_seen")[0][0]
    world.postgres.drop(database)
    return taken, int(stored)


def bench_poll(options, table, world):
    user, _ = world.user(make_reports.generate(options.messages, pad=PAD))
    url = world.url("imaps", user)
    section = world.mailbox("fbl", url)
    fetch = [BUILD / "bench_fetch", url, world.dovecot.password_file, world.dovecot.ca_file]
    servers = {"dovecot": world.dovecot.pid(), "postgres": world.postgres.process.pid}
    run(fetch)  # Dovecot writes its index the first time
    fetched, polled = [], []
    for _ in range(options.rounds):
        fetched.append(run(fetch, servers=servers))
        taken, stored = poll(world, section, servers)
        assert stored == options.messages, stored
        polled.append(taken)
    table.title(f"heed poll: {options.messages} messages over IMAPS into PostgreSQL, fsync on, all on this machine")
    base = median(fetched)
    table.row("fetching alone", base, f"{options.messages / base:.0f}/s", "1.00", memory_text(most_memory(fetched)))
    seconds = median(polled)
    table.row("heed poll", seconds, f"{options.messages / seconds:.0f}/s", f"{base / seconds:.2f}", memory_text(most_memory(polled)))
    table.cpu({"fetching alone": median_cpu(fetched), "heed poll": median_cpu(polled)})


def bench_memory(options, table, world):
    table.title("heed poll: memory with the size of a Maildir")
    for count in (options.messages, options.many):
        maildir = world.folder / f"maildir-{count}"
        for _ in make_reports.write_maildir(maildir, make_reports.generate(count, pad=PAD)):
            pass
        taken, stored = poll(world, world.mailbox("fbl", f"maildir:{maildir}"))
        assert stored == count, stored
        table.row(f"{count} messages", taken.seconds, f"{count / taken.seconds:.0f}/s", "", memory_text(taken.memory))
        subprocess.run(["rm", "-rf", str(maildir)], check=True)


# The triggers, which note each change, are for those who change some.
FILL = """
ALTER TABLE heed_data.address_state DISABLE TRIGGER USER;
INSERT INTO heed_data.address_state (scope, address, domain, suppressed, reason, verdict, since, evidence_count, policy_version)
SELECT '', 'user' || substr(md5(n::text), 1, 12) || '@mail' || n % 1000 || '.example.net', 'mail' || n % 1000 || '.example.net',
       true, 'bad-mailbox', 'hard', now(), 1, (SELECT max(version) FROM heed_data.policy)
FROM generate_series(1, {count}) n;
ALTER TABLE heed_data.address_state ENABLE TRIGGER USER;
ANALYZE heed_data.address_state;
"""

# One in ten is suppressed.
LIST = """
COPY (SELECT 'user' || substr(md5((CASE WHEN n % 10 = 0 THEN n ELSE n + 1000000000 END)::text), 1, 12) || '@mail'
      || (CASE WHEN n % 10 = 0 THEN n ELSE n + 1000000000 END) % 1000 || '.example.net'
      FROM generate_series(1, {count}) n ORDER BY md5(n::text)) TO STDOUT
"""

ANTI_JOIN = r"""
CREATE TEMP TABLE list (address text COLLATE "C");
\copy list FROM '{list}'
ANALYZE list;
\copy (SELECT address FROM list l WHERE NOT EXISTS (SELECT FROM heed_data.address_state s WHERE s.address = l.address AND s.suppressed)) TO '{out}'
"""


def psql(world, database, sql):
    return [world.postgres.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", world.postgres.url(database), "-c", sql]


def fill(options, world, name):
    database = world.database()
    config = world.config(database, name, "")
    run([HEED, "--config", config, "suppress", "add", "first@example.net"], env=harness.environment())
    world.postgres.query(database, FILL.format(count=options.suppressions))
    return database, config


def bench_clean(options, table, world):
    database, config = fill(options, world, "clean.conf")
    snapshot = world.folder / "snapshot"
    run([HEED, "--config", config, "export", "--format", "snapshot", "-o", snapshot], env=harness.environment())
    mails, out, join = (world.folder / name for name in ("list.txt", "cleaned.txt", "anti-join.sql"))
    run(psql(world, database, LIST.format(count=options.list)), stdout=mails)
    join.write_text(ANTI_JOIN.format(list=mails, out=world.folder / "joined.txt"))
    suppressed = world.folder / "suppressed.txt"
    commands = {
        "heed clean": [HEED, "--config", config, "clean", mails, "-o", out],
        "heed clean --removed": [HEED, "--config", config, "clean", mails, "-o", out, "--removed", f"{out}.removed"],
        "heed clean --snapshot": [HEED, "clean", "--snapshot", snapshot, mails, "-o", f"{out}.snapshot"],
        "PostgreSQL: copy in, anti-join, copy out": [*psql(world, database, "")[:-2], "-f", join],
        "export, sort, sort, comm": ["sh", "-c", f"psql -XAtq -d '{world.postgres.url(database)}' -c 'COPY (SELECT address FROM "
                                     f"heed_data.address_state WHERE suppressed) TO STDOUT' >{suppressed} && "
                                     f"export LC_ALL=C && sort -o {suppressed} {suppressed} && "
                                     f"sort {mails} | comm -23 - {suppressed} >{out}.comm"],
        "bare read of the list": ["wc", "-l", mails],
    }
    taken = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            taken[name].append(run(command, env=harness.environment()))
    table.title(f"heed clean: a list of {options.list} against {options.suppressions} suppressions")
    base = median(taken["PostgreSQL: copy in, anti-join, copy out"])
    for name, runs in taken.items():
        seconds = median(runs)
        memory = most_memory(runs).get("parent", 0.0)
        note = memory_text(most_memory(runs))
        if name == "heed clean":
            note += f" ({memory * 1024 * 1024 / options.suppressions:.0f} bytes a suppression)"
        table.row(name, seconds, f"{options.list / seconds / 1e6:.1f} M/s", f"{base / seconds:.2f}", note)
    lines = {path: int(run(["wc", "-l", path]).stdout.split()[0]) for path in (out, f"{out}.snapshot", world.folder / "joined.txt")}
    assert len(set(lines.values())) == 1, lines


ROW = """SELECT address, scope, domain, reason, verdict, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), evidence_count,
    to_char(last_event_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') FROM heed.suppression ORDER BY address, scope"""

EXPORTS = {
    "text": "SELECT DISTINCT address FROM heed.suppression ORDER BY address",
    "csv": ROW,
    "json": ROW,
    "postfix": "SELECT DISTINCT ON (address) address, verdict, reason FROM heed.suppression ORDER BY address, scope",
    "sha256": "SELECT DISTINCT encode(sha256(convert_to(address, 'UTF8')), 'hex') COLLATE \"C\" AS digest FROM heed.suppression ORDER BY digest",
}


def bench_export(options, table, world):
    database, config = fill(options, world, "export.conf")
    out, bare, cursor = (world.folder / name for name in ("exported", "bare", "cursor"))
    table.title(f"heed export of {options.suppressions} suppressions beside a bare COPY of the same query")
    for form, query in EXPORTS.items():
        heed, copy = [], []
        for _ in range(options.rounds):
            copy.append(run(psql(world, database, f"SET jit = off; COPY ({query}) TO STDOUT"), stdout=bare))
            heed.append(run([HEED, "--config", config, "export", "--format", form], env=harness.environment(), stdout=out))
        base, seconds = median(copy), median(heed)
        table.row(f"COPY for {form}", base, f"{options.suppressions / base / 1e6:.2f} M/s", "1.00")
        table.row(f"heed export --format {form}", seconds, f"{options.suppressions / seconds / 1e6:.2f} M/s", f"{seconds / base:.2f}",
                  memory_text(most_memory(heed)))
    run([HEED, "--config", config, "export", "--cursor", cursor], env=harness.environment(), stdout=out)
    run([HEED, "--config", config, "suppress", "add", *(f"new{n}@example.org" for n in range(1000))], env=harness.environment())
    deltas = [run([HEED, "--config", config, "export", "--since", f"@{cursor}"], env=harness.environment(), stdout=out)
              for _ in range(options.rounds)]
    table.row("heed export --since, 1,000 added", median(deltas))


# Four failures an address, of every kind; all of this month, so that one partition holds them.
EVENTS = """
SET synchronous_commit = off;
CREATE TEMP TABLE made AS
SELECT date_trunc('month', now()) + n % 1000000 * (now() - date_trunc('month', now())) / 1000000 AS at, n,
    sha256(n::text::bytea) AS digest, 'user' || substr(md5((n / 4)::text), 1, 12) || '@mail' || n / 4 % 1000 || '.example.net' AS address
FROM generate_series({first}::bigint, {last}::bigint) n;
INSERT INTO heed_data.report_seen (digest, arrived_at, trust) SELECT digest, at, 3 FROM made ORDER BY digest;
INSERT INTO heed_data.failure (failure_key, digest, ordinal, arrived_at)
    SELECT substr(digest, 1, 16), digest, 0, at FROM made ORDER BY 1;
INSERT INTO heed_data.report (arrived_at, digest, received_at, closed, kind, trust, format, reporter_mta, recipient_count, size, truncated)
    SELECT at, digest, at, false, 'bounce', 3, 'rfc3464', 'mx.example.net', 1, 7000, false FROM made ORDER BY at;
INSERT INTO heed_data.event (arrived_at, digest, ordinal, occurred_at, closed, trust, kind, action, class, verdict, address,
    domain, status, code, diagnostic, rule, original_key, failure_key)
SELECT at, digest, 0, at, false, 3, 'bounce', 'failed',
    (ARRAY['mailbox-full', 'reputation', 'restricted', 'bad-mailbox']::heed_data.class[])[1 + n % 4],
    (ARRAY['soft', 'block', 'soft', 'hard']::heed_data.verdict[])[1 + n % 4], address, substring(address FROM '[^@]*$'),
    '5.0.0', '550', '550 no such user here, see the help of this server', 'bad-mailbox', substr(digest, 1, 16), substr(digest, 1, 16)
FROM made ORDER BY at;
DROP TABLE made;
"""


def ingest_batches(options, config, world, first):
    """Runs that each ingest a thousand reports that nobody has seen; the first one warms up."""
    taken = []
    for number in range(2 * options.rounds + 1):
        mbox = world.folder / f"batch-{first}-{number}"
        for _ in make_reports.write_mbox(mbox, make_reports.generate(1000, seed=first + number)):
            pass
        taken.append(run([HEED, "--config", config, "--quiet", "ingest", mbox], env=harness.environment()))
    return taken[1:]


def bench_history(options, table, world):
    database = world.database()
    config = world.config(database, "history.conf", "")
    run([HEED, "--config", config, "suppress", "add", "first@example.net"], env=harness.environment())
    table.title("The store as it grows: a run that ingests 1,000 new reports, heed why, heed suppress rebuild")
    stored = 1
    for millions in (1, 5, 20):
        count = millions * options.million
        while stored < count:
            last = min(stored + 999_999, count)
            world.postgres.query(database, EVENTS.format(first=stored, last=last))
            stored = last + 1
        world.postgres.query(database, "VACUUM ANALYZE")
        what = f"{count / 1e6:g} million events"
        rebuilt = run([HEED, "--config", config, "--quiet", "suppress", "rebuild"], env=harness.environment())
        table.row(f"{what}: rebuild", rebuilt.seconds, f"{count / rebuilt.seconds:.0f} rows/s", "", memory_text(rebuilt.memory))
        world.postgres.query(database, "VACUUM ANALYZE heed_data.address_state; CHECKPOINT")
        batches = ingest_batches(options, config, world, count)
        table.row(f"{what}: ingest of 1,000 reports", median(batches), f"{1000 / median(batches):.0f}/s")
        why = [run([HEED, "--config", config, "why", address], env=harness.environment())
               for (address,) in world.postgres.query(database, "SELECT address FROM heed_data.event TABLESAMPLE SYSTEM (0.1) LIMIT 20")]
        table.row(f"{what}: heed why", median(why))


def bench_report(options, table, world):
    database = world.database()
    config = world.config(database, "report.conf", "")
    month.fill(world.postgres, database, options.domains, options.events)
    page = world.folder / "report.html"
    servers = {"postgres": world.postgres.process.pid}
    commands = {
        "heed score, the lowest 50": [HEED, "--config", config, "score"],
        "heed score --limit 0, all": [HEED, "--config", config, "score", "--limit", "0"],
        "heed report": [HEED, "--config", config, "--quiet", "report", "-o", page],
        "heed metrics": [HEED, "--config", config, "metrics"],
    }
    taken = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            taken[name].append(run(command, env=harness.environment(), stdout=world.folder / "out", servers=servers))
    days = world.postgres.query(database, "SELECT count(*) FROM heed_data.reputation_day")[0][0]
    table.title(f"Scores and the report of {options.domains} domains with 30 days of history, {days} rows of days; the page has "
                f"{page.stat().st_size} bytes")
    for name, runs in taken.items():
        table.row(name, median(runs), "", "", memory_text(most_memory(runs)))
    folded = []
    for _ in range(options.rounds):
        world.postgres.query(database, month.NEW.format(count=10_000))
        folded.append(run(psql(world, database, "SELECT heed_data.fold_rollups()"), servers=servers))
    table.row("folding 10,000 new events", median(folded))
    table.cpu({name: median_cpu(runs) for name, runs in (*taken.items(), ("folding 10,000 new events", folded))})


def bench_logs(options, table, world):
    log = world.folder / "mail.log"
    lines = options.lines
    with open(log, "wb") as out:
        subprocess.run([sys.executable, "-m", "tests.bench.make_log", str(lines)], cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, check=True)
    size = log.stat().st_size
    bare = world.folder / "logs.conf"
    bare.write_text(harness.OWN)
    sink = world.folder / "out"
    commands = {
        "wc -l": (["wc", "-l", log], options.rounds),
        "grep -c status=": (["env", "LC_ALL=C", "grep", "-c", "status=", log], options.rounds),
        "pflogsumm": (["pflogsumm", log], 1),  # it takes minutes
        "heed ingest --as postfix --dry-run: reading alone": (
            [HEED, "--config", bare, "--data-dir", world.folder / "none", "ingest", "--as", "postfix", "--dry-run", log], options.rounds),
    }
    taken = {what: [run(command, stdout=sink, env=harness.environment()) for _ in range(rounds)] for what, (command, rounds) in commands.items()}
    for deliveries in "counts", "addresses":
        database = world.database()
        section = f'log "postfix" {{ path = "{log}" format = "postfix" deliveries = "{deliveries}" }}'
        config = world.config(database, f"{database}.conf", section, more="guard { enabled = no }")
        taken[f"heed poll, deliveries = {deliveries}"] = [run([HEED, "--config", config, "poll"], env=harness.environment(),
                                                              servers={"postgres": world.postgres.process.pid})]
    table.title(f"Logs: {lines} lines, {size / 1e6:.0f} MB; ratios are of CPU seconds without PostgreSQL's")
    base = sum(median_cpu(taken["pflogsumm"]).values())
    for what, runs in taken.items():
        seconds = median(runs)
        cpu = sum(value for role, value in median_cpu(runs).items() if role != "postgres")
        table.row(what, seconds, f"{lines / cpu:.0f} lines, {size / cpu / 1e6:.0f} MB a CPU second", f"{base / cpu:.1f}", memory_text(most_memory(runs)))
    table.cpu({what: median_cpu(runs) for what, runs in taken.items()})


def bench_guard(_options, _table, _world):
    print("\n### The outage guard\n", flush=True)
    subprocess.run([ROOT / "tests/support/with-postgres", BUILD / "bench_guard"], check=True)


SECTIONS = {"parse": bench_parse, "explain": bench_explain, "readers": bench_readers, "poll": bench_poll, "memory": bench_memory,
            "clean": bench_clean, "export": bench_export, "history": bench_history, "report": bench_report, "logs": bench_logs,
            "guard": bench_guard}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="measures Heed beside its baselines")
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], help="all of them when none is named")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=200_000)
    parser.add_argument("--suppressions", type=int, default=5_000_000)
    parser.add_argument("--list", type=int, default=2_000_000)
    parser.add_argument("--replies", type=int, default=1_000_000)
    parser.add_argument("--million", type=int, default=1_000_000, help="events of the smallest store of the section history")
    parser.add_argument("--domains", type=int, default=100_000, help="recipient domains of the section report")
    parser.add_argument("--events", type=int, default=100_000, help="its events, and as many suppressions")
    parser.add_argument("--lines", type=int, default=5_000_000, help="of the section logs; a fifth of it of each log of the section readers")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    harness.PROGRAM = HEED
    world = World({"fsync": "on", "shared_buffers": "1GB", "max_wal_size": "4GB"})
    try:
        machine()
        world.start_postgres()
        world.start_dovecot()
        for name in options.sections or SECTIONS:
            SECTIONS[name](options, Table(), world)
    finally:
        world.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
