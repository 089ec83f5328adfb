# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example programs of docs/examples, as they are built, against a server."""

import os
import subprocess

import pytest

from harness.process import Process
from harness.service import SOURCE_ROOT, environment
from harness.waiting import within

EXAMPLES = os.environ.get("EXAMPLES", os.path.join(SOURCE_ROOT, "build", "docs", "examples"))

each_example = pytest.mark.parametrize("name", ["hello-sync", "hello-event", "hello-glib"])


@pytest.fixture
async def run(service, directory):
    """Runs an example to its end: exit status and standard output and error."""

    async def run(name, *arguments):
        process = await Process(
            name,
            directory,
            [os.path.join(EXAMPLES, name), *arguments],
            env=environment(DBUS_SYSTEM_BUS_ADDRESS=service.bus.address),
            stdout=subprocess.PIPE,
        ).start()
        try:
            output = await within(process.child.stdout.read(), f"output of {name}")
            return await process.exit_status(), output.decode(), process.stderr()
        finally:
            await process.destroy()

    return run


@each_example
async def test_example(run, serve, name):
    server = await serve()
    status, output, errors = await run(name, server.url("/hello"), "system")
    assert (status, errors) == (0, "")
    assert output.splitlines()[0] == "hello"
    connection = await server.accepted()
    assert connection.messages == ["hello"]
    assert await connection.closed() == (1000, "bye")


@each_example
async def test_example_is_refused(run, name):
    status, output, errors = await run(name, "ws://", "system")
    assert (status, output) == (1, "")
    assert "2302001" in errors


@each_example
async def test_example_fails(run, refusing_port, name):
    status, output, errors = await run(name, f"ws://127.0.0.1:{refusing_port}/", "system")
    assert (status, output) == (1, "")
    assert "200" in errors


@each_example
async def test_usage_of_example(run, name):
    status, _, errors = await run(name)
    assert status == 2
    assert errors.startswith("usage: ")


async def test_header_and_subprotocol_of_the_glib_example(run, serve):
    server = await serve(subprotocols=["chat"])
    assert (await run("hello-glib", server.url()))[0] == 0
    connection = await server.accepted()
    assert connection.headers["X-Greeting"] == "from GLib"
    assert connection.protocol.subprotocol == "chat"
