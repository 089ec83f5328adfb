# SPDX-License-Identifier: LGPL-2.1-or-later
"""A newer package is installed while a connection is open."""

from harness import broker
from harness.machine import IDENTIFY_SERVICE, IDENTIFY_SOCKET, SERVICE, Process, installed_version, run


def test_upgrade_restarts_the_service(server, policy, connect):
    application = connect(f"{server.url}/upgraded")
    application.ask("hello")
    pid, helper_pid, version = SERVICE.main_pid, IDENTIFY_SERVICE.main_pid, installed_version("wsbroker")
    run("apt-get", "install", "--yes", "/system-test/upgrade.deb")
    assert installed_version("wsbroker") == f"{version}+upgrade"
    assert server.close_code("/upgraded") == 1001
    assert application.end()[0] != 0
    for unit, old_pid, program in (
        (SERVICE, pid, "/usr/sbin/wsbrokerd"),
        (IDENTIFY_SERVICE, helper_pid, "/usr/libexec/wsbroker-identify"),
    ):
        assert unit.state == "active"
        assert unit.main_pid != old_pid
        assert Process(unit.main_pid).program() == program
    assert IDENTIFY_SOCKET.state == "active"


def test_the_policy_is_as_before(server, policy, connect):
    assert connect(f"{server.url}/after-upgrade").ask("hello") == "you said: hello"


def test_upgrade_starts_no_service_that_was_stopped():
    SERVICE.systemctl("stop")
    IDENTIFY_SERVICE.systemctl("stop")
    run("dpkg", "--install", "/system-test/upgrade.deb")
    assert SERVICE.state == "inactive"
    assert IDENTIFY_SERVICE.state == "inactive"
    assert IDENTIFY_SOCKET.state == "active"
    assert not broker.owns_name()
