#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the whole benchmark with next to nothing to do, so that it does not rot: every program of it, every
figure. What the figures are is not looked at. Reports in the Test Anything Protocol.

Run: test-bench.py BUILD-FOLDER."""

import json
import os
import subprocess
import sys
import tempfile

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, _HERE)

import peers  # noqa: E402
from plan import BOUNDS  # noqa: E402

_LITTLE = {
    "pairs": 1,
    "others": 1,
    "seconds": 0.01,
    "open-pairs": 1,
    "connections": 10,
    "tls-connections": 5,
    "flood": 0.1,
    "flood-runs": 1,
}


class Tap:
    def __init__(self):
        self.number = 0
        self.failed = False

    def case(self, name, holds, remark=""):
        self.number += 1
        self.failed |= not holds
        print(f"{'ok' if holds else 'not ok'} {self.number} - {name}", flush=True)
        if not holds and remark:
            print("".join(f"# {line}\n" for line in str(remark).splitlines()), flush=True)

    def finish(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0


def run(build, *more):
    """The finished process of a run that has little to do."""
    little = [f"--{name}={value}" for name, value in _LITTLE.items()]
    command = [os.path.join(_HERE, "run.py"), f"--build={build}", *little, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_result(tap, result):
    plain = {key: value for key, value in result.items() if key not in ("rows", "machine")}
    tap.case("the keys are those of the table", set(plain) == set(BOUNDS), sorted(plain))
    for key, value in plain.items():
        tap.case(f"{key} is a number", is_number(value), result["rows"][key]["failure"])
    medians = [row["medians"] for row in result["rows"].values()]
    clients = {peer for row in medians for peer, value in row.items() if is_number(value)}
    needed = {peers.WSBROKER, peers.LIBSOUP, peers.SIGNALS, peers.BUS, peers.RAW, peers.RELAY}
    tap.case("each client has been measured", needed <= clients, sorted(clients))


def main(build):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures.json")
        done = run(build, f"--json={path}")
        tap.case("everything was measured", done.returncode == 0, done.stderr)
        tap.case("the table has a line for each", all(key in done.stdout for key in BOUNDS), done.stdout)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                check_result(tap, json.load(file))
    done = run(build, "--json", "--only=rtt_64")
    first = list(json.loads(done.stdout))[0]
    tap.case("standard output can be the figures alone", first == "rtt_64", done.stderr)
    done = run("/nonexistent")
    tap.case("what is not built is said", done.returncode == 1 and "bench-server" in done.stderr, done.stderr)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
