# SPDX-License-Identifier: LGPL-2.1-or-later
"""The processes of applications: started, stopped for a while, killed, asked to leave, and started again, as a seeded
random generator has it. Each is ended by its process id."""

import asyncio
import os
import signal
import subprocess

from harness import accounts
from harness.process import Process
from harness.waiting import within

PER_PROCESS = 10
USERS = (None, accounts.ALICE, accounts.BOB)
FINISH_TIMEOUT = 60


class Population:
    def __init__(self, program, directory, address, servers, account, generator):
        """SERVERS: the certificate of their authority, and their ports."""
        self.command = [program, address]
        self.directory = directory
        self.servers = servers
        self.account = account
        self.generator = generator
        self.processes = []
        self.readers = {}
        self.ready = {}
        self.started = 0  # applications
        self.killed = 0  # applications
        self.stopped = 0  # applications, for a while
        self._number = 0

    async def add(self, applications=PER_PROCESS):
        self._number += 1
        user = self.generator.choice(USERS)
        seed = self.generator.randrange(2**32)
        process = Process(
            f"applications-{self._number}",
            self.directory,
            [*accounts.run_as(user), *self.command, seed, self._number % 4096, applications, *self.servers],
            env={name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ},
            stdout=subprocess.PIPE,
        )
        await process.start()
        self.started += applications
        self.processes.append(process)
        self.ready[process] = asyncio.Event()
        self.readers[process] = asyncio.create_task(self._read(process))

    async def _read(self, process):
        async for line in process.child.stdout:
            if line == b"ready\n":
                self.ready[process].set()
            # A killed process may leave half a line.
            elif line.endswith(b"\n"):
                self.account.add_application_line(line.decode().rstrip("\n"))
        # One that has ended waits for no signal.
        self.ready[process].set()

    async def _ask_to_leave(self, process):
        """Not before it can be asked: SIGTERM ends a program that has only begun."""
        await within(self.ready[process].wait(), f"start of {process.name}")
        process.send_signal(signal.SIGTERM)

    async def _reap(self, process, expected):
        status = await process.exit_status()
        await self.readers.pop(process)
        del self.ready[process]
        if status != expected:
            text = f"violation {process.name}: ended with {status}: {process.stderr()[-2000:]}"
            self.account.violations.append(text)

    def _take(self):
        return self.processes.pop(self.generator.randrange(len(self.processes)))

    async def stop_for_a_while(self):
        process = self.generator.choice(self.processes)
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self.generator.uniform(0.1, 2))
        process.send_signal(signal.SIGCONT)
        self.stopped += PER_PROCESS

    async def kill(self):
        process = self._take()
        process.send_signal(signal.SIGKILL)
        await self._reap(process, -signal.SIGKILL)
        self.killed += PER_PROCESS
        await self.add()

    async def leave(self):
        process = self._take()
        await self._ask_to_leave(process)
        await within(self._reap(process, 0), "applications that leave", FINISH_TIMEOUT)
        await self.add()

    async def finish(self):
        """All leave, having finished what they have begun."""
        processes, self.processes = self.processes, []
        for process in processes:
            process.send_signal(signal.SIGCONT)
            await self._ask_to_leave(process)
        await within(
            asyncio.gather(*(self._reap(process, 0) for process in processes)),
            "end of the applications",
            FINISH_TIMEOUT,
        )

    async def destroy(self):
        for process in list(self.readers):
            await process.destroy()
            await self.readers.pop(process)
