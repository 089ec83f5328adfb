# SPDX-License-Identifier: LGPL-2.1-or-later
"""Thousands of WebSockets in one process."""

import os
import resource
import subprocess

import pytest

from harness.certificates import Authority
from harness.library_application import program
from harness.process import Process
from harness.service import environment
from harness.waiting import within

# Each has three descriptors in the service; where a process may have fewer, fewer are opened.
COUNT = min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1000) // 4)
TIMEOUT = 300  # with sanitizers on a slow machine

MANY = """\
MaxConnections=10001
MaxConnectionsPerUser=10001
MaxWebSocketsPerUser=10001
MaxWebSockets=10001
MaxPendingHandshakes=64
"""


@pytest.fixture
async def echo_server(directory):
    """A server that takes ten thousand connections in its stride; the port."""
    certificate, key = Authority(directory, "bench").issue("bench-server", "localhost")
    path = os.path.join(os.environ["BENCH"], "bench-server")
    process = await Process(
        "bench-server",
        directory,
        [path, certificate, key],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ).start()
    try:
        yield int((await within(process.child.stdout.readline(), "port of the server")).split()[0])
    finally:
        await process.destroy()


@pytest.mark.config(MANY)
async def test_ten_thousand_websockets(service, directory, echo_server, bus_application, serve):
    assert COUNT >= 1000
    path = os.path.join(os.path.dirname(program()), "library-many")
    process = await Process(
        "library-many",
        directory,
        [path, service.bus.address, f"ws://127.0.0.1:{echo_server}/echo", COUNT, 16],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ).start()
    try:
        line = await within(process.child.stdout.readline(), "all open", TIMEOUT)
        assert line == b"open\n", process.stderr()
        assert await service.property("WebSockets") == COUNT
        other = await bus_application.create()
        await other.open((await serve()).url())
        await other.echo("one more")
        process.child.stdin.write(b"\n")
        await within(process.child.wait(), "all closed", TIMEOUT)
        assert await process.exit_status() == 0, process.stderr()
    finally:
        await process.destroy()
