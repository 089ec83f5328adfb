#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-catalog.py CATALOG AUDIT-C CTL-AUDIT-C: the journal's message catalogue explains each message that the
service writes, journalctl takes it in, and wsbrokerctl knows the same messages and fields."""

import os
import re
import subprocess
import sys
import tempfile


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def identifiers(text):
    return re.findall(r'"([0-9a-f]{32})"', text)


def journalctl(root, *arguments):
    return subprocess.run(
        ["journalctl", f"--root={root}", *arguments], check=True, capture_output=True, text=True
    ).stdout


def taken_in(catalog, ids):
    """What journalctl shows for IDS once it has only CATALOG."""
    with tempfile.TemporaryDirectory() as root:
        folder = os.path.join(root, "usr/lib/systemd/catalog")
        os.makedirs(folder)
        os.makedirs(os.path.join(root, "var/lib/systemd/catalog"))
        with open(os.path.join(folder, "wsbroker.catalog"), "w", encoding="utf-8") as file:
            file.write(catalog)
        journalctl(root, "--update-catalog")
        return re.findall(r"^-- ([0-9a-f]{32})$", journalctl(root, "--dump-catalog", *ids), re.MULTILINE)


catalog, service, tool = (read(path) for path in sys.argv[1:])
entries = dict(re.findall(r"^-- ([0-9a-f]{32})\n((?:(?!-- ).*\n)*)", catalog, re.MULTILINE))
ids = identifiers(service)
fields = set(re.findall(r'"(WSBROKER_\w+)"', service))
assert ids and fields, "no message found in the service"

checks = {
    "each message has an identifier of its own": len(set(ids)) == len(ids),
    "each message is in the catalogue, and no other": set(entries) == set(ids),
    "no entry is there twice": catalog.count("\n-- ") == len(entries),
    "each entry has a subject, an author and a text": all(
        re.match(r"Subject: \S.*\nDefined-By: wsbroker\n(Documentation: man:\S+\n)+\n\S", entry)
        for entry in entries.values()
    ),
    "lines of the text fit a terminal": all(
        len(line) <= 80 for line in "".join(entries.values()).split("\n")
    ),
    "fields in the catalogue are those of the service": set(re.findall(r"@(\w+)@", catalog)) <= fields,
    "journalctl takes the catalogue in": sorted(taken_in(catalog, ids)) == sorted(ids),
    "wsbrokerctl knows the same messages": sorted(identifiers(tool)) == sorted(ids),
    "wsbrokerctl knows the same fields": set(re.findall(r'"(WSBROKER_\w+)"', tool)) == fields,
}
print(f"1..{len(checks)}")
for number, (name, holds) in enumerate(checks.items(), 1):
    print(f"{'ok' if holds else 'not ok'} {number} - {name}")
sys.exit(0 if all(checks.values()) else 1)
