# SPDX-License-Identifier: LGPL-2.1-or-later
"""One file lets an application talk that has no network; another takes it back."""

import sys

from conftest import POLICY
from harness import broker
from harness.application import SANDBOX, run_unit
from harness.machine import SERVICE, journal, run
from harness.server import PORT

# A connection without wsbroker.
DIAL = f"import socket; socket.create_connection(('127.0.0.1', {PORT}))"


def test_an_application_without_network_talks_to_the_server(server, policy, connect):
    application = connect(f"{server.url}/sandboxed")
    assert application.ask("hello") == "you said: hello"
    assert application.close() == (0, "")
    assert server.close_code("/sandboxed") == 1000


def test_it_has_no_other_way_to_it(server):
    """The same sandbox, but for the kind of socket: it is the network that is not there."""
    assert run(sys.executable, "-c", DIAL).returncode == 0
    done = run_unit("dial", ("PrivateNetwork=yes", "User=games"), sys.executable, "-c", DIAL, check=False)
    assert done.returncode != 0
    assert "ConnectionRefusedError" in done.stderr


def test_another_server_is_refused(policy):
    url = f"ws://example.com:{PORT}/"
    done = run_unit("chat", SANDBOX, "wsbrokerctl", "connect", url, check=False)
    assert done.returncode != 0
    assert "2302998: " in done.stderr


def test_another_application_is_refused(server, policy):
    done = run_unit("game", SANDBOX, "wsbrokerctl", "connect", f"{server.url}/game", check=False)
    assert done.returncode != 0
    assert "201: " in done.stderr
    assert not server.opened("/game")


def test_a_reload_takes_it_back_from_a_live_connection(server, policy, connect):
    application = connect(f"{server.url}/revoked")
    application.ask("hello")
    (broker.POLICY_FOLDER / "50-test.conf").write_text("[unit chat.service]\nPermissions=\n", encoding="utf-8")
    SERVICE.systemctl("reload")
    assert server.close_code("/revoked") == 1008
    status, errors = application.end()
    assert status != 0
    assert "201: " in errors


def test_a_reload_of_a_file_with_an_error_fails_and_changes_nothing(server, policy, connect):
    application = connect(f"{server.url}/kept")
    application.ask("hello")
    (broker.POLICY_FOLDER / "60-wrong.conf").write_text("[unit chat.service]\nPermision=\n", encoding="utf-8")
    try:
        done = SERVICE.systemctl("reload", check=False)
    finally:
        (broker.POLICY_FOLDER / "60-wrong.conf").unlink()
    assert done.returncode != 0
    assert SERVICE.state == "active"
    messages = [entry["MESSAGE"] for entry in journal(f"_SYSTEMD_UNIT={SERVICE.name}")]
    assert any("60-wrong.conf:2" in message for message in messages)
    assert application.ask("still there?") == "you said: still there?"
    assert application.close() == (0, "")


def test_a_user_of_the_system(server, connect):
    broker.write_policy(POLICY.replace("[unit chat.service]", "[user alice]"))
    try:
        application = connect(f"{server.url}/alice", unit="of-alice", properties=("User=alice",))
        assert application.ask("hello") == "you said: hello"
        assert application.close() == (0, "")
    finally:
        broker.remove_policy()
