# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applications: units of the system, made for the moment, with wsbrokerctl or another program in them."""

import os
import select
import subprocess

from .broker import call_command, parse_reply
from .machine import TIMEOUT, run

# What an application without a network of its own runs with. Its user is a static one, as dbus-daemon turns those of
# DynamicUser= away.
SANDBOX = ("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "User=games")


def unit_command(unit, properties, command):
    options = [f"--property={each}" for each in properties]
    return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", f"--unit={unit}", *options, *command]


def run_unit(unit, properties, *command, check=True, **more):
    """COMMAND in a unit of its own, to its end."""
    return run(*unit_command(unit, properties, command), check=check, **more)


def who_am_i(unit, *properties):
    """The subject that the service takes a unit for."""
    return parse_reply(run_unit(unit, properties, *call_command("WhoAmI")).stdout)[0]


class Application:
    """One WebSocket, which stays open while the application runs."""

    def __init__(self, url, unit="chat", properties=SANDBOX):
        self.unit = unit
        self.process = subprocess.Popen(
            unit_command(unit, properties, ["wsbrokerctl", "connect", "--linger=0", url]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _read_line(self):
        line = b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], TIMEOUT)
            assert readable, f"no answer within {TIMEOUT:g} s"
            byte = os.read(self.process.stdout.fileno(), 1)
            assert byte, f"the application ended: {self.process.stderr.read().decode()}"
            line += byte
        return line.decode().rstrip("\n")

    def ask(self, text):
        """Sends TEXT; what the server answers."""
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()
        return self._read_line()

    def end(self):
        """How it ended, and what it printed on standard error."""
        _, errors = self.process.communicate(timeout=TIMEOUT)
        print(errors.decode())
        return self.process.returncode, errors.decode()

    def close(self):
        """Ends its input, upon which it closes its WebSocket."""
        return self.end()

    def destroy(self):
        if self.process.poll() is None:
            run("systemctl", "kill", "--signal=SIGKILL", self.unit, check=False)
        self.process.communicate(timeout=TIMEOUT)
