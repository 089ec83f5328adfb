# SPDX-License-Identifier: LGPL-2.1-or-later
"""apt install, on a system that runs."""

import pathlib
import pwd
import stat

from harness import broker
from harness.machine import IDENTIFY_SERVICE, IDENTIFY_SOCKET, SERVICE, installed_version, output, run

PACKAGES = ("wsbroker", "wsbroker-tools", "libwsbroker0", "libwsbroker-dev")


def test_nothing_is_there_before():
    assert not SERVICE.exists()
    assert not any(map(installed_version, PACKAGES))


def test_packages_install():
    files = sorted(str(path) for path in pathlib.Path("packages").resolve().glob("*.deb"))
    run("apt-get", "install", "--yes", "--no-install-recommends", *files)
    assert all(map(installed_version, PACKAGES))


def test_installing_starts_no_service():
    assert SERVICE.state == "inactive"
    assert IDENTIFY_SERVICE.state == "inactive"
    assert not broker.owns_name()


def test_the_helper_s_socket_is_ready_and_stays_so():
    assert IDENTIFY_SOCKET.state == "active"
    assert output("systemctl", "is-enabled", IDENTIFY_SOCKET.name) == "enabled"
    socket = pathlib.Path("/run/wsbroker-identify.socket")
    assert (socket.owner(), stat.S_IMODE(socket.stat().st_mode)) == ("wsbroker", 0o600)


def test_the_service_has_a_user_without_a_login():
    user = pwd.getpwnam("wsbroker")
    assert (user.pw_shell, user.pw_dir) == ("/usr/sbin/nologin", "/")
    assert user.pw_uid < 1000


def test_the_administrator_s_folders_are_there():
    for folder in (broker.POLICY_FOLDER, broker.CONFIG_FOLDER):
        assert (folder.owner(), folder.group(), stat.S_IMODE(folder.stat().st_mode)) == ("root", "root", 0o755)


def test_the_bus_gives_the_name_to_nobody_else():
    done = run(
        *("runuser", "--user=alice", "--", "busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus"),
        *("org.freedesktop.DBus", "RequestName", "su", "org.wsbroker1", "0"),
        check=False,
    )
    assert done.returncode != 0
    assert "Access denied" in done.stderr


def test_units_are_without_fault():
    """As systemd sees them, manual pages aside: this system has no man."""
    run("systemd-analyze", "verify", "--man=no", SERVICE.name, IDENTIFY_SERVICE.name, IDENTIFY_SOCKET.name)
