# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the service's processor time goes while a client keeps it busy: perf samples it, by the clock where
the machine shows no counters of the processor, and says in whose code it was."""

import os
import re
import shutil
import signal
import subprocess
import sys

import messages
import peers
from children import Child, Failed

_RUNS = (
    (peers.WSBROKER, "rtt_64"),
    (peers.WSBROKER, "echo_64_pipelined"),
    (peers.WSBROKER, "wss_echo_64_pipelined"),
    (peers.WSBROKER, "echo_4k_pipelined"),
    (peers.WSBROKER, "wss_echo_4k_pipelined"),
    (peers.WSBROKER, "receive_64k"),
    (peers.WSBROKER, "wss_receive_64k"),
    (peers.WSBROKER, "echo_1m"),
    (peers.WSBROKER, "wss_echo_1m"),
    (peers.SIGNALS, "rtt_64"),
)

# Whose code an object is, by the beginning of its name.
_OWNERS = (
    ("kernel", "[kernel"),
    ("TLS", "libgnutls", "libgiognutls", "libnettle", "libhogweed", "libgmp"),
    ("libsoup", "libsoup"),
    ("GLib", "libglib", "libgobject", "libgio-", "libffi"),
    ("sd-bus", "libsystemd"),
    ("libc", "libc.", "[vdso]", "ld-linux"),
    ("wsbrokerd", "wsbrokerd"),
)

_SECONDS = 3.0
_HERTZ = 1999
_SYMBOLS = 12
_LINE = re.compile(r"^\s*(\d+\.\d+)%\s+(.*)$")


def _record(stage, peer, key, path):
    """Samples the service from before a run to its end."""
    event = ["-e", "cpu-clock", "-F", str(_HERTZ)]
    command = ["perf", "record", "-q", *event, "-o", path, "-p", stage.broker.service.pid]
    perf = Child("perf", command, stage.folder)
    try:
        return messages.run(stage, peer, key, _SECONDS)
    finally:
        perf.end(signal.SIGINT)


def _shares(path, sort):
    """Per cent and name, the largest first."""
    command = ["perf", "report", "-i", path, "--stdio", "-q", "--sort", sort]
    report = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [match.groups() for match in map(_LINE.match, report.stdout.splitlines()) if match]
    if not found:
        raise Failed("perf has recorded nothing: it may not be allowed to")
    return [(float(share), " ".join(name.split())) for share, name in found]


def _of(owner, shares):
    return sum(share for share, name in shares if name.startswith(owner[1:]))


def measure(stage):
    """The rows of a table, its head first. The functions that take most go to standard error."""
    if shutil.which("perf") is None:
        raise Failed("there is no perf: Debian has it in linux-perf")
    rows = [("", "", *(owner[0] for owner in _OWNERS))]
    for peer, key in _RUNS:
        path = os.path.join(stage.folder, "perf.data")
        row = messages.ROWS[key][1]
        done = f"{row.value(_record(stage, peer, key, path)):,.0f} {row.unit}"
        shares = _shares(path, "dso")
        name = key if peer == peers.WSBROKER else f"{key}, {peer}"
        rows.append((name, done, *(f"{_of(owner, shares):.0f} %" for owner in _OWNERS)))
        print(f"\n== {name}: {done}", file=sys.stderr)
        for share, symbol in _shares(path, "dso,symbol")[:_SYMBOLS]:
            print(f"{share:6.2f} %  {symbol}", file=sys.stderr)
    return rows
