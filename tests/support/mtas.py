# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix and Exim, real ones, for tests. They cannot both be installed, so neither is: the packages are downloaded
once into build/mtas, and unpacked into a folder each time. The libraries they need are in scripts/packages.

They run in namespaces of ours: accounts of theirs over the system's, a network that ends within this machine, where every
address of 192.0.2.0/24 is ours and hosts have the names that we give them. Needs root."""

import ctypes
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "mtas"
PACKAGES = ("exim4-base", "exim4-daemon-light", "postfix", "postfix-pgsql")  # both have a sendmail; Postfix's is the one

POSTFIX, POSTDROP, EXIM = 64901, 64902, 64903  # accounts
PASSWD = f"postfix:x:{POSTFIX}:{POSTFIX}::/:/usr/sbin/nologin\nDebian-exim:x:{EXIM}:{EXIM}::/:/usr/sbin/nologin\n"
GROUP = f"postfix:x:{POSTFIX}:\npostdrop:x:{POSTDROP}:\nDebian-exim:x:{EXIM}:\n"

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000

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
myhostname = out.example.com
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
"""

MASTER_CF = """
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""

QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace", "pid",
          "public", "maildrop")


def run(*command, **options):
    """Runs it to its end; raises with what it said when it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", check=False,
                          timeout=60, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def download(packages):
    """Into the cache, whole or not at all."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        try:
            run("apt-get", "download", "-q", *packages, cwd=folder)
        except RuntimeError:  # the lists are missing, or too old
            run("apt-get", "update", "-q")
            run("apt-get", "download", "-q", *packages, cwd=folder)
        for path in Path(folder).glob("*.deb"):
            path.rename(CACHE / path.name)


def unpack(folder, packages=PACKAGES):
    """The packages' files in a folder, whose path is returned."""
    missing = [package for package in packages if not list(CACHE.glob(f"{package}_*.deb"))]
    if missing:
        download(missing)
    for package in packages:
        run("dpkg-deb", "-x", next(CACHE.glob(f"{package}_*.deb")), folder / "root")
    os.environ["LD_LIBRARY_PATH"] = str(folder / "root" / "usr" / "lib" / "postfix")
    return folder / "root"


def enter(folder, hosts=None):
    """Puts this thread and all that it starts into namespaces of mounts and, with hosts ({name: address}), of network."""
    if os.geteuid() != 0:
        raise RuntimeError("Postfix and Exim are started by root alone")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS | (CLONE_NEWNET if hosts else 0)) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "--make-rprivate", "/")
    texts = {"passwd": Path("/etc/passwd").read_text() + PASSWD, "group": Path("/etc/group").read_text() + GROUP}
    if hosts:
        run("ip", "link", "set", "lo", "up")
        run("ip", "address", "add", "192.0.2.1/24", "dev", "lo")
        texts["hosts"] = "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in hosts.items())
        texts["resolv.conf"] = ""
    for name, text in texts.items():
        (folder / name).write_text(text)
        if Path("/etc", name).exists():
            run("mount", "--bind", folder / name, f"/etc/{name}")


def maildir(path, user):
    """A folder that the account's mail is delivered to."""
    for folder in (path, *(path / sub for sub in ("cur", "new", "tmp"))):
        folder.mkdir(parents=True)
        os.chown(folder, user, user)


def wait(condition, what, seconds=20):
    """Until it is true of the condition's answer, which is returned."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


class Postfix:
    """An instance of its own, with these lines besides what every one needs."""

    def __init__(self, folder, root, port, main_cf, master_cf=""):
        self.folder, self.root = folder, root
        self.log = folder / "log"
        folder.mkdir()
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir()
        (folder / "etc" / "main.cf").write_text(MAIN_CF.format(folder=folder, root=root) + main_cf)
        (folder / "etc" / "master.cf").write_text(MASTER_CF.format(port=port) + master_cf)
        (folder / "etc" / "dynamicmaps.cf").write_text("pgsql postfix-pgsql.so dict_pgsql_open\n")
        os.chown(folder / "data", POSTFIX, POSTFIX)
        for name in QUEUES:
            (folder / "queue" / name).mkdir()
            os.chown(folder / "queue" / name, 0 if name == "pid" else POSTFIX,
                     POSTDROP if name in ("public", "maildrop") else POSTFIX)
        environment = {**os.environ, "MAIL_CONFIG": str(folder / "etc"), "POSTLOG_SERVICE": "postlog", "POSTLOG_HOSTNAME": "mx"}
        self.master = subprocess.Popen([root / "usr/lib/postfix/sbin/master", "-c", folder / "etc", "-d"], env=environment)
        try:
            wait(lambda: self.listens(port), "Postfix to listen")
        except BaseException:
            self.stop()
            raise

    def listens(self, port):
        try:
            socket.create_connection(("127.0.0.1", port), 20).close()
            return True
        except OSError:
            return False

    def command(self, name, *arguments, **options):
        """Runs one of its programs on this instance."""
        return run(self.root / "usr/sbin" / name, "-c", self.folder / "etc", *arguments, **options)

    def queue(self):
        """{recipient: queue id} of what waits for another attempt, or of a message with no recipients left."""
        listed = {}
        queue_id = None
        for line in self.command("postqueue", "-p").splitlines():
            queue_id = line.split()[0].rstrip("*!") if re.match(r"[0-9A-Za-z]", line) else queue_id
            if re.match(r" +\S+@\S+$", line):
                listed[line.strip()] = queue_id
        return listed

    def stop(self):
        self.master.terminate()
        self.master.wait(20)


class Exim:
    """A configuration in a folder of its own, and what is sent with it."""

    def __init__(self, folder, root, config):
        self.folder, self.root = folder, root
        self.program = root / "usr/sbin/exim4"
        self.log = folder / "mainlog"
        folder.mkdir()
        os.chown(folder, EXIM, EXIM)
        self.config = folder / "conf"
        self.config.write_text(f"keep_environment = LD_LIBRARY_PATH\nexim_path = {self.program}\nspool_directory = {folder}\n"
                               f"log_file_path = {folder}/%slog\ndeliver_drop_privilege = true\ntrusted_users = root\n"
                               f"never_users =\n{config}")

    def run(self, *arguments, **options):
        return run(self.program, "-C", self.config, *arguments, **options)

