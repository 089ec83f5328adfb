# SPDX-License-Identifier: LGPL-2.1-or-later
"""wsbrokerctl connect in pipes and on terminals: what it prints, when it ends, and with which exit status."""

import base64
import json
import signal
import subprocess

import pytest

from harness import frames
from harness.process import Process
from harness.service import environment
from harness.terminal import Terminal
from harness.tool import program
from harness.waiting import within


@pytest.fixture
async def tool(service, servers, directory):
    """Starts wsbrokerctl with the given arguments, standard streams and environment: tool(…, stdout=…)."""
    started = []

    async def start(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **variables):
        process = Process(
            f"wsbrokerctl-{len(started)}",
            directory,
            [program(), *arguments],
            env=environment(DBUS_SYSTEM_BUS_ADDRESS=service.bus.address) | variables,
            stdin=stdin,
            stdout=stdout,
        )
        started.append(process)
        return await process.start()

    yield start
    for process in started:
        await process.destroy()


async def ended(process, data=b""):
    """Exit status and standard output, after DATA and the end of its input."""
    output, _ = await within(process.child.communicate(data), "end of wsbrokerctl")
    return await process.exit_status(), output


# The end is the server's, however slow this process may be: the tool does not leave before.
PATIENT = "--linger=30"


def closing(code, reason="", *messages):
    """A server that sends MESSAGES and closes."""

    async def handler(connection):
        for message in messages:
            await connection.protocol.send(message)
        await connection.protocol.close(code, reason)

    return handler


async def drop(connection):
    connection.protocol.transport.abort()


# ---- JSON ----


async def test_json_of_connect(tool, serve):
    server = await serve(closing(3001, 'a "reason"', "text\x1b\n", b"\0\xff"))
    status, output = await ended(await tool("--json", "connect", server.url(), PATIENT))
    binary = base64.b64encode(b"\0\xff").decode()
    assert [json.loads(line) for line in output.splitlines()] == [
        {"event": "open", "status": 101},
        {"event": "message", "kind": "text", "data": "text\x1b\n"},
        {"event": "message", "kind": "binary", "data": binary},
        {"event": "close", "code": 3001, "reason": 'a "reason"'},
    ]
    assert status == 0


async def test_json_of_list_and_status(tool, serve, bus_application, service):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url("/listed"))
    status, output = await ended(await tool("status", "--json"))
    assert status == 0
    assert json.loads(output)["Version"] == await service.property("Version")
    status, output = await ended(await tool("list", "--json"))
    assert status == 0
    listed = json.loads(output)
    # Nothing but the caller's own to whom is no administrator.
    expected = {
        "Path": websocket.path,
        "State": "open",
        "Url": server.url("/listed"),
        "Owner": bus_application.unique_name,
    }
    for each in listed:
        assert {key: each[key] for key in expected} == expected
    assert len(listed) == len(await service.list_websockets())


# ---- When it ends ----


async def test_answers_after_the_end_of_the_input(tool, serve):
    server = await serve()
    status, output = await ended(await tool("connect", server.url(), "--linger=30", "--count=3"), b"a\nb\nc")
    assert (status, output) == (0, b"a\nb\nc\n")
    assert await (await server.accepted()).closed() == (1000, "")


async def test_no_linger(tool, serve):
    """Everything is sent all the same."""

    async def keeps(connection):
        async for message in connection.protocol:
            connection.messages.append(message)

    server = await serve(keeps)
    lines = [f"line {index}" for index in range(500)]
    process = await tool("connect", server.url(), "--linger=0")
    assert await ended(process, "\n".join(lines).encode()) == (0, b"")
    connection = await server.accepted()
    assert await connection.closed() == (1000, "")
    assert connection.messages == lines


async def test_many_lines_both_ways(tool, serve):
    server = await serve()
    lines = "".join(f"line {index} {'x' * (index % 300)}\n" for index in range(5000)).encode()
    process = await tool("connect", server.url(), "--count=5000")
    assert await ended(process, lines) == (0, lines)


async def test_interrupted(tool, serve):
    server = await serve()
    process = await tool("--json", "connect", server.url())
    line = await within(process.child.stdout.readline(), "line of wsbrokerctl")
    assert json.loads(line)["event"] == "open"
    process.send_signal(signal.SIGINT)
    assert await (await server.accepted()).closed() == (1000, "")
    assert await process.exit_status() == 0


