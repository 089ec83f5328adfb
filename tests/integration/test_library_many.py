# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many calls at once through the library: more than a bus lets one connection wait for."""

import os
import subprocess

import pytest

from harness.library_application import program
from harness.process import Process
from harness.service import environment
from harness.waiting import within

COUNT = 300
TIMEOUT = 120

LIMITS = f"""\
MaxConnections={COUNT}
MaxWebSocketsPerUser={COUNT}
MaxPendingHandshakes={COUNT}
MaxPendingHandshakesTotal={COUNT}
"""

# What dbus-daemon allows on a system bus that is not told otherwise.
REPLIES = 128


@pytest.mark.config(LIMITS)
@pytest.mark.parametrize("arguments", [[], ["signals"]], ids=["stream", "signals"])
async def test_three_hundred_at_once(service, directory, serve, arguments):
    """Connects, first messages and closes, each all at once."""
    assert COUNT > 2 * REPLIES
    path = os.path.join(os.path.dirname(program()), "library-many")
    server = await serve()
    process = await Process(
        "library-many",
        directory,
        [path, service.bus.address, server.url(), COUNT, COUNT, *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ).start()
    try:
        line = await within(process.child.stdout.readline(), "all open", TIMEOUT)
        assert line == b"open\n", process.stderr()
        assert await service.property("WebSockets") == COUNT
        process.child.stdin.write(b"\n")
        assert await within(process.exit_status(), "all closed", TIMEOUT) == 0, process.stderr()
    finally:
        await process.destroy()
