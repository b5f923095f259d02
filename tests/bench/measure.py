# SPDX-License-Identifier: Apache-2.0
"""Runs programs and says what they took: seconds, and for each of their processes peak memory and CPU time. The last
says most on a machine that has other work as well."""

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

# After a client has gone, until its server's process has ended too and is counted.
SERVER_SECONDS = 0.5


TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Taken:
    """One run. Memory in MiB and CPU seconds by role: "parent", and the children by what they are called."""

    seconds: float
    stdout: str = ""
    memory: dict = field(default_factory=dict)
    cpu: dict = field(default_factory=dict)


def role_of(pid, root):
    if pid == root:
        return "parent"
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    for role in (b"fetcher", b"worker", b"log"):
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


def times(pid):
    """CPU seconds of a process, and of the children it has waited for; its parent. None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    own, reaped = (int(fields[at]) + int(fields[at + 1]) for at in (11, 13))
    return own / TICKS, reaped / TICKS, int(fields[1])


def tree_cpu(root):
    """CPU seconds of a server so far: its processes, and those that have ended."""
    found = {int(name): times(name) for name in os.listdir("/proc") if name.isdigit()}
    total, left = 0.0, [root]
    while left:
        pid = left.pop()
        if found.get(pid) is not None:
            total += found[pid][0] + found[pid][1]
        left += [child for child, taken in found.items() if taken is not None and taken[2] == pid]
    return total


def watch(root, memory, seen, stop):
    """VmHWM only grows, so that looking now and then misses little; of CPU time it gives the shares of the children."""
    for sample in itertools.count():
        if stop.is_set():
            return
        for pid in family(root):
            role = role_of(pid, root)
            if role is not None:
                memory[role] = max(memory.get(role, 0.0), peak(pid))
                seen[pid] = (role, times(pid))
        stop.wait(SAMPLE_SECONDS if sample < SAMPLES_AT_FIRST else SAMPLE_SECONDS_LATER)


def shares(root, seen):
    """CPU seconds by role of a process that has ended and was not waited for yet: its own time and that of all its
    children are known, that of each child as far as it was seen."""
    own, reaped, _ = times(root)
    sampled = {}
    for pid, (role, taken) in seen.items():
        if pid != root and taken is not None:
            sampled[role] = sampled.get(role, 0.0) + taken[0]
    whole = sum(sampled.values())
    return {"parent": own, **{role: reaped * part / whole for role, part in sampled.items() if whole > 0}}


def run(command, env=None, stdin=None, stdout=None, servers=None):
    """Runs to the end; fails loudly. stdout: a path to write to, else it is captured. servers: the first process of
    each, by name, whose CPU time counts too."""
    out = open(stdout, "wb") if stdout else subprocess.PIPE  # noqa: SIM115
    memory, seen, stop = {}, {}, threading.Event()
    servers = servers or {}
    before = {name: tree_cpu(pid) for name, pid in servers.items()}
    began = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=env, stdin=stdin or subprocess.DEVNULL, stdout=out,
                               stderr=subprocess.PIPE)
    watcher = threading.Thread(target=watch, args=(process.pid, memory, seen, stop))
    watcher.start()
    text = process.stdout.read().decode(errors="replace") if process.stdout else ""
    errors = process.stderr.read().decode(errors="replace")
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    seconds = time.monotonic() - began
    stop.set()
    watcher.join()
    cpu = shares(process.pid, seen)
    process.wait()
    if servers:
        time.sleep(SERVER_SECONDS)
        cpu |= {name: tree_cpu(pid) - before[name] for name, pid in servers.items()}
    if stdout:
        out.close()
    else:
        process.stdout.close()
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{command}: status {process.returncode}\n{errors[-2000:]}")
    return Taken(seconds, text, memory, cpu)


def median(taken):
    return statistics.median(one.seconds for one in taken)


def most_memory(taken):
    """The largest of each role over several runs."""
    roles = {}
    for one in taken:
        for role, size in one.memory.items():
            roles[role] = max(roles.get(role, 0.0), size)
    return roles


def median_cpu(taken):
    """CPU seconds by role."""
    return {role: statistics.median(one.cpu.get(role, 0.0) for one in taken) for role in taken[0].cpu}


def cpu_text(roles):
    return ", ".join(f"{role} {seconds:.2f}" for role, seconds in sorted(roles.items()) if seconds >= 0.005)


def memory_text(roles):
    return ", ".join(f"{role} {size:.0f}" for role, size in sorted(roles.items()) if size > 0)
