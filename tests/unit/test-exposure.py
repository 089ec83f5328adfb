#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-exposure.py UNIT BOUND…: how much of the system each unit leaves to its process, as "systemd-analyze security"
counts it, is no more than its bound. What it is on a booted system, tests/system/test_confinement.py sees."""

import os
import re
import subprocess
import sys


def exposure(unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1])


pairs = list(zip(sys.argv[1::2], sys.argv[2::2]))
assert pairs, "no unit to look at"
print(f"1..{len(pairs)}")
for number, (unit, bound) in enumerate(pairs, 1):
    level = exposure(unit)
    result = "ok" if level <= float(bound) else "not ok"
    print(f"{result} {number} - {os.path.basename(unit)}: {level}, at most {bound}")
