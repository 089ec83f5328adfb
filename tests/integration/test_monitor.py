# SPDX-License-Identifier: LGPL-2.1-or-later
"""wsbrokerctl monitor: what it counts adds up, whatever comes and goes meanwhile. It is asked for JSON where numbers are
compared; how it looks to people is in the last cases."""

import fcntl
import json
import re
import signal
import struct
import termios

import pytest

from harness import accounts
from harness.application import Close
from harness.terminal import Terminal
from harness.waiting import within

COUNTERS = ("MessagesReceived", "BytesReceived", "MessagesSent", "BytesSent")
WATCH = ("monitor", "--json", "--interval=0.1")

needs_administrator = accounts.needs_root


class Monitor:
    """The objects that a process prints, and what they say together."""

    def __init__(self, process):
        self.process = process
        self.sums = dict.fromkeys(COUNTERS, 0)

    async def next(self):
        line = await within(self.process.child.stdout.readline(), "line of the monitor")
        assert line, f"the monitor ended: {self.process.stderr()}"
        report = json.loads(line)
        for name in COUNTERS if "Total" in report else ():
            rates = [each[f"{name}PerSecond"] for each in report["WebSockets"]]
            assert all(rate >= 0 for rate in rates)
            assert sum(rates) == pytest.approx(report["Total"][f"{name}PerSecond"], abs=0.01)
            self.sums[name] += report["Total"][f"{name}PerSecond"] * report["Seconds"]
        return report

    async def until(self, condition):
        while not condition(report := await self.next()):
            pass
        return report


@pytest.fixture
def watch(start_tool):
    async def start(*arguments, **options):
        return Monitor(await start_tool(*WATCH, *arguments, **options))

    return start


def has(state):
    return lambda report: [each["State"] for each in report.get("WebSockets", [])] == [state]


def has_counted(name, count):
    return lambda report: [each[name] for each in report.get("WebSockets", [])] == [count]


async def exchange(websocket, messages):
    for number in range(messages):
        await websocket.echo(f"{number:0100}")


@needs_administrator
async def test_rates_are_what_was_carried(service, watch, serve, bus_application):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url("/watched"))
    await exchange(websocket, 3)
    monitor = await watch()
    first = await monitor.next()
    assert (first["Running"], first["OwnOnly"], first["Total"]["WebSockets"]) == (True, False, 1)
    assert monitor.sums == dict.fromkeys(COUNTERS, 0), "what was carried before it looked"
    await exchange(websocket, 20)
    report = await monitor.until(has_counted("MessagesReceived", 23))
    assert report["WebSockets"][0]["Url"] == server.url("/watched")
    assert monitor.sums == pytest.approx(
        {"MessagesReceived": 20, "BytesReceived": 2000, "MessagesSent": 20, "BytesSent": 2000}, abs=0.1
    )


@needs_administrator
async def test_each_connection_counts_anew(service, watch, serve, bus_application):
    server = await serve()
    websocket = await bus_application.create()
    monitor = await watch()
    await monitor.until(has("created"))
    for messages in (5, 3):
        await websocket.open(server.url())
        await exchange(websocket, messages)
        await monitor.until(has_counted("MessagesReceived", messages))
        await websocket.close()
        await websocket.next(Close)
        await monitor.until(has("closed"))
    assert monitor.sums["MessagesReceived"] == pytest.approx(8, abs=0.1)


@needs_administrator
async def test_websockets_come_and_go(service, watch, serve, bus_application):
    server = await serve()
    monitor = await watch()
    assert (await monitor.next())["WebSockets"] == []
    for _ in range(2):
        websocket = await bus_application.create()
        await websocket.open(server.url())
        assert (await monitor.until(has("open")))["WebSockets"][0]["Path"] == websocket.path
        await websocket.release()
        await monitor.until(lambda report: report["WebSockets"] == [])


async def test_a_service_that_ends_and_is_there_again(service, watch):
    monitor = await watch()
    assert (await monitor.next())["Running"]
    assert await service.process.stop(signal.SIGTERM) == 0
    report = await monitor.until(lambda report: not report["Running"])
    assert set(report) == {"Time", "Running"}
    await service.start()
    await monitor.until(lambda report: report["Running"])
    notes = [line for line in monitor.process.stderr().splitlines() if "administrator" not in line]
    assert notes == ["wsbrokerctl: the service does not run", "wsbrokerctl: the service runs"]


async def test_a_service_that_does_not_answer(service, watch):
    monitor = await watch()
    await monitor.next()
    service.process.send_signal(signal.SIGSTOP)
    try:
        report = await monitor.until(lambda report: "Total" not in report)
        assert report["Running"]
    finally:
        service.process.send_signal(signal.SIGCONT)
    await monitor.until(lambda report: "Total" in report)
    assert "wsbrokerctl: the service does not answer" in monitor.process.stderr().splitlines()


async def test_the_service_is_not_started(start_tool, activating_bus):
    variables = {"DBUS_SESSION_BUS_ADDRESS": activating_bus.address}
    process = await start_tool(*WATCH, "--bus=session", "--count=2", **variables)
    monitor = Monitor(process)
    for _ in range(2):
        assert not (await monitor.next())["Running"]
    assert await process.exit_status() == 0
    process = await start_tool("list", "--json", "--bus=session", **variables)
    assert await within(process.child.stdout.read(), "list") == b"[]\n"
    assert await process.exit_status() == 0
    assert "does not run" in process.stderr()
    process = await start_tool("show", "1", "--bus=session", **variables)
    assert await process.exit_status() == 1
    assert "does not run" in process.stderr()
    assert await activating_bus.service_pid() is None


