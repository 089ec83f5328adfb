# SPDX-License-Identifier: LGPL-2.1-or-later
"""A system that does not tell who its users are, as one whose directory server has gone."""

import asyncio
import errno
import os
import signal
import subprocess
import time

import pytest
from dbus_next import MessageType

from harness import accounts
from harness.access import ALLOWED
from harness.application import Close, Error
from harness.bus_application import MANAGER, MANAGER_PATH, BusApplication
from harness.remote_application import RemoteApplication
from harness.service import BUS_NAME, DEFAULT_POLICY
from harness.waiting import eventually, within

pytestmark = accounts.needs_root


def run_where_it_runs(service, *command):
    subprocess.run(["nsenter", f"--target={service.process.pid}", "--mount", *command], check=True)


def hide_accounts(service, file="/etc/passwd"):
    """From now on, who reads the accounts where SERVICE runs waits for ever, at the FIFO that is returned."""
    path = os.path.join(service.directory, "accounts")
    os.mkfifo(path)
    os.chmod(path, 0o644)
    run_where_it_runs(service, "mount", "--bind", path, file)
    return path


def show_accounts(service, file="/etc/passwd"):
    """To who reads them from now on."""
    run_where_it_runs(service, "umount", "--lazy", file)


def add_group(service, name):
    """Root's group has another name, where SERVICE runs."""
    path = os.path.join(service.directory, "groups")
    with open("/etc/group", encoding="utf-8") as groups, open(path, "w", encoding="utf-8") as changed:
        changed.write(groups.read().replace("root:", f"{name}:", 1))
    os.chmod(path, 0o644)
    run_where_it_runs(service, "mount", "--bind", path, "/etc/group")


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


def start_reload_that_waits(service):
    """The reply to come; the policy names a user."""
    service.write_policy(f"{DEFAULT_POLICY}[user no-such-user-yet]\n")
    return asyncio.ensure_future(service.call_reload_policy())


async def let_go(path, waiting):
    """Who waits at the FIFO, if it has come that far, finds that it is no file of accounts."""

    def open_for_reader():
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            assert error.errno == errno.ENXIO, error
        return waiting.done()

    await eventually(open_for_reader, "end of the waiting")


async def test_reload_that_waits_for_accounts(service, serve, bus_application):
    """The policy in force stays, and nobody else waits. What was asked for meanwhile has the files of then."""
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    before = await service.generation()
    path = hide_accounts(service)
    first = start_reload_that_waits(service)
    for _ in range(100):
        await websocket.echo("goes on")
    service.write_policy("[user *]\nPermissions=\n", "60-later.conf")
    second = asyncio.ensure_future(service.call_reload_policy())
    assert await service.generation() == before
    await websocket.echo("goes on")
    assert not first.done() and not second.done()
    show_accounts(service)
    await let_go(path, first)
    assert (await second).message_type == MessageType.METHOD_RETURN
    assert await service.generation() > before
    assert (await websocket.next(Error)).code == 201
    assert await websocket.next(Close) == Close(1008, "")


async def test_the_end_does_not_wait_for_accounts(stopped_service):
    await stopped_service.start()
    await stopped_service.generation()
    hide_accounts(stopped_service)
    reload = start_reload_that_waits(stopped_service)
    await stopped_service.generation()
    stopped_service.process.send_signal(signal.SIGTERM)
    assert await stopped_service.process.exit_status() == 0
    assert (await reload).message_type == MessageType.ERROR


async def test_subject_in_words_that_is_not_told(service, serve, bus_application):
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    await service.generation()
    hide_accounts(service)
    reply = asyncio.ensure_future(
        service.administrator.call(
            BUS_NAME, MANAGER_PATH, MANAGER, "ExplainAccess", "ss", ["user games", "ws://chat.example.test/"]
        )
    )
    while not reply.done():
        await websocket.echo("goes on")
    assert (await reply).error_name == "org.wsbroker1.Error.Unknown"
    assert "does not tell" in (await reply).body[0]


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
