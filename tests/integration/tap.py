#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs pytest and reports each of its cases in the Test Anything Protocol on standard output, where Meson
counts them. What pytest itself prints goes to standard error. Arguments are pytest's."""

import os
import sys

import pytest


class TapReporter:
    """A pytest plugin. A case is the sum of its setup, call and teardown: it passed only if all of them did,
    so what the service leaves behind fails the case that left it."""

    def __init__(self, output):
        self.output = output
        self.reports = {}
        self.number = 0

    def _write(self, line):
        print(line, file=self.output, flush=True)

    def _result(self, passed, name, remark=""):
        self.number += 1
        self._write(f"{'ok' if passed else 'not ok'} {self.number} - {name.replace('#', '%23')}{remark}")

    def pytest_collectreport(self, report):
        if report.failed:
            self._result(False, f"collection of {report.nodeid}")

    def pytest_runtest_logreport(self, report):
        self.reports.setdefault(report.nodeid, []).append(report)
        if report.when != "teardown":
            return
        reports = self.reports.pop(report.nodeid)
        name = report.nodeid.encode("ascii", "backslashreplace").decode()
        skipped = [each for each in reports if each.skipped]
        if any(each.failed for each in reports):
            self._result(False, name)
        elif skipped:
            self._result(True, name, f" # SKIP {skipped[0].longrepr[2]}")
        else:
            self._result(True, name)
        for key, value in report.user_properties:
            self._write(f"# {key}: {value}")

    def pytest_sessionfinish(self):
        self._write(f"1..{self.number}")


def main():
    # Only this reporter writes to the real standard output.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        return pytest.main(sys.argv[1:], plugins=[TapReporter(output)])


if __name__ == "__main__":
    sys.exit(main())
