#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-background.py FILE: what a tool runs beside its own work, by the shell functions in FILE, does not change the
tool's exit status, is heard, and leaves nothing behind."""

import os
import subprocess
import sys
import tempfile

# Each: what it shows, the tool's commands, its exit status, what it prints.
CASES = [
    (
        "all has ended: the status is that of the last command",
        "start_background a true; start_background b true; finish_background a; finish_background b; [ 1 -eq 1 ]",
        0,
        "",
    ),
    (
        "all has ended, and the last command fails",
        "start_background a true; finish_background a; [ 1 -eq 2 ]",
        1,
        "",
    ),
    (
        "a group that ended by itself and was not waited for",
        "start_background a true; until ! kill -0 $! 2>/dev/null; do sleep 0.01; done; echo end",
        0,
        "end\n",
    ),
    (
        "what was written, and the status",
        "start_background a sh -c 'echo out; echo error >&2; exit 3'; finish_background a || echo $?",
        0,
        "out\nerror\n3\n",
    ),
    (
        "one that failed ends a tool that does not expect it",
        "start_background a false; finish_background a; echo no",
        1,
        "",
    ),
    (
        "what still runs is ended with all that it has started",
        'mkfifo "$TMPDIR/up"; started() { sh -c \'echo up >"$TMPDIR/up"; exec sleep 600\' & wait; }; '
        'start_background a started; read -r line <"$TMPDIR/up"; echo "$line"; exit 7',
        7,
        "up\n",
    ),
]


def run(commands, path, folder):
    """All that is started holds the tool's output open, by descriptor 9: this waits for the end of all of it."""
    script = f'set -euo pipefail; exec 9>&1; . "{path}"; {commands}'
    return subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"TMPDIR": folder},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


print(f"1..{len(CASES)}")
for number, (name, commands, status, output) in enumerate(CASES, 1):
    with tempfile.TemporaryDirectory() as folder:
        done = run(commands, sys.argv[1], folder)
        logs = [entry for entry in os.listdir(folder) if entry != "up"]
    good = (done.returncode, done.stdout, logs) == (status, output, [])
    print(f"{'ok' if good else 'not ok'} {number} - {name}")
    if not good:
        print(f"# status {done.returncode}, output {done.stdout!r}, errors {done.stderr!r}, left {logs}")
