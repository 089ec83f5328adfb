# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private session bus that starts the service by activation, as on an installed system: the file that a
distribution would install stands in a folder of the test's, with the tests' command line in it."""

import os
import shlex
import signal
import subprocess

from dbus_next import MessageType

from .bus import BUS_NAME, PrivateBus
from .process import Process
from .service import write_file
from .waiting import eventually, within

_CONFIGURATION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={directory}/session-bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{directory}/services</servicedir>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")


def _has_ended(pid):
    """Whether or not the bus, its parent, has waited for it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class ActivatingBus(PrivateBus):
    """COMMAND starts the service, with ENVIRONMENT and the address of the bus."""

    def __init__(self, directory, command, environment):
        super().__init__(directory)
        variables = environment | {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={directory}/session-bus"}
        words = ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), *command]
        # A word may have newlines in it, which a line of the file below cannot.
        write_file(f"{directory}/start-service", f"exec {shlex.join(words)}\n")
        write_file(
            f"{directory}/services/{BUS_NAME}.service",
            f"[D-BUS Service]\nName={BUS_NAME}\nExec=/bin/sh {directory}/start-service\n",
        )
        self.administrator = None

    async def start(self):
        path = f"{self.directory}/session-bus.conf"
        write_file(path, _CONFIGURATION.format(directory=self.directory))
        self.process = Process(
            "session-bus",
            self.directory,
            ["dbus-daemon", f"--config-file={path}", "--nofork", "--nopidfile", "--print-address"],
            stdout=subprocess.PIPE,
        )
        await self.process.start()
        line = await within(self.process.child.stdout.readline(), "address of the session bus")
        assert line, f"dbus-daemon did not start: {self.process.stderr()}"
        self.address = line.decode().strip()
        self.administrator = await self.connect()
        return self

    async def service_pid(self):
        """The process that was started; None while there is none."""
        reply = await self.administrator.call(*_BUS, "GetConnectionUnixProcessID", "s", [BUS_NAME])
        if reply.message_type is MessageType.ERROR:
            assert reply.error_name == "org.freedesktop.DBus.Error.NameHasNoOwner", (reply.error_name, reply.body)
            return None
        return reply.body[0]

    async def stop_service(self, number=signal.SIGTERM):
        """Returns when it has ended, and the bus knows: who calls it then starts another."""
        pid = await self.service_pid()
        if pid is None:
            return
        os.kill(pid, number)
        await eventually(lambda: _has_ended(pid), "end of the service")

        async def is_another():
            return await self.service_pid() != pid

        await eventually(is_another, "end of the service at the bus")

    async def stop(self):
        if self.administrator is not None:
            await self.stop_service(signal.SIGKILL)
            self.administrator.disconnect()
        await super().stop()
