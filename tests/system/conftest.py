# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests on a booted system, run by tools/check-system inside of it. They follow a package's life from installation to
purge, so each file needs those before it; within that, a test leaves the policy and the service as it found them."""

import types

import pytest

from harness import broker, system_files
from harness.application import Application
from harness.machine import SERVICE, run
from harness.server import PORT, Server

POLICY = f"""\
[unit chat.service]
Permissions=INTERNET
AllowDomains=localhost:{PORT}
AllowLocalAddresses=yes
"""


@pytest.fixture(scope="session", autouse=True)
def before():
    """What there was before anything was installed."""
    run("useradd", "--create-home", "alice")
    return types.SimpleNamespace(paths=system_files.all_paths(), accounts=system_files.accounts())


@pytest.fixture(autouse=True)
def forgotten_starts():
    """systemd counts starts, and tests start the service more often than anybody would. It knows no unit that
    has not run."""
    SERVICE.systemctl("reset-failed", check=False)


@pytest.fixture(scope="session")
def server():
    running = Server().start()
    yield running
    running.stop()


@pytest.fixture
def policy():
    """chat.service may talk to the server."""
    broker.write_policy(POLICY)
    yield POLICY
    broker.remove_policy()


@pytest.fixture
def connect():
    """Starts applications, which end with the test."""
    applications = []

    def start(url, **more):
        applications.append(Application(url, **more))
        return applications[-1]

    yield start
    for application in applications:
        application.destroy()
