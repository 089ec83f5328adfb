# SPDX-License-Identifier: LGPL-2.1-or-later
"""Journal files with entries of the test's own, fields that only journald can set among them. They are written
by systemd-journal-remote from the journal's export format."""

import os
import subprocess

import pytest

from .waiting import TIMEOUT

_PROGRAM = "/lib/systemd/systemd-journal-remote"
_BOOT = "3d1219c7c4c5404aaa1f6d2a48adfda4"

needs_journal_remote = pytest.mark.skipif(
    not os.access(_PROGRAM, os.X_OK), reason="needs systemd-journal-remote, of the package of that name"
)


def _field(name, value):
    data = value if isinstance(value, bytes) else value.encode()
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"


def write(folder, name, *entries):
    """NAME.journal in FOLDER, with ENTRIES: each the seconds of its time, and its fields."""
    os.makedirs(folder, exist_ok=True)
    export = b""
    for seconds, fields in entries:
        export += f"__REALTIME_TIMESTAMP={seconds}000000\n__MONOTONIC_TIMESTAMP={seconds}\n".encode()
        export += f"_BOOT_ID={_BOOT}\n".encode()
        export += b"".join(_field(*field) for field in fields.items()) + b"\n"
    subprocess.run(
        [_PROGRAM, f"--output={folder}/{name}.journal", "-"],
        input=export,
        capture_output=True,
        timeout=TIMEOUT,
        check=True,
    )
