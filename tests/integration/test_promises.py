# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents that promise something name the tests that show it. Those tests exist."""

import glob
import os
import re

import pytest

from harness.service import SOURCE_ROOT

DOCUMENTS = ("docs/reliability.md", "SECURITY.md")

_TEST = re.compile(r"`(test[-_][\w-]+\.(?:py|c))(?:::(\w+))?`")
_ROW = re.compile(r"^\|(?!-|[ |]*\|$)(.*)\|$", re.MULTILINE)


def _read(path):
    with open(os.path.join(SOURCE_ROOT, path), encoding="utf-8") as file:
        return file.read()


def _rows_that_name_tests(text):
    """The cells of each row of a table whose last column is called `test`."""
    for table in re.split(r"\n(?!\|)", text):
        head, *rows = [[cell.strip() for cell in row.split("|")] for row in _ROW.findall(table)] or [[""]]
        if head[-1] == "test":
            yield from rows


def _exists(name, function):
    paths = glob.glob(os.path.join(SOURCE_ROOT, "tests", "*", name))
    pattern = rf"^\s*(?:async )?def {function}\(|^{function}\("
    return any(function == "" or re.search(pattern, _read(path), re.MULTILINE) for path in paths)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_named_tests_exist(document):
    named = _TEST.findall(_read(document))
    assert len(named) > 20
    missing = [test for test in named if not _exists(*test)]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_promise_names_a_test(document):
    rows = list(_rows_that_name_tests(_read(document)))
    assert len(rows) > 20
    assert not [row for row in rows if not _TEST.search(row[-1])]
