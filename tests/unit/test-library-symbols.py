#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-library-symbols.py LIBRARY HEADER VERSION-SCRIPT: what the library exports is what the header
documents, and it needs no library but libsystemd and the C library."""

import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library):
    lines = run("nm", "--dynamic", "--defined-only", library).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] in "TDBR"}


def documented(header):
    """The functions, each of which must have a comment above it or above the group that it ends."""
    text = open(header, encoding="utf-8").read()
    functions = set()
    for block in re.split(r"\n\s*\n", text):
        names = re.findall(r"^[a-z][\w ]*[ *](wsb_\w+)\(", block, re.MULTILINE)
        assert not names or "*/" in block, f"no comment for {names}"
        functions.update(names)
    return functions


def listed(script):
    return set(re.findall(r"^\s+(wsb_\w+);", open(script, encoding="utf-8").read(), re.MULTILINE))


def needed(library):
    return set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "--dynamic", library)))


library, header, script = sys.argv[1:]
functions = documented(header)
assert functions, "no function found in the header"
checks = {
    "exports what the header documents": exported(library) - {"LIBWSBROKER_0"} == functions,
    "version script lists it": listed(script) == functions,
    "needs libsystemd and the C library alone": {name for name in needed(library)
                                                 if "asan" not in name and "ubsan" not in name
                                                 and not re.match(r"lib(m|gcc_s)\.so", name)}
                                                == {"libsystemd.so.0", "libc.so.6"},
}
print(f"1..{len(checks)}")
for number, (name, holds) in enumerate(checks.items(), 1):
    print(f"{'ok' if holds else 'not ok'} {number} - {name}")
sys.exit(0 if all(checks.values()) else 1)
