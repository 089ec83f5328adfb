# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service ends: told to, or because nobody needs it."""

import pytest

from harness import broker
from harness.machine import SERVICE


def test_stop_with_connections_open(server, policy, connect):
    names = ("chat", "chat-2", "chat-3")
    broker.write_policy("".join(policy.replace("chat", name) for name in names))
    applications = {name: connect(f"{server.url}/stopped/{name}", unit=name) for name in names}
    for application in applications.values():
        application.ask("hello")
    SERVICE.systemctl("stop")
    assert SERVICE.show("Result") == "success"
    for name, application in applications.items():
        assert server.close_code(f"/stopped/{name}") == 1001
        assert application.end()[0] != 0


def test_the_next_call_starts_it_again(server, policy, connect):
    assert SERVICE.state == "inactive"
    assert connect(f"{server.url}/again").ask("hello") == "you said: hello"
    assert SERVICE.state == "active"


@pytest.fixture
def exit_on_idle():
    file = broker.CONFIG_FOLDER / "50-test.conf"
    file.write_text("[Broker]\nExitOnIdle=500ms\n", encoding="utf-8")
    SERVICE.systemctl("stop")
    yield
    file.unlink()
    SERVICE.systemctl("try-restart")


def test_idle_it_goes_by_itself_and_comes_back(exit_on_idle, server, policy, connect):
    application = connect(f"{server.url}/busy")
    application.ask("hello")
    assert SERVICE.state == "active"
    application.close()
    SERVICE.wait_for("inactive")
    assert SERVICE.show("Result") == "success"
    assert not broker.owns_name()
    assert connect(f"{server.url}/busy-again").ask("hello") == "you said: hello"
