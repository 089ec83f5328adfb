# SPDX-License-Identifier: LGPL-2.1-or-later
"""An application in a process of its own (caller.py): under another user, in another unit's cgroup, or to be
killed."""

import asyncio
import json
import os
import subprocess

from . import accounts, application
from .application import ApiError
from .caller import decode, encode
from .process import Process
from .waiting import within

_EVENTS = {
    kind.__name__: kind
    for kind in (
        application.HeaderReceive,
        application.Open,
        application.Message,
        application.Close,
        application.Error,
        application.ServiceLost,
    )
}


class RemoteWebSocket(application.WebSocket):
    def __init__(self, owner, path):
        super().__init__()
        self.owner = owner
        self.path = path

    async def _call(self, member, *arguments, **options):
        return await self.owner.request("websocket", self.path, member, arguments, options)

    async def connect(self, url, **options):
        await self._call("connect", url, **options)

    async def send(self, data):
        await self._call("send", data)

    async def close(self, code=1000, reason=""):
        await self._call("close", code, reason)

    async def release(self):
        await self._call("release")

    async def property(self, name):
        return await self._call("property", name)


def enter_cgroup(cgroup_procs):
    """The beginning of a command line that runs the rest in the cgroup of that cgroup.procs file; None: where
    the tests are."""
    if cgroup_procs is None:
        return []
    return ["sh", "-euc", 'echo $$ > "$1"; shift; exec "$@"', "sh", cgroup_procs]


class RemoteApplication(application.Application):
    """USER: see accounts.run_as(). CGROUP_PROCS: a cgroup.procs file of the cgroup to be in before anything
    else. WRAPPER: the beginning of its command line, such as a sandbox's. ORPHAN: the process behind the
    connection ends, and its child goes on."""

    def __init__(self, name, directory, address, user=None, cgroup_procs=None, wrapper=(), orphan=False):
        self.websockets = {}
        self.replies = {}
        self.last_id = 0
        self.reader = None
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.process = Process(
            name,
            directory,
            [
                *enter_cgroup(cgroup_procs),
                *accounts.run_as(user),
                *wrapper,
                "/usr/bin/python3",
                "-B",
                "-m",
                "harness.caller",
                address,
                *(["--orphan"] if orphan else []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
            limit=2**26,
        )

    async def start(self):
        self.replies[0] = asyncio.get_running_loop().create_future()
        await self.process.start()
        self.reader = asyncio.create_task(self._read())
        await within(self.replies[0], f"start of {self.process.name}")
        return self

    async def _read(self):
        async for text in self.process.child.stdout:
            # One that is killed may leave half a line.
            if not text.endswith(b"\n"):
                break
            line = decode(json.loads(text))
            if "event" in line:
                self.websockets[line["path"]].received(_EVENTS[line["event"]](**line["fields"]))
            else:
                self._reply(line)
        for reply in self.replies.values():
            if not reply.done():
                reply.set_exception(AssertionError(f"{self.process.name} ended: {self.process.stderr()}"))

    def _reply(self, line):
        reply = self.replies[line["id"]]
        if "error" in line:
            reply.set_exception(ApiError(*line["error"]))
        elif "failure" in line:
            reply.set_exception(AssertionError(line["failure"]))
        else:
            result = line["result"]
            # Before the next line is read, which may be the new WebSocket's first event.
            if isinstance(result, str) and result.startswith("/org/wsbroker1/websocket/"):
                self.websockets[result] = RemoteWebSocket(self, result)
            reply.set_result(result)

    def post(self, call, *arguments):
        """Sends a request; its reply is the future that is returned."""
        self.last_id += 1
        reply = asyncio.get_running_loop().create_future()
        self.replies[self.last_id] = reply
        line = {"id": self.last_id, "call": call, "arguments": encode(arguments)}
        self.process.child.stdin.write(json.dumps(line).encode() + b"\n")
        return reply

    async def request(self, call, *arguments):
        return await within(self.post(call, *arguments), f"reply to {call}")

    async def create(self):
        return self.websockets[await self.request("create")]

    async def call_manager(self, member, signature="", *body):
        return await self.request("manager", member, signature, list(body))

    async def leave(self):
        """End of its input ends the program."""
        if self.process.running:
            self.process.child.stdin.close()
            await self.process.exit_status()
        await self.reader

    async def destroy(self):
        """A child that outlives the process ends when its input does."""
        await self.process.destroy()
        self.process.child.stdin.close()
        if self.reader is not None:
            await within(self.reader, f"end of {self.process.name}")
