# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service hangs or dies: it is ended if need be, comes back by itself, and the next call is served."""

import os
import pathlib
import signal

import pytest

from harness import broker
from harness.machine import SERVICE, eventually, journal, run

DROP_IN = pathlib.Path("/run/systemd/system/wsbroker.service.d/50-test.conf")
INTERVAL = 2  # seconds


@pytest.fixture
def impatient_watchdog():
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(f"[Service]\nWatchdogSec={INTERVAL}s\n", encoding="utf-8")
    run("systemctl", "daemon-reload")
    SERVICE.systemctl("restart")
    yield
    DROP_IN.unlink()
    run("systemctl", "daemon-reload")
    SERVICE.systemctl("restart")


def restarted(pid):
    """Whether the service is another process than that of PID, and ready."""
    return SERVICE.state == "active" and SERVICE.main_pid not in (0, pid)


def sign_of_life():
    return int(SERVICE.show("WatchdogTimestampMonotonic"))


def test_the_unit_has_a_watchdog():
    assert SERVICE.show("WatchdogUSec") == "30s"


def test_a_healthy_service_gives_signs_of_life(impatient_watchdog):
    pid = SERVICE.main_pid
    first = sign_of_life()
    eventually(lambda: sign_of_life() > first + 2 * INTERVAL * 1_000_000, "signs of life for two intervals")
    assert SERVICE.main_pid == pid


def test_a_hung_service_is_ended_and_restarted(impatient_watchdog, server, policy, connect):
    connect(f"{server.url}/hung").ask("hello")
    pid = SERVICE.main_pid
    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: restarted(pid), "another process")
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in journal(f"UNIT={SERVICE.name}"))
    assert server.close_code("/hung") == 1006
    assert connect(f"{server.url}/after-the-hang", unit="chat").ask("hello") == "you said: hello"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL], ids=lambda number: number.name)
def test_a_crash(number, server, policy, connect):
    application = connect(f"{server.url}/{number.name}")
    application.ask("hello")
    pid = SERVICE.main_pid
    os.kill(pid, number)
    status, errors = application.end()
    assert status != 0
    assert "200: " in errors
    assert server.close_code(f"/{number.name}") == 1006
    eventually(lambda: restarted(pid), "another process")
    assert connect(f"{server.url}/after-{number.name}").ask("hello") == "you said: hello"


def test_a_call_during_the_restart_is_served(policy):
    pid = SERVICE.main_pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not pathlib.Path(f"/proc/{pid}").exists(), "its end")
    assert broker.call("WhoAmI")[0].endswith("user root")
