# SPDX-License-Identifier: Apache-2.0
"""Servers refuse to run as root, or should: as root they run as the account "heed" (else "nobody")."""

import grp
import os
import pwd
import shutil
import subprocess


def server_account():
    """(name, group) that servers run as: ourselves, unless we are root."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name
    try:
        entry = pwd.getpwnam("heed")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return entry.pw_name, grp.getgrgid(entry.pw_gid).gr_name


def as_server():
    """What goes before a command so that it runs as that account."""
    if os.geteuid() != 0:
        return []
    name, group = server_account()
    return ["setpriv", f"--reuid={name}", f"--regid={group}", "--clear-groups", "--inh-caps=-all", "--"]


def give(*paths):
    """Hands files and folders, with all below, to that account."""
    if os.geteuid() != 0:
        return
    name, group = server_account()
    for path in paths:
        shutil.chown(path, name, group)
        for folder, folders, files in os.walk(path):
            for entry in folders + files:
                os.lchown(os.path.join(folder, entry), pwd.getpwnam(name).pw_uid, grp.getgrnam(group).gr_gid)


def run(*command, **options):
    """Runs as the servers' account; raises with what it said when it fails."""
    done = subprocess.run(as_server() + list(command), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout
