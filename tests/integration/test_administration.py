# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/administration.md is what it says: each policy in it loads, and each `wsbrokerctl policy` command prints what is
shown. Each of its chapters begins with no file. A block that begins with a path, as a comment, is that file."""

import os
import re
import shlex

import pytest

from harness import tool
from harness.document import read_chapters
from harness.service import SOURCE_ROOT, write_file

PAGE = os.path.join(SOURCE_ROOT, "docs", "administration.md")
OUR_FILE = re.compile(r"wsbroker/(?:wsbroker\.conf|policy\.d/[^/]+\.conf)$")

CHAPTERS = read_chapters(PAGE)
BLOCKS = [block for blocks in CHAPTERS.values() for block in blocks]


def path_of(block):
    """The file that BLOCK is, or None."""
    match = re.match(r"# (\S*/\S+|\S+\.table)\n", block.text)
    return match and match.group(1)


class Reader:
    """Somebody who does what a chapter says: its root folder is FOLDER."""

    def __init__(self, folder):
        self.folder = folder
        self.status = None

    def run(self, command):
        """What it prints, standard error first."""
        if command == "echo $?":
            return f"{self.status}\n"
        words = shlex.split(command)
        assert words[:2] == ["wsbrokerctl", "policy"], command
        if not any(word.startswith("--config-dir=") for word in words):
            words.append(f"--config-dir={self.folder}/etc/wsbroker")
        self.status, output, errors = tool.run(self.folder, *words[1:])
        return (errors + output).replace(f"{self.folder}/", "/")

    def follow(self, block):
        """Writes a file, or runs the commands; what BLOCK would be if it were right."""
        path = path_of(block)
        if path:
            write_file(os.path.join(self.folder, path.lstrip("/")), block.text)
            if OUR_FILE.search(path):
                folder = re.sub(r"(wsbroker)/.*", r"\1", path.lstrip("/"))
                status, output, errors = tool.run(self.folder, "policy", "check", f"--config-dir={folder}")
                assert status == 0, f"line {block.line}: {output}{errors}"
        if block.language != "console":
            return block.text
        commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
        return "".join(f"$ {command}\n{self.run(command)}" for command in commands)


@pytest.mark.parametrize("blocks", CHAPTERS.values(), ids=CHAPTERS)
def test_chapter(directory, blocks):
    reader = Reader(directory)
    for block in blocks:
        assert reader.follow(block) == block.text, f"line {block.line}"


def test_every_policy_is_loaded():
    """So that none is left out by its form: each block of ini has a path, of ours or of systemd."""
    blocks = [block for block in BLOCKS if block.language == "ini"]
    ours = [block for block in blocks if OUR_FILE.search(path_of(block) or "")]
    others = [block for block in blocks if (path_of(block) or "").startswith("/etc/systemd/")]
    assert len(ours) + len(others) == len(blocks)
    assert len(ours) >= 10


def test_every_command_is_run():
    """All of `wsbrokerctl policy` but what needs the service."""
    with open(PAGE, encoding="utf-8") as page:
        shown = len(re.findall(r"wsbrokerctl policy (?:check|show|explain|test)(?! --live)\b", page.read()))
    run = sum(
        block.text.count("\n$ wsbrokerctl") + block.text.startswith("$ wsbrokerctl")
        for block in BLOCKS
        if block.language == "console"
    )
    assert shown == run >= 10
