# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other message bus, dbus-broker, with the same rules. Its launcher wants its listening socket from systemd, and a
journal to write to; here the test gives it both, the latter in a mount namespace of its own."""

import asyncio
import os
import shutil
import signal
import socket

from . import accounts
from .bus import PrivateBus
from .process import Process
from .waiting import eventually

_SCRIPT = """
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal
mount --bind "$1" /run/systemd/journal
exec 3<&"$2"
export LISTEN_FDS=1 LISTEN_PID=$$ DBUS_SESSION_BUS_ADDRESS="$3"
exec dbus-broker-launch --scope=user --config-file="$4"
"""


def available():
    return accounts.IS_ROOT and shutil.which("dbus-broker-launch") is not None


class BrokerBus(PrivateBus):
    def __init__(self, directory):
        super().__init__(directory)
        self.journal = None
        self.ready = False

    async def start(self):
        path = f"{self.directory}/broker-bus"
        self.address = f"unix:path={path}"
        os.mkdir(f"{self.directory}/journal")
        self.journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.journal.setblocking(False)
        self.journal.bind(f"{self.directory}/journal/socket")
        asyncio.get_running_loop().add_reader(self.journal, self._read_journal)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(64)
            os.chmod(path, 0o777)
            self.process = Process(
                "dbus-broker",
                self.directory,
                [
                    *["unshare", "--mount", "--propagation", "private", "bash", "-euc", _SCRIPT, "bash"],
                    *[f"{self.directory}/journal", listener.fileno(), self.address, self.write_configuration()],
                ],
                pass_fds=[listener.fileno()],
            )
            await self.process.start()
        await eventually(self._is_ready, "start of dbus-broker")
        return self

    def _read_journal(self):
        self.ready = self.ready or b"MESSAGE=Ready" in self.journal.recv(1 << 16)

    def _is_ready(self):
        assert self.process.running, self.process.stderr()
        return self.ready

    @property
    def pid(self):
        """The launcher's child."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            return int(children.read())

    async def stop(self):
        """A launcher that is asked to end ends the bus first."""
        await self.process.stop(signal.SIGTERM)
        asyncio.get_running_loop().remove_reader(self.journal)
        self.journal.close()
        await super().stop()
