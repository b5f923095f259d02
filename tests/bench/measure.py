# SPDX-License-Identifier: Apache-2.0
"""Runs programs and says what they took: seconds, and the peak memory of each of their processes."""

import itertools
import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

# Between two looks at the memory: short at first, for programs that are soon over; then long, since looking takes some
# milliseconds of a core that what is measured needs.
SAMPLE_SECONDS = 0.01
SAMPLE_SECONDS_LATER = 0.25
SAMPLES_AT_FIRST = 20


@dataclass
class Taken:
    """One run. Memory in MiB by role: "parent", and the children by what they are called."""

    seconds: float
    cpu: float = 0.0
    stdout: str = ""
    memory: dict = field(default_factory=dict)


def role_of(pid, root):
    if pid == root:
        return "parent"
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    for role in (b"fetcher", b"worker"):
        if role in words:
            return role.decode()
    return None


def family(root):
    """The process and its children."""
    try:
        listed = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except OSError:
        listed = []
    return [root, *map(int, listed)]


def peak(pid):
    """Its VmHWM in MiB; 0 while it still is this Python, on its way to become another program."""
    try:
        if os.path.samefile(f"/proc/{pid}/exe", "/proc/self/exe"):
            return 0.0
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def watch(root, memory, stop):
    """VmHWM only grows, so that looking now and then misses little."""
    for sample in itertools.count():
        if stop.is_set():
            return
        for pid in family(root):
            role = role_of(pid, root)
            if role is not None:
                memory[role] = max(memory.get(role, 0.0), peak(pid))
        stop.wait(SAMPLE_SECONDS if sample < SAMPLES_AT_FIRST else SAMPLE_SECONDS_LATER)


def run(command, env=None, stdin=None, stdout=None):
    """Runs to the end; fails loudly. stdout: a path to write to, else it is captured."""
    out = open(stdout, "wb") if stdout else subprocess.PIPE  # noqa: SIM115
    memory, stop = {}, threading.Event()
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=env, stdin=stdin or subprocess.DEVNULL, stdout=out,
                               stderr=subprocess.PIPE)
    watcher = threading.Thread(target=watch, args=(process.pid, memory, stop))
    watcher.start()
    text = process.stdout.read().decode(errors="replace") if process.stdout else ""
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    stop.set()
    watcher.join()
    if stdout:
        out.close()
    else:
        process.stdout.close()
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command}: status {process.returncode}\n{errors[-2000:]}")
    return Taken(seconds, usage.ru_utime + usage.ru_stime, text, memory)


def median(taken):
    return statistics.median(one.seconds for one in taken)


def most_memory(taken):
    """The largest of each role over several runs."""
    roles = {}
    for one in taken:
        for role, size in one.memory.items():
            roles[role] = max(roles.get(role, 0.0), size)
    return roles


def memory_text(roles):
    return ", ".join(f"{role} {size:.0f}" for role, size in sorted(roles.items()) if size > 0)
