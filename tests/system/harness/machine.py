# SPDX-License-Identifier: LGPL-2.1-or-later
"""The booted system: commands, units, the journal, processes."""

import json
import os
import pathlib
import subprocess
import time

TIMEOUT = 30.0


def eventually(condition, what, timeout=TIMEOUT):
    """Returns the first true value of CONDITION, which is asked again and again."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout:g} s: {what}"
        time.sleep(0.02)
    return value


def run(*command, check=True, **more):
    """The completed process; what it said is in the assertion if CHECK fails, and in the log."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT * 3, check=False, **more)
    print(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}[{done.returncode}]")
    assert done.returncode == 0 or not check, f"{command}: {done.returncode}: {done.stderr}"
    return done


def output(*command):
    return run(*command).stdout.strip()


class Unit:
    def __init__(self, name):
        self.name = name

    def show(self, name):
        return output("systemctl", "show", "--value", f"--property={name}", self.name)

    @property
    def state(self):
        return self.show("ActiveState")

    @property
    def main_pid(self):
        return int(self.show("MainPID"))

    def systemctl(self, verb, *options, **more):
        return run("systemctl", verb, *options, self.name, **more)

    def exists(self):
        return self.show("LoadState") == "loaded"

    def wait_for(self, state):
        eventually(lambda: self.state == state, f"{self.name} {state}")


SERVICE = Unit("wsbroker.service")
IDENTIFY_SERVICE = Unit("wsbroker-identify.service")
IDENTIFY_SOCKET = Unit("wsbroker-identify.socket")


class Process:
    """What the kernel says of a running process."""

    def __init__(self, pid):
        self.path = pathlib.Path(f"/proc/{pid}")

    def status(self, name):
        lines = (self.path / "status").read_text(encoding="utf-8").splitlines()
        return next(line for line in lines if line.startswith(f"{name}:")).split()[1:]

    def namespace(self, kind):
        return os.readlink(self.path / "ns" / kind)

    def program(self):
        """Ends in " (deleted)" when the file has been replaced."""
        return os.readlink(self.path / "exe")


def journal(*matches):
    """Entries, oldest first, each a dictionary of its fields."""
    run("journalctl", "--sync")
    done = run("journalctl", "--output=json", "--no-pager", "--quiet", *matches)
    return [json.loads(line) for line in done.stdout.splitlines()]


def installed_version(package):
    done = run("dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package, check=False)
    status, _, version = done.stdout.partition(" ")
    return version if status == "installed" else None
