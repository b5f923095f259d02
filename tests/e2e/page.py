# SPDX-License-Identifier: Apache-2.0
"""A page of HTML as a test looks at it: its elements, its text, and what it would fetch or run."""

import re
from html.parser import HTMLParser

# Elements without an end.
VOID = {"meta", "br"}
ALLOWED = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "h1", "h2", "h3", "p", "b",
           "i", "a", "ul", "li", "div", "span", "br", "code", "bdi", "time", "table", "thead", "tbody", "tr", "th", "td", "figure",
           "figcaption", "details", "summary", "svg", "desc", "rect", "path"}
# What an element may have; nothing that fetches or runs.
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "rel", "aria-label", "aria-labelledby",
              "aria-hidden", "role", "scope", "data-label", "datetime", "title", "style", "viewbox", "preserveaspectratio", "x", "y",
              "width", "height", "d"}


class Page(HTMLParser):
    """Parses, and keeps what is wrong in self.trouble."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.trouble = []
        self.open = []
        self.ids = []
        self.links = []
        self.texts = []
        self.tables = {}  # of the section's id: rows of cells
        self.section = None
        self.cell = None
        self.feed(text)
        self.close()
        if self.open:
            self.trouble.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        self.look_at(tag, dict(attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self.section = dict(attributes)["id"]
        elif tag == "tr":
            self.tables.setdefault(self.section, []).append([])
        elif tag in ("td", "th"):
            self.cell = []

    def handle_startendtag(self, tag, attributes):
        self.look_at(tag, dict(attributes))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.trouble.append(f"</{tag}> out of place, line {self.getpos()[0]}")
        if tag in ("td", "th"):
            self.tables[self.section][-1].append("".join(self.cell))
            self.cell = None
        elif tag == "section":
            self.section = None

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.texts.append(data)
        if self.cell is not None:
            self.cell.append(data)

    def handle_comment(self, data):
        self.trouble.append(f"a comment: {data[:40]}")

    def look_at(self, tag, attributes):
        if tag not in ALLOWED:
            self.trouble.append(f"<{tag}>")
        for name, value in attributes.items():
            if name not in ATTRIBUTES:
                self.trouble.append(f"{name}= of <{tag}>")
            if name == "style" and not re.fullmatch(r"bottom:[0-9.]+%", value):
                self.trouble.append(f"style={value}")
            if name == "id":
                if value in self.ids:
                    self.trouble.append(f"id={value} twice")
                self.ids.append(value)
        if "href" in attributes:
            self.links.append(attributes["href"])
            if tag != "a" or not re.match(r"https?://|#", attributes["href"]):
                self.trouble.append(f"<{tag} href={attributes['href']}>")

    @property
    def text(self):
        return "".join(self.texts)


def style_of(text):
    return re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
