# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that a test starts. Its standard error goes to a file, which is shown when a test fails; it is
ended by its process id and is always waited for, so that no test leaves one behind."""

import asyncio
import os
import signal

from .waiting import eventually


class Process:
    """argv, env, stdin, stdout and preexec_fn are those of asyncio's create_subprocess_exec."""

    def __init__(self, name, directory, argv, env=None, **options):
        self.name = name
        self.argv = [str(argument) for argument in argv]
        self.env = env
        self.options = options
        self.stderr_path = os.path.join(directory, f"{name}.stderr")
        self.child = None

    async def start(self):
        with open(self.stderr_path, "ab") as stderr:
            self.child = await asyncio.create_subprocess_exec(
                *self.argv, env=self.env, stderr=stderr, **self.options
            )
        return self

    @property
    def pid(self):
        return self.child.pid

    @property
    def running(self):
        return self.child is not None and self.child.returncode is None

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def send_signal(self, number):
        if self.running:
            self.child.send_signal(number)

    async def exit_status(self):
        """Waits for the end; negative: the signal that ended it. Not child.wait(), which waits for the pipes as
        well, and these a child of the process may hold."""
        await eventually(lambda: not self.running, f"end of {self.name}")
        return self.child.returncode

    async def stop(self, number=signal.SIGTERM):
        self.send_signal(number)
        return await self.exit_status()

    async def destroy(self):
        """For clean-up: the process is gone afterwards, whatever it was doing."""
        if self.child is not None:
            await self.stop(signal.SIGKILL)
