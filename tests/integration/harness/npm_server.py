# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WebSocket server that is not ours: npm's ws, in tests/peers/echo-server.js. tools/check installs the package
into the build folder; without it, or without node, its tests are skipped."""

import json
import os
import shutil
import subprocess

import pytest

from .process import Process
from .service import SOURCE_ROOT
from .waiting import within

MODULES = os.environ.get("NODE_PATH", os.path.join(SOURCE_ROOT, "build", "peers", "node_modules"))
_SCRIPT = os.path.join(SOURCE_ROOT, "tests", "peers", "echo-server.js")

needs_npm_ws = pytest.mark.skipif(
    shutil.which("node") is None or not os.path.isdir(os.path.join(MODULES, "ws")),
    reason="needs node and npm's ws: tools/check installs it",
)


class NpmServer:
    """OPTIONS are those of ws's WebSocketServer. next() gives what happened, line by line."""

    def __init__(self, directory, **options):
        self.port = None
        self.process = Process(
            "npm-server",
            directory,
            ["node", _SCRIPT, json.dumps(options)],
            env={"PATH": os.environ["PATH"], "NODE_PATH": MODULES},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    async def start(self):
        await self.process.start()
        self.port = (await self.next())["listening"]
        return self

    async def next(self):
        line = await within(self.process.child.stdout.readline(), "line of npm's ws")
        assert line, f"npm's ws ended: {self.process.stderr()}"
        return json.loads(line)

    def url(self, path="/"):
        return f"ws://127.0.0.1:{self.port}{path}"

    async def stop(self):
        await self.process.destroy()
