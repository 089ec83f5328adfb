# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server or proxy that this project did not write, run in the foreground with a configuration of the test's
in a folder of its own. It listens on a loopback address that belongs to this process of tests, so that groups
of tests may run at the same time with fixed ports."""

import asyncio
import os
import shutil
import signal

import pytest

from .process import Process
from .waiting import eventually


def needs_program(name):
    """Marks tests of a program that tools/check installs, but a machine may lack."""
    return pytest.mark.skipif(find_program(name) is None, reason=f"needs {name}")


def find_program(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def own_host():
    """A loopback address that belongs to this process of tests."""
    pid = os.getpid()
    return f"127.{10 + pid % 40}.{pid // 40 % 256}.{pid // 10240 % 250 + 1}"


class ListeningProgram:
    """Subclasses name the PROGRAM and give PORT, CONFIGURATION and arguments()."""

    PROGRAM = None
    PORT = None
    CONFIGURATION = ""
    STOP = signal.SIGTERM

    def __init__(self, directory, wrapper=()):
        """WRAPPER: the beginning of its command line, such as Namespace.command()."""
        self.host = own_host()
        self.port = self.PORT
        self.directory = os.path.join(directory, self.PROGRAM)
        self.wrapper = wrapper
        self.process = None
        # The program may give up its rights before it writes here.
        os.makedirs(self.directory)
        os.chmod(self.directory, 0o777)

    def file(self, name):
        return os.path.join(self.directory, name)

    def configuration(self):
        return self.CONFIGURATION.format(directory=self.directory, host=self.host, port=self.port)

    def arguments(self):
        raise NotImplementedError

    async def start(self):
        with open(self.file("configuration"), "w", encoding="utf-8") as file:
            file.write(self.configuration())
        self.process = Process(
            self.PROGRAM,
            self.directory,
            [*self.wrapper, find_program(self.PROGRAM), *self.arguments()],
            stdout=asyncio.subprocess.DEVNULL,
        )
        await self.process.start()
        await eventually(self._accepts, f"{self.PROGRAM} listens")
        return self

    async def _accepts(self):
        assert self.process.running, f"{self.PROGRAM} ended: {self.process.stderr()}"
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True

    def log(self):
        """What it has written of its work: nothing before it has begun with it."""
        try:
            with open(self.file("log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    async def logged(self, text):
        await eventually(lambda: text in self.log(), f"{text!r} in the log of {self.PROGRAM}")

    async def stop(self):
        await self.process.stop(self.STOP)
