#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Real Postfix and Exim read what `heed export` writes for them. By hand, as root, with a network, from the project's folder:

    /usr/bin/python3 -m tests.support.try_mtas

Not one of the tests: Debian's two mail servers cannot both be installed, so both packages are downloaded and unpacked in a
folder, and run in a mount namespace where they have accounts. Prints what each says of each address; fails when one that is
suppressed passes, or another does not.
"""

import os
import shutil
import smtplib
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.e2e import harness
from tests.e2e.harness import World, run_heed

PACKAGES = ("postfix", "postfix-pgsql", "exim4-daemon-light", "exim4-base", "libidn12")
PORT = 2526

SUPPRESSED = ["plain@example.org", '"two words"@example.org', '"co:lon"@example.org', '"q\\"u\\\\o"@example.org',
              "p%25s@example.org", "${run{x}}@example.org", "a//b@example.org", "*@example.org", "o'neil@example.org",
              "\u00e9@example.org"]
NOT_FOR_POSTFIX = "#hash@example.org"  # in a file
NOT_FOR_OLD_PGSQL = "\u00e9@example.org"  # Postfix asks PostgreSQL in Latin-1 before 3.8
OTHERS = ["fine@example.org", "words@example.org", '"two  words"@example.org', "co@example.org", "example.org@example.net"]

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/etc
mail_owner = postfix
setgid_group = postdrop
import_environment = LD_LIBRARY_PATH MAIL_CONFIG
export_environment = LD_LIBRARY_PATH MAIL_CONFIG
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.net
mydestination =
mynetworks = 127.0.0.0/8
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
"""

ACCESS = """
default_transport = discard
smtpd_recipient_restrictions = check_recipient_access {map}, permit_mynetworks, reject
"""

MASTER_CF = """
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

EXIM = """
keep_environment =
primary_hostname = mx.example.net
acl_smtp_rcpt = rcpt
smtputf8_advertise_hosts = *
begin acl
rcpt:
  deny set acl_m_why = ${{lookup{{$local_part@$domain}}{kind}{{{path}}}}}
       condition = ${{if def:acl_m_why}}
       message = 5.7.1 $acl_m_why
  accept
"""


PGSQL = """
hosts = postgresql:///{database}?host={socket}&user=heed_reader
dbname = {database}
query = SELECT 'REJECT 5.7.1 suppressed: ' || concat_ws(' ', verdict, nullif(reason, verdict))
    FROM heed.suppression WHERE address = '%s' AND scope = '' LIMIT 1
"""


def unpack(folder, packages=PACKAGES):
    for package in packages:
        subprocess.run(["apt-get", "download", "-q", package], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    for package in sorted(folder.glob("*.deb")):  # Postfix's sendmail last
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return folder / "root"


def make_accounts(folder):
    """Ours and theirs, over the system's for us and our children alone."""
    passwd = Path("/etc/passwd").read_text() + "".join(f"{name}:x:{number}:{number}::/:/usr/sbin/nologin\n" for name, number in
                                                       (("postfix", 64901), ("Debian-exim", 64903)))
    group = Path("/etc/group").read_text() + "postfix:x:64901:\npostdrop:x:64902:\nDebian-exim:x:64903:\n"
    for name, text in (("passwd", passwd), ("group", group)):
        (folder / name).write_text(text)
        subprocess.run(["mount", "--bind", folder / name, f"/etc/{name}"], check=True)


def ask(session, address):
    code, text = session.docmd(f"RCPT TO:<{address}>")
    return f"{code} {text.decode(errors='replace')}"


def start_postfix(folder, root, port, main_cf, master_cf=""):
    """An instance of its own, with these besides what every one needs; its master process."""
    folder.mkdir()
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    (folder / "etc" / "main.cf").write_text(MAIN_CF.format(folder=folder, root=root) + main_cf)
    (folder / "etc" / "master.cf").write_text(MASTER_CF.format(port=port) + master_cf)
    (folder / "etc" / "dynamicmaps.cf").write_text("pgsql postfix-pgsql.so dict_pgsql_open\n")
    os.chown(folder / "data", 64901, 64901)
    for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace", "pid",
                 "public", "maildrop"):
        (folder / "queue" / name).mkdir()
        os.chown(folder / "queue" / name, 0 if name == "pid" else 64901, 64902 if name in ("public", "maildrop") else 64901)
    environment = {**os.environ, "MAIL_CONFIG": str(folder / "etc"), "POSTLOG_SERVICE": "postlog", "POSTLOG_HOSTNAME": "mx"}
    master = subprocess.Popen([root / "usr/lib/postfix/sbin/master", "-c", folder / "etc", "-d"], env=environment)
    for _ in range(50):
        try:
            socket.create_connection(("127.0.0.1", port), 20).close()
            break
        except OSError:
            time.sleep(0.1)
    return master


