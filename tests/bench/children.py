# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes that the benchmark starts: each has a deadline for every answer, is ended by its id and waited
for."""

import contextlib
import os
import select
import signal
import subprocess
import time

ANSWER_TIMEOUT = 180.0
_END_TIMEOUT = 10.0


class Failed(Exception):
    """Something could not be measured, and why."""


class Child:
    """Standard input and output are pipes; standard error goes to a file in FOLDER."""

    def __init__(self, name, argv, folder, env=None):
        self.name = name
        self._error_path = os.path.join(folder, f"{name}.stderr")
        self._buffer = b""
        with open(self._error_path, "wb") as errors:
            self.process = subprocess.Popen(
                [str(argument) for argument in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
                bufsize=0,
            )

    @property
    def pid(self):
        return self.process.pid

    def fail(self, reason):
        """With the last that it has said of itself."""
        with open(self._error_path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
        raise Failed(": ".join([f"{self.name} {reason}", *[line for line in lines if line.strip()][-1:]]))

    def line(self, timeout=ANSWER_TIMEOUT):
        """The next line of its output."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.fail(f"said nothing for {timeout:g} s")
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                self.fail("ended")
            self._buffer += part
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.decode()

    def go_on(self):
        self.process.stdin.write(b"\n")

    def end(self, signal_number=signal.SIGTERM):
        """It is gone afterwards. Those that end with their input are given the time to do so."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        for number in (signal_number, signal.SIGKILL):
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_END_TIMEOUT)
                break
        self.process.stdout.close()

    def resident_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@contextlib.contextmanager
def running(*arguments, **options):
    child = Child(*arguments, **options)
    try:
        yield child
    finally:
        child.end()


def eventually(condition, what, timeout=30.0):
    """Waits until CONDITION is true."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"not within {timeout:g} s: {what}")
        time.sleep(0.01)
