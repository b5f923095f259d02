# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing twice: the program is killed at every step it has, and one ordinary run later
there are the same rows and the same mailbox as after a run that nobody disturbed.

The steps are the HEED_FAULT("…") of the sources. For each way to a mailbox a traced run tells which
of them it passes and how often; it is then killed at the first, the second and the last passing. A
step that no run was killed at fails the test: it would be untested.
"""

import re
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.e2e import harness
from tests.e2e.harness import Case, ROOT
from tests.e2e.kills import WAYS, compare, setting_of, undisturbed

STEP = re.compile(r'HEED_FAULT\("([^"]+)"\)')
AT_ONCE = 3  # a poll waits for servers more than it computes


def steps_in_sources():
    found = set()
    for path in ROOT.glob("*/*.c"):
        found.update(STEP.findall(path.read_text()))
    return found


class KillLoop(Case):
    """Each way, each step."""

    def cases(self, steps, ends):
        """Yields (way, step, ordinal)."""
        for way in WAYS:
            ends[way], said = undisturbed(self.world, way)
            passed = Counter(re.findall(r"^fault: passes (\S+)$", said, re.MULTILINE))
            self.assertTrue(passed, f"no step was traced: is {harness.PROGRAM} built with HEED_FAULTS?")
            self.assertEqual(set(passed) - steps, set(), "steps that are not in the sources")
            for step, times in sorted(passed.items()):
                for ordinal in sorted({1, 2, times} & set(range(1, times + 1))):
                    yield way, step, ordinal
        # Workers are locked in and cannot say what they pass.
        for way in ("imap-move", "pop3-leave"):
            for step in sorted(step for step in steps if step.startswith("worker.")):
                yield way, step, 1
                yield way, step, 3
        for ordinal in 1, 3:
            yield "log", "log-reader.line", ordinal

    def kill(self, case, ends):
        """(the step if the run was killed at it, what is wrong afterwards or None)"""
        way, step, ordinal = case
        setting = setting_of(self.world, way)
        done = setting.poll(f"{step}:{ordinal}")
        if step.startswith("worker."):
            killed = setting.quarantined() > 0
        elif step.startswith("log-reader."):
            killed = done.returncode != 0
        else:
            killed = f"fault: kills at {step}" in done.stderr
        wrong = compare(setting, ends[way], f"{way}, {step}:{ordinal}")
        # The passings are counted over all processes, so the last one is not always passed by any of them.
        if not killed and ordinal == 1:
            wrong = f"{way}: was not killed at {step}: {done.stderr}"
        return step if killed else None, wrong

    def test_every_step(self):
        steps, ends, reached = steps_in_sources(), {}, set()
        self.assertGreater(len(steps), 5)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = pool.map(lambda case: (case, self.kill(case, ends)), list(self.cases(steps, ends)))
            for case, (step, wrong) in outcomes:
                reached.add(step)
                with self.subTest(case=case):
                    self.assertIsNone(wrong, wrong)
        self.assertEqual(steps - reached, set(), "steps that no run was killed at")


if __name__ == "__main__":
    unittest.main()
