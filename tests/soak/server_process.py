# SPDX-License-Identifier: LGPL-2.1-or-later
"""The process of servers.py."""

import asyncio
import os
import subprocess

from harness.process import Process
from harness.waiting import within


class ServerProcess:
    def __init__(self, directory, seed, certificate, account):
        """CERTIFICATE: the paths of one and of its key."""
        self.account = account
        self.ports = []  # of one server without TLS and with it, and of the other
        self.process = Process(
            "servers",
            directory,
            [os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers.py"), seed, *certificate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._reader = None

    async def start(self):
        await self.process.start()
        line = await within(self.process.child.stdout.readline(), "ports of the servers")
        self.ports = [int(port) for port in line.split()]
        self._reader = asyncio.create_task(self._read())
        return self

    async def _read(self):
        async for line in self.process.child.stdout:
            self.account.add_server_line(line.decode().rstrip("\n"))

    async def destroy(self):
        await self.process.destroy()
        if self._reader is not None:
            await self._reader
        if errors := self.process.stderr():
            print(f"--- standard error of the servers ---\n{errors[-4000:]}")
