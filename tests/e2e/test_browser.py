# SPDX-License-Identifier: Apache-2.0
"""The page of heed report in a real browser: scripts/test browser. Chromium lays it out; a page around it, with a frame as
wide as a phone or a desk, measures it. Screenshots are kept in build/report/ for people to look at."""

import html
import json
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from tests.bench import month
from tests.e2e import hostile_store
from tests.e2e.harness import ROOT, Case, run_heed

PHONE, DESK = 390, 1280  # pixels; Chromium's own window has no less than 500
DARK = "--blink-settings=preferredColorScheme=0"
SHOTS = ROOT / "build" / "report"

# What the frame's page is asked. It may not run anything itself, and says so; we may look at it since it is of our origin.
MEASURE = """<!DOCTYPE html><meta charset="utf-8"><title>frame</title><body style="margin:0">
<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe><pre id="answer"></pre>
<script>
document.getElementById('page').onload = function () {{
    const page = this.contentDocument, root = page.documentElement, all = [...page.body.querySelectorAll('*')];
    const outside = all.filter(e => {{
        const box = e.getBoundingClientRect();
        return box.width > 2 && box.right > {width} + 1 && !e.closest('.scroll');
    }});
    const sizes = all.filter(e => e.textContent.trim() && !e.closest('svg')).map(e => parseFloat(getComputedStyle(e).fontSize));
    document.getElementById('answer').textContent = JSON.stringify({{
        title: page.title, overflow: root.scrollWidth - root.clientWidth, outside: outside.map(e => e.outerHTML.slice(0, 200)),
        ground: getComputedStyle(page.body).backgroundColor, ink: getComputedStyle(page.body).color,
        smallest: Math.min(...sizes), plots: page.querySelectorAll('svg[role=img]').length,
        plot: page.querySelector('svg[role=img]').getBoundingClientRect().width, bars: page.querySelectorAll('#volume rect').length,
        tables: page.querySelectorAll('.plot table').length, scripts: page.querySelectorAll('script,img,iframe,object,link').length,
        named: [...page.querySelectorAll('svg[role=img]')].every(e => e.getAttribute('aria-labelledby').split(' ')
            .every(id => page.getElementById(id).textContent)),
    }});
}};
</script>"""


def browse(*arguments, stdout=subprocess.PIPE):
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run([shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                               f"--user-data-dir={profile}", "--virtual-time-budget=5000", *map(str, arguments)], stdout=stdout,
                              stderr=subprocess.PIPE, text=True, timeout=120, check=True).stdout


def pixels(path):
    """Colours of a PNG of Chromium's (8 bits, not interlaced), each as a triple, by rows."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, width, depth = 8, b"", 0, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, _, bits, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
            assert bits == 8 and colour in (2, 6)
            depth = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += data[at + 8:at + 8 + length]
        at += 12 + length
    raw, size, before, rows = zlib.decompress(packed), width * depth, bytes(width * depth), []
    for start in range(0, len(raw), size + 1):
        line = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + size]), before, depth)
        rows.append([tuple(line[x:x + 3]) for x in range(0, size, depth)])
        before = line
    return rows


def unfilter(kind, line, before, depth):
    """PNG, 9.2: what a row was before it was filtered."""
    for i, value in enumerate(line):
        left = line[i - depth] if i >= depth else 0
        up = before[i]
        corner = before[i - depth] if i >= depth else 0
        guess = (0, left, up, (left + up) // 2)[kind] if kind < 4 else min(
            (abs(up - corner), 0, left), (abs(left - corner), 1, up), (abs(left + up - 2 * corner), 2, corner))[2]
        line[i] = (value + guess) & 255
    return line


def brightness(colour):
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3


class Browser(Case):
    needs_dovecot = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        database = cls.world.database()
        config = cls.world.config(database, "browser.conf", "")
        month.fill(cls.world.postgres, database, 200, 500)
        hostile_store.fill(cls.world.postgres, database)
        SHOTS.mkdir(parents=True, exist_ok=True)
        cls.page = SHOTS / "report.html"
        done = run_heed(["report", "-o", cls.page], config)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def measured(self, width, *options):
        frame = self.world.folder / "frame.html"
        frame.write_text(MEASURE.format(width=width, page=html.escape(self.page.read_text(), quote=True)))
        dom = browse(*options, "--window-size=1400,1000", "--dump-dom", f"file://{frame}")
        return json.loads(html.unescape(re.search(r'<pre id="answer">(.*?)</pre>', dom, re.DOTALL)[1]))

    def test_layout(self):
        for width in (PHONE, 700, DESK):
            with self.subTest(width):
                found = self.measured(width)
                self.assertEqual(found["overflow"], 0, found["outside"])
                self.assertEqual(found["outside"], [])
                self.assertGreaterEqual(found["smallest"], 11)
                self.assertEqual(found["title"], "Heed: how mail fared")  # and not what hostile mail made of it
                self.assertEqual((found["scripts"], found["named"]), (0, True))
                self.assertEqual(found["plots"], 7)
                self.assertEqual(found["tables"], found["plots"])
                self.assertGreater(found["bars"], 30)
                self.assertGreater(found["plot"], 250)

    def test_light_and_dark(self):
        light, dark = self.measured(DESK), self.measured(DESK, DARK)
        self.assertGreater(brightness(light["ground"]), 230)
        self.assertLess(brightness(light["ink"]), 60)
        self.assertLess(brightness(dark["ground"]), 40)
        self.assertGreater(brightness(dark["ink"]), 200)

    def test_screenshots(self):
        for name, options in {"light": (), "dark": (DARK,)}.items():
            with self.subTest(name):
                shot = SHOTS / f"{name}.png"
                browse(*options, "--window-size=1000,700", f"--screenshot={shot}", f"file://{self.page}")
                rows = pixels(shot)
                colours = {}
                for row in rows:
                    for colour in row:
                        colours[colour] = colours.get(colour, 0) + 1
                most = max(colours, key=colours.get)
                self.assertGreater(len(colours), 50)  # it is not blank
                self.assertEqual(sum(most) / 3 < 60, name == "dark", most)
                self.assertLess(colours[most], 0.95 * sum(colours.values()))

    def test_print(self):
        paper = SHOTS / "report.pdf"
        browse(f"--print-to-pdf={paper}", f"file://{self.page}")
        self.assertTrue(Path(paper).read_bytes().startswith(b"%PDF-"))
        self.assertGreater(paper.stat().st_size, 50_000)