async def test_a_bus_that_goes(bus, watch):
    monitor = await watch()
    assert not (await monitor.next())["Running"]
    await bus.stop()
    await within(monitor.process.child.stdout.read(), "end of the monitor")
    assert await monitor.process.exit_status() == 1
    assert "the service cannot be asked" in monitor.process.stderr()


@accounts.needs_root
@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["monitor", "--count=1", "--interval=0.1"]])
async def test_who_is_no_administrator_is_told(service, bus_application, start_tool, arguments):
    await bus_application.create()
    process = await start_tool(*arguments, user=accounts.ALICE)
    output = await within(process.child.stdout.read(), "output")
    assert b"/org/wsbroker1" not in output and b"user root" not in output
    assert await process.exit_status() == (1 if "show" in arguments else 0)
    assert process.stderr().count("you are no administrator of the service") == 1
    process = await start_tool(*arguments)
    await within(process.child.stdout.read(), "output")
    assert await process.exit_status() == 0
    assert "administrator" not in process.stderr()


@accounts.needs_root
async def test_json_says_whose_they_are(service, watch, bus_application):
    await bus_application.create()
    report = await (await watch(user=accounts.ALICE)).next()
    assert (report["OwnOnly"], report["WebSockets"]) == (True, [])


# ---- How it looks ----


def is_line(line, websockets):
    return re.fullmatch(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  +{websockets}(  +[0-9.]+[kM]?){{4}}", line)


async def test_in_a_pipe_it_is_a_line_for_each_interval(service, start_tool, bus_application):
    await bus_application.create()
    process = await start_tool("monitor", "--interval=0.1", "--count=3")
    heading, *lines = (await within(process.child.stdout.read(), "lines")).decode().splitlines()
    assert await process.exit_status() == 0
    assert heading.split() == ["TIME", "WEBSOCKETS", "MSG-IN/S", "B-IN/S", "MSG-OUT/S", "B-OUT/S"]
    assert len(lines) == 3
    count = 1 if accounts.IS_ROOT else 0
    assert all(is_line(line, count) for line in lines), lines
    process = await start_tool("monitor", "--interval=0.1", "--count=1", "--no-legend")
    (line,) = (await within(process.child.stdout.read(), "line")).decode().splitlines()
    assert is_line(line, count)


async def on_terminal(start_tool, *arguments, columns=80, rows=24, **variables):
    terminal = Terminal()
    fcntl.ioctl(terminal.program_end, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = await start_tool(*arguments, stdout=terminal.program_end, **variables)
    terminal.close_program_end()
    output = (await within(terminal.read_to_end(), "end of wsbrokerctl")).decode()
    assert await process.exit_status() == 0, process.stderr()
    return output, process.stderr()


@needs_administrator
async def test_on_a_terminal_each_report_is_drawn_over_the_last(service, start_tool, bus_application):
    for _ in range(12):
        await bus_application.create()
    output, errors = await on_terminal(
        start_tool, "monitor", "--interval=0.1", "--count=2", columns=40, rows=9, TERM="xterm", NO_COLOR="1"
    )
    assert errors == ""
    first, up, second = re.fullmatch(r"\r\x1b\[J([^\x1b]*)\x1b\[(\d+)A\r\x1b\[J([^\x1b]*)", output).groups()
    for frame in (first, second):
        lines = frame.split("\n")
        assert (len(lines) - 1, lines[-1]) == (int(up), "")
        assert len(lines) <= 9 and max(map(len, lines)) <= 40
        assert "12 WebSockets" in lines[0]
        assert lines[1].split()[:3] == ["ID", "STATE", "MSG-IN/S"]
        assert lines[-3].split()[0] == "total"
        assert lines[-2] == "8 more"


@accounts.needs_root
async def test_on_a_terminal_who_is_no_administrator_is_told_in_it(service, start_tool, bus_application):
    await bus_application.create()
    output, errors = await on_terminal(
        start_tool, "monitor", "--interval=0.1", "--count=1", user=accounts.ALICE, TERM="xterm"
    )
    assert "0 WebSockets, only your own: you are no administrator" in output
    assert errors == ""


async def test_a_dumb_terminal_is_a_pipe(service, start_tool):
    output, _ = await on_terminal(
        start_tool, "monitor", "--interval=0.1", "--count=1", TERM="dumb", NO_COLOR="1"
    )
    assert "\x1b" not in output and output.startswith("TIME ")


@needs_administrator
@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "1"], ["status"], ["monitor", "--interval=0.1", "--count=1"]]
)
async def test_colour_is_for_terminals(service, start_tool, bus_application, arguments):
    await bus_application.create()
    output, _ = await on_terminal(start_tool, *arguments, TERM="xterm")
    assert "\x1b[1m" in output
    output, _ = await on_terminal(start_tool, *arguments, TERM="xterm", NO_COLOR="1")
    assert not re.search(r"\x1b\[\d*m", output)
    process = await start_tool(*arguments, TERM="xterm")
    assert b"\x1b" not in await within(process.child.stdout.read(), "output")


@pytest.mark.parametrize(
    "arguments",
    [["--interval=0"], ["--interval=x"], ["--interval=1e9"], ["--count=0"], ["more"], ["--binary"]],
)
async def test_wrong_usage(start_tool, arguments):
    process = await start_tool("monitor", *arguments)
    assert await process.exit_status() == 2
    assert process.stderr()
