# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system that does not tell who its users are, as one whose directory server has gone."""

import os
import subprocess
import time

import pytest

from harness import accounts
from harness.access import ALLOWED
from harness.bus_application import BusApplication
from harness.remote_application import RemoteApplication
from harness.service import DEFAULT_POLICY
from harness.waiting import within

pytestmark = accounts.needs_root


def hide_accounts(service, file="/etc/passwd"):
    """From now on, who reads the accounts where SERVICE runs waits for ever."""
    path = os.path.join(service.directory, "accounts")
    os.mkfifo(path)
    os.chmod(path, 0o644)
    enter = ["nsenter", f"--target={service.process.pid}", "--mount"]
    subprocess.run([*enter, "mount", "--bind", path, file], check=True)


def add_group(service, name):
    """Root's group has another name, where SERVICE runs."""
    path = os.path.join(service.directory, "groups")
    with open("/etc/group", encoding="utf-8") as groups, open(path, "w", encoding="utf-8") as changed:
        changed.write(groups.read().replace("root:", f"{name}:", 1))
    os.chmod(path, 0o644)
    enter = ["nsenter", f"--target={service.process.pid}", "--mount"]
    subprocess.run([*enter, "mount", "--bind", path, "/etc/group"], check=True)


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        # For a group that the system does not know yet, which may be one of the caller's by the time.
        pytest.param("/etc/group", marks=pytest.mark.policy(f"{DEFAULT_POLICY}[group no-such-group-yet]\n")),
    ],
)
async def test_caller_whose_name_is_not_told(service, serve, bus_application, remote, file):
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    hide_accounts(service, file)
    late = await remote()
    reply = late.post("manager", "WhoAmI", "", [])
    seconds = []
    while not reply.done():
        started = time.monotonic()
        await websocket.echo("who is known goes on")
        seconds.append(time.monotonic() - started)
    assert (await reply)[0] == "unidentified"
    # Were it to wait, one echo would take all of that time, and there would be few.
    assert len(seconds) > 50 or max(seconds) < sum(seconds) / 2


async def test_groups_that_nobody_asks_for(service, remote):
    """Where policy names none, or only those that the system knew."""
    hide_accounts(service, "/etc/group")
    assert (await (await remote()).call_manager("WhoAmI"))[0] == "user root"


@pytest.mark.policy(f"[user *]\nPermissions=\n[group no-such-group-yet]\n{ALLOWED}")
async def test_group_that_is_made_later(service, remote):
    """The caller is known by it, without a reload."""
    url = "ws://chat.example.test/"
    assert not (await (await remote()).call_manager("CheckAccess", "s", url))[0]
    add_group(service, "no-such-group-yet")
    assert (await (await remote()).call_manager("CheckAccess", "s", url))[0]


# Long enough to become a user of the service meanwhile; less than the name of a user is waited for.
@pytest.mark.config("ExitOnIdle=1s\n")
async def test_caller_is_answered_before_the_service_ends(stopped_service, bus, directory):
    """While it is found out who asks nobody is being served, and yet the service is not idle."""
    await stopped_service.start()
    keeper = await BusApplication.start(bus.new_connection())
    await keeper.create()
    hide_accounts(stopped_service)
    late = RemoteApplication("late", directory, bus.address)
    try:
        await late.start()
        reply = late.post("manager", "WhoAmI", "", [])
        # The bus takes a connection's messages in their order: when it answers this one, the service has the other.
        await late.request("listen")
        await keeper.leave()
        assert (await within(reply, "answer before the end"))[0] == "unidentified"
    finally:
        await late.destroy()
    assert await stopped_service.process.exit_status() == 0
