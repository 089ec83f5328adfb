# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code blocks of a page of docs/, for the tests that do what it says."""

import collections

Block = collections.namedtuple("Block", "line language text")


def read_chapters(path):
    """The blocks of each chapter, by its title."""
    chapters, block, title = {}, None, None
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            if block is not None and line == "```\n":
                chapters.setdefault(title, []).append(block)
                block = None
            elif block is not None:
                block = block._replace(text=block.text + line)
            elif line.startswith("```"):
                block = Block(number, line[3:].strip(), "")
            elif line.startswith("## "):
                title = line[3:].strip()
                chapters[title] = []
    assert block is None
    return chapters
