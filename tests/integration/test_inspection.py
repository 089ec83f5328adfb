# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/inspection.md is what it says: each command in it is run, and prints what is shown, but for numbers, times and the
width of columns."""

import asyncio
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios

import pytest

from harness import accounts, tool
from harness.document import read_chapters
from harness.process import Process
from harness.service import SOURCE_ROOT, environment
from harness.terminal import Terminal
from harness.waiting import within

PAGE = os.path.join(SOURCE_ROOT, "docs", "inspection.md")
BLOCKS = [block for blocks in read_chapters(PAGE).values() for block in blocks]
HOST = "chat.example.test"

COLUMNS, ROWS = 110, 24
DRAWN_AGAIN = re.compile(r"\r\x1b\[J")
DAY = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")
NUMBER = re.compile(r"\d+(\.\d+)?[kM]?")

pytestmark = [
    accounts.needs_root,
    pytest.mark.usefixtures("needs_names"),
    # The bus is watched while a message passes, and would show the Ping for which it might be time just then.
    pytest.mark.config("MaxBufferedBytes=64M\n"),
]


def shape(text):
    """TEXT without what differs from one day to the next."""
    text = NUMBER.sub("0", DAY.sub("Day", text))
    return [re.sub(" +", " ", line).rstrip() for line in text.splitlines()]


class Reader:
    """Somebody who types the commands. WEBSOCKET is the one of the page that is open."""

    def __init__(self, folder, bus, websocket):
        self.folder = folder
        self.websocket = websocket
        os.mkdir(f"{folder}/bin")
        os.symlink(os.path.abspath(tool.program()), f"{folder}/bin/wsbrokerctl")
        self.environment = environment(
            DBUS_SYSTEM_BUS_ADDRESS=bus.address, TZ="UTC", NO_COLOR="1", SYSTEMD_COLORS="0", TERM="xterm"
        )
        self.environment["PATH"] = f"{folder}/bin:{self.environment['PATH']}"

    async def _start(self, command, stdout):
        process = Process(
            "command", self.folder, ["sh", "-c", f"exec 2>&1; {command}"], env=self.environment, stdout=stdout
        )
        return await process.start()

    async def _in_pipe(self, command):
        process = await self._start(command, subprocess.PIPE)
        try:
            return (await within(process.child.stdout.read(), command)).decode()
        finally:
            await process.destroy()

    async def _on_terminal(self, command):
        terminal = Terminal()
        fcntl.ioctl(terminal.program_end, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        process = await self._start(command, terminal.program_end)
        terminal.close_program_end()
        try:
            return DRAWN_AGAIN.sub("", (await within(terminal.read_to_end(), command)).decode())
        finally:
            await process.destroy()

    async def _watch_bus(self, command):
        """Until a message to the server and its answer have passed."""
        process = await self._start(f"exec {command}", subprocess.PIPE)
        shown = b""
        try:
            while b"Monitoring" not in shown:
                shown += await within(process.child.stdout.read(65536), command)
            await self.websocket.echo("hello")
            while not re.search(rb"Member=Message.*};\n\n", shown, re.DOTALL):
                shown += await within(process.child.stdout.read(65536), command)
            await process.stop(signal.SIGINT)
        finally:
            await process.destroy()
        return shown.decode()

    async def run(self, command):
        if command.startswith("busctl monitor"):
            return await self._watch_bus(command)
        if "monitor" not in command:
            return await self._in_pipe(command)
        enough = asyncio.Event()
        traffic = asyncio.ensure_future(self._chat(enough))
        try:
            return await (self._in_pipe if "|" in command else self._on_terminal)(command)
        finally:
            enough.set()
            await traffic

    async def _chat(self, enough):
        while not enough.is_set():
            await self.websocket.echo("x" * 200)

    async def follow(self, block):
        """What BLOCK would be if it were right."""
        commands = [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]
        return "".join([f"$ {command}\n{await self.run(command)}" for command in commands])


@pytest.fixture
async def reader(service, serve, authority, remote, directory):
    """At the system that the page describes."""
    server = await serve(ssl=authority.server_context("good", HOST))
    application = await remote(user=accounts.ALICE)
    websocket = await application.create()
    await websocket.open(server.url("/room", host=HOST))
    await websocket.echo("Hello, room!")
    await application.create()
    return Reader(directory, service.bus, websocket)


async def test_each_command_prints_what_is_shown(reader):
    for block in BLOCKS:
        assert block.language == "console"
        assert shape(await reader.follow(block)) == shape(block.text), f"line {block.line}"


def test_every_command_is_there():
    """The ways of looking that the page is about."""
    commands = [
        line[2:].split() for block in BLOCKS for line in block.text.splitlines() if line.startswith("$ ")
    ]
    shown = {(words[0], words[1]) for words in commands}
    assert {("wsbrokerctl", verb) for verb in ("status", "list", "show", "monitor")} <= shown
    assert {("busctl", verb) for verb in ("tree", "introspect", "get-property", "call", "monitor")} <= shown