# ---- Exit status ----


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
async def test_good_ends(tool, serve, code):
    server = await serve(closing(code, ""))
    process = await tool("connect", server.url(), PATIENT)
    assert await ended(process) == (0, b"")
    assert process.stderr() == ""


async def test_end_without_a_code(tool, serve_raw):
    async def closes(peer):
        await peer.accept(frames.close_frame())
        await peer.read_to_end()

    server = await serve_raw(closes)
    assert await ended(await tool("connect", server.url(), PATIENT)) == (0, b"")


@pytest.mark.parametrize("code", [1002, 1003, 1008, 1011])
async def test_bad_ends(tool, serve, code):
    server = await serve(closing(code, "for a reason"))
    process = await tool("connect", server.url(), PATIENT)
    assert await ended(process) == (1, b"")
    assert f"{code}: for a reason" in process.stderr()


async def test_dropped_connection(tool, serve):
    server = await serve(drop)
    process = await tool("connect", server.url(), PATIENT)
    assert await ended(process) == (1, b"")
    assert "200: " in process.stderr()


async def test_fewer_than_counted(tool, serve):
    server = await serve(closing(1000, "", "one"))
    assert await ended(await tool("connect", server.url(), "--count=2")) == (1, b"one\n")


async def test_no_bus(tool):
    for verb in (["status"], ["list"], ["connect", "ws://127.0.0.1/"]):
        process = await tool(*verb, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere/bus")
        assert (await ended(process))[0] == 1
        assert "bus" in process.stderr()


async def test_service_has_gone(tool, service):
    await service.process.stop()
    for verb in (["status"], ["connect", "ws://127.0.0.1/"]):
        process = await tool(*verb)
        assert (await ended(process))[0] == 1
        assert "org.wsbroker1" in process.stderr()
    await service.start()


# ---- What a server may write to a terminal ----

NASTY = "\x1b]0;title\x07\x1b[2J\u202egnp.exe\x9b31m\r"
ESCAPED = "\\x1b]0;title\\x07\\x1b[2J\\u{202e}gnp.exe\\u{9b}31m\\x0d"


async def _on_a_terminal(tool, *arguments, **variables):
    terminal = Terminal()
    process = await tool(*arguments, stdout=terminal.program_end, **variables)
    terminal.close_program_end()
    process.child.stdin.close()
    output = await within(terminal.read_to_end(), "end of wsbrokerctl")
    return await process.exit_status(), output


@pytest.mark.parametrize("message", [NASTY, NASTY.encode()], ids=["text", "binary"])
async def test_terminal_shows_escapes(tool, serve, message):
    server = await serve(closing(1000, "", message))
    status, output = await _on_a_terminal(tool, "connect", server.url(), PATIENT, NO_COLOR="1")
    assert (status, output) == (0, ESCAPED.encode() + b"\n")


async def test_colour_is_the_only_escape_on_a_terminal(tool, serve):
    server = await serve(closing(1000, "", NASTY))
    _, output = await _on_a_terminal(tool, "connect", server.url(), PATIENT)
    assert ESCAPED.encode() in output
    assert output.replace(b"\x1b[36m", b"", 1).replace(b"\x1b[0m", b"", 1).count(b"\x1b") == 0


async def test_pipe_gets_what_was_received(tool, serve):
    """In the two seconds for which it stays by itself."""
    server = await serve(closing(1000, "", NASTY, b"\xff\0"))
    status, output = await ended(await tool("connect", server.url()))
    assert (status, output) == (0, NASTY.encode() + b"\n\xff\0")


async def test_diagnostics_are_escaped_everywhere(tool, serve, serve_raw):
    async def nasty_headers(peer):
        await peer.read_request()
        await peer.write(b"HTTP/1.1 404 \x1b[2J\r\nX-Nasty: \x1b[31m\r\nContent-Length: 0\r\n\r\n")

    server = await serve(closing(1011, NASTY))
    process = await tool("connect", "--verbose", server.url(), PATIENT)
    assert (await ended(process))[0] == 1
    assert ESCAPED in process.stderr()
    other = await tool("connect", "--verbose", (await serve_raw(nasty_headers)).url(), PATIENT)
    assert (await ended(other))[0] == 1
    assert "\x1b" not in process.stderr() + other.stderr()