def ask_postfix(folder, root, listed):
    """{address: answer} of an SMTP server whose check_recipient_access is the map."""
    master = start_postfix(folder, root, PORT, ACCESS.format(map=listed))
    try:
        session = smtplib.SMTP("127.0.0.1", PORT, timeout=20)
        session.command_encoding = "utf-8"
        session.ehlo("client.example.net")
        session.docmd("MAIL FROM:<sender@example.net> SMTPUTF8")
        return {address: ask(session, address) for address in SUPPRESSED + [NOT_FOR_POSTFIX] + OTHERS}
    finally:
        master.terminate()
        master.wait(20)


def ask_exim(folder, root, kind, path):
    """The same of a session that Exim plays with its standard input."""
    config = folder / f"{kind}.conf"
    config.write_text(EXIM.format(kind=kind, path=path))
    asked = SUPPRESSED + [NOT_FOR_POSTFIX] + OTHERS
    lines = ["EHLO client.example.net", "MAIL FROM:<sender@example.net> SMTPUTF8", *(f"RCPT TO:<{address}>" for address in asked), "QUIT"]
    done = subprocess.run([root / "usr/sbin/exim4", "-C", config, "-bh", "192.0.2.1"], input="".join(f"{line}\r\n" for line in lines),
                          capture_output=True, text=True, check=False, timeout=60)
    answers = [line for line in done.stdout.splitlines() if line[:1] in "245" and line[3:4] == " "]
    return dict(zip(asked, answers[3:]))  # after the greeting, EHLO and MAIL


def judge(what, answers, without=()):
    wrong = 0
    print(f"\n{what}")
    for address, answer in answers.items():
        suppressed = address not in OTHERS and address not in without
        good = answer.startswith("55" if suppressed else "25")
        wrong += not good
        print(f"  {'    ' if good else 'BAD '}{address:28} {answer}")
    return wrong + (len(answers) != len(SUPPRESSED) + 1 + len(OTHERS))


def main():
    if "HEED_TRY_MTAS" not in os.environ:
        os.environ["HEED_TRY_MTAS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation=private", sys.executable, "-m", "tests.support.try_mtas"])
    world = World()
    try:
        folder = world.folder / "mtas"
        folder.mkdir()
        root = unpack(folder)
        world.start_postgres()
        database = world.database()
        config = world.config(database, "mtas.conf", "")
        done = run_heed(["suppress", "add", *SUPPRESSED, NOT_FOR_POSTFIX], config)
        assert done.returncode == 0, done.stderr
        for form in ("postfix", "exim"):
            done = run_heed(["export", "--format", form, "-o", folder / f"{form}.list"], config)
            print(done.stderr, end="")
        make_accounts(folder)
        os.environ["LD_LIBRARY_PATH"] = f"{root}/usr/lib/x86_64-linux-gnu:{root}/usr/lib/postfix"
        wrong = judge("Postfix, texthash", ask_postfix(folder / "texthash", root, f"texthash:{folder}/postfix.list"),
                      [NOT_FOR_POSTFIX])
        (folder / "pgsql.cf").write_text(PGSQL.format(database=database, socket=world.postgres.folder))
        wrong += judge("Postfix, pgsql", ask_postfix(folder / "pgsql", root, f"pgsql:{folder}/pgsql.cf"), [NOT_FOR_OLD_PGSQL])
        subprocess.run([root / "usr/sbin/postmap", "-c", folder / "texthash" / "etc", f"hash:{folder}/postfix.list"], check=True)
        for address in SUPPRESSED:
            found = subprocess.run([root / "usr/sbin/postmap", "-c", folder / "texthash" / "etc", "-q", address, f"hash:{folder}/postfix.list"],
                                   capture_output=True, text=True, check=False).stdout
            wrong += not found.startswith("REJECT 5.7.1 suppressed")
        wrong += judge("Exim, lsearch", ask_exim(folder, root, "lsearch", folder / "exim.list"))
        subprocess.run([root / "usr/sbin/exim_dbmbuild", folder / "exim.list", folder / "exim.db"], check=True, stdout=subprocess.DEVNULL)
        wrong += judge("Exim, dbm", ask_exim(folder, root, "dbm", folder / "exim.db"))
        print(f"\n{wrong} wrong")
        return wrong != 0
    finally:
        world.stop()
        shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    assert harness.PROGRAM.exists(), harness.PROGRAM
    sys.exit(main())
