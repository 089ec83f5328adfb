# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application that uses the client library: library-driver.c, which is driven by lines and says how."""

import asyncio
import base64
import collections
import contextlib
import json
import os
import subprocess

import pytest

from . import accounts, application
from .application import ApiError
from .bus import BUS_NAME
from .process import Process
from .service import SOURCE_ROOT, environment
from .waiting import within


def program():
    return os.environ.get(
        "LIBRARY_DRIVER", os.path.join(SOURCE_ROOT, "build", "tests", "integration", "library-driver")
    )


def to64(data):
    data = data.encode() if isinstance(data, str) else data
    return base64.b64encode(data).decode() or "-"


def from64(text):
    return b"" if text == "-" else base64.b64decode(text)


def _to_headers(pairs):
    """As in the signal: a list where a field is repeated."""
    headers = collections.defaultdict(list)
    for name, value in pairs:
        headers[name].append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in headers.items()}


def _to_words(options):
    words = []
    for name, value in options.get("header", {}).items():
        words.append(f"header={to64(name)}:{to64(value)}")
    if "protocol" in options:
        words.append(f"protocol={to64(options['protocol'])}")
    return words


def _to_details(line):
    details = {"stage": line["stage"]}
    if line.get("httpStatus"):
        details |= {
            "httpStatus": line["httpStatus"],
            "headers": _to_headers(line["headers"]),
            "body": from64(line["body"]),
        }
    return details


def _to_message(line):
    data = from64(line["data"])
    return application.Message(data.decode() if line["kind"] == "text" else data)


_EVENTS = {
    "headerReceive": lambda line: application.HeaderReceive(_to_headers(line["headers"])),
    "open": lambda line: application.Open(line["code"], line["message"]),
    "message": _to_message,
    "close": lambda line: application.Close(line["code"], line["message"]),
    "error": lambda line: application.Error(line["code"], line["message"], _to_details(line)),
}


class LibraryWebSocket(application.WebSocket):
    def __init__(self, owner, name):
        super().__init__()
        self.owner = owner
        self.name = name
        self.data_ends = 0

    def on_line(self, line):
        if line["event"] == "dataEnd":
            self.data_ends += 1
        elif line["event"] in _EVENTS:
            self.received(_EVENTS[line["event"]](line))

    async def connect(self, url, **options):
        words = self.owner.connect_words + _to_words(options)
        await self.owner.complete("connect", self.name, to64(url), *words)

    async def connect_from_close(self, url):
        words = ["connect", self.name, to64(url)] + self.owner.connect_words
        await self.owner.command("when", self.name, "close", "1", *words)

    async def send(self, data):
        command = "send-text" if isinstance(data, str) else "send-binary"
        await self.owner.complete(command, self.name, to64(data))

    async def close(self, code=1000, reason=""):
        await self.owner.complete("close", self.name, str(code), to64(reason))

    async def release(self):
        await self.owner.command("release", self.name)

    async def property(self, name):
        """The library shows none of them; an administrator sees them on the bus."""
        if not accounts.IS_ROOT:
            pytest.skip("needs root: an administrator to read another application's properties")
        path = (await self.owner.command("path", self.name))["path"]
        reply = await self.owner.service.administrator.call(
            BUS_NAME, path, "org.freedesktop.DBus.Properties", "Get", "ss", ["org.wsbroker1.WebSocket", name]
        )
        assert reply.message_type.name == "METHOD_RETURN", (reply.error_name, reply.body)
        return reply.body[0].value


class LibraryApplication(application.Application):
    def __init__(self, directory, service, stream=True):
        self.service = service
        self.connect_words = [] if stream else ["nostream"]
        self.websockets = {}
        self.replies = {}
        self.last_line = 0
        self.reader = None
        self.process = Process(
            "library-driver",
            directory,
            [program(), f"--address={service.bus.address}"],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=2**26,
        )

    async def start(self):
        ready = self._expect("ready", 0)
        await self.process.start()
        self.reader = asyncio.create_task(self._read())
        assert await within(ready, "start of library-driver") == 0
        return self

    def _expect(self, kind, number):
        self.replies[kind, number] = asyncio.get_running_loop().create_future()
        return self.replies[kind, number]

    async def _read(self):
        async for text in self.process.child.stdout:
            self._on_line(json.loads(text))
        for reply in self.replies.values():
            if not reply.done():
                reply.set_exception(AssertionError(f"library-driver ended: {self.process.stderr()}"))

    def _on_line(self, line):
        if "event" in line:
            self.websockets[line["websocket"]].on_line(line)
        elif "ready" in line:
            self.replies["ready", 0].set_result(line["ready"])
        else:
            kind = "returned" if "returned" in line else "completed"
            reply = self.replies.get((kind, line[kind]))
            if reply is not None and not reply.done():
                reply.set_result(line)

    async def _answer(self, reply, what):
        line = await within(reply, what)
        if line["result"] != 0:
            raise ApiError(line["code"], line["message"])
        return line

    def _write(self, *words):
        self.last_line += 1
        returned = self._expect("returned", self.last_line)
        self.process.child.stdin.write(" ".join(words).encode() + b"\n")
        return returned

    async def command(self, *words):
        """The line that answers it, once the call has returned."""
        return await self._answer(self._write(*words), words[0])

    async def complete(self, *words):
        """The same, once what the call has started is done."""
        returned = self._write(*words)
        completed = self._expect("completed", self.last_line)
        await self._answer(returned, words[0])
        return await self._answer(completed, f"completion of {words[0]}")

    async def create(self):
        name = f"websocket-{len(self.websockets)}"
        self.websockets[name] = LibraryWebSocket(self, name)
        await self.command("create", name)
        return self.websockets[name]

    async def leave(self):
        """End of its input ends the program, which must not fail."""
        if self.process.running:
            self.process.child.stdin.close()
            status = await self.process.exit_status()
            assert status == 0, f"library-driver exited with {status}: {self.process.stderr()}"

    async def destroy(self):
        await self.process.destroy()
        print(f"--- standard error of library-driver ---\n{self.process.stderr()}")
        if self.reader is not None:
            await self.reader


@contextlib.asynccontextmanager
async def running(directory, service, **options):
    """One that is started, and that ends well."""
    application = LibraryApplication(directory, service, **options)
    try:
        yield await application.start()
        await application.leave()
    finally:
        await application.destroy()
