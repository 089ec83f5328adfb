# SPDX-License-Identifier: LGPL-2.1-or-later
"""Descriptors run out at each step of what the service and its helper do for an application: none can be had, then
one, then two, until all succeeds. What is asked meanwhile is refused or fails, in the words of the interface; what goes
on goes on; and when there are descriptors again, all is as before."""

import os
import pwd
import subprocess

import pytest
from dbus_next import Variant

from harness import accounts
from harness.application import ApiError, Error, HeaderReceive, Open
from harness.bus_application import BusApplication
from harness.client_certificates import read_bytes
from harness.remote_application import RemoteApplication
from harness.service import DEFAULT_POLICY
from harness.waiting import eventually

ENOUGH = 40  # more steps than anything here takes
POLLS = 10

pytestmark = pytest.mark.config("ConnectTimeout=5s\n")


class Descriptors:
    """Those of a process of USER's (None: of whoever runs the tests), and how many it may have."""

    def __init__(self, pid, user=None):
        self.pid = pid
        self.user = user
        self.soft, self.hard = self._prlimit(
            "--nofile", "--output=SOFT,HARD", "--noheadings", "--raw"
        ).split()

    def _prlimit(self, *arguments):
        """As the user: one user's limits are no other's to change, in a container not even root's."""
        command = [*accounts.run_as(self.user), "prlimit", f"--pid={self.pid}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _open(self):
        return {int(name) for name in os.listdir(f"/proc/{self.pid}/fd")}

    def count(self):
        return len(self._open())

    async def settled(self):
        """How many, when those of the connection before are closed: their number no longer changes."""
        counts = []

        def unchanged():
            counts.append(self.count())
            return len(counts) > POLLS and len(set(counts[-POLLS:])) == 1

        await eventually(unchanged, "descriptors that are closed")
        return counts[-1]

    async def returned_to(self, before, count):
        """No more than BEFORE, after an attempt with COUNT. A connection that ends slowly may stand still for longer
        than it takes to settle."""
        await self.settled()
        await eventually(lambda: self.count() <= before, f"no descriptor that stays open, with {count}")

    def leave(self, count):
        """COUNT more can be had, with the lowest numbers that are free, as the kernel gives them."""
        taken, limit = self._open(), 0
        while count > 0 or limit in taken:
            count -= limit not in taken
            limit += 1
        self._prlimit(f"--nofile={limit}:{self.hard}")

    def restore(self):
        self._prlimit(f"--nofile={self.soft}:{self.hard}")


@pytest.fixture
async def descriptors(service):
    """The service's, when it has settled: what it opens once and keeps is there."""
    limited = Descriptors(service.process.pid, accounts.service_user())
    yield limited
    limited.restore()


async def try_to_open(websocket, url, **options):
    """Whether it opened; otherwise it was refused for a limit or failed with one Error."""
    try:
        await websocket.connect(url, **options)
    except ApiError as error:
        assert error.code == 2302100, error.message
        return False
    event = await websocket.next()
    if isinstance(event, Error):
        assert event.code == 200 and event.stage in ("resolve", "connect", "handshake", "timeout"), event
        return False
    assert isinstance(event, HeaderReceive)
    assert await websocket.next() == Open()
    return True


async def steps_until(attempt, descriptors):
    """How many descriptors ATTEMPT needed. It is repeated with more each time; each failure leaves none open."""
    await attempt()
    before = await descriptors.settled()
    for count in range(ENOUGH):
        descriptors.leave(count)
        done = await attempt()
        descriptors.restore()
        await descriptors.returned_to(before, count)
        if done:
            return count
    raise AssertionError(f"more than {ENOUGH} descriptors")


@pytest.mark.parametrize(
    "host, keys", [("127.0.0.1", []), ("chat.example.test", []), ("127.0.0.1", ["ca"])], ids=["address", "name", "ca"]
)
async def test_at_each_step_of_connect(
    bus_application, serve, descriptors, needs_names, authority, host, keys
):
    server = await serve()
    options = {key: Variant("ay", read_bytes(authority.path)) for key in keys}
    other = await bus_application.create()
    await other.open(server.url())

    async def attempt():
        websocket = await bus_application.create()
        opened = await try_to_open(websocket, server.url(host=host), **options)
        if opened:
            await websocket.echo("opened")
        await other.echo("goes on")
        await websocket.release()
        websocket.nothing_more()
        return opened

    steps = await steps_until(attempt, descriptors)
    assert steps > 1, "a lane and a socket"


async def open_stream_or_release(websocket):
    """None where it was refused."""
    try:
        return await websocket.open_stream()
    except ApiError as error:
        assert error.code == 2302100, error.message
    await websocket.release()
    return None


async def test_at_each_step_of_open_stream(service, serve, descriptors):
    server = await serve()
    application = await BusApplication.start(service.bus.new_connection(with_descriptors=True))

    async def attempt():
        websocket = await application.create()
        stream = await open_stream_or_release(websocket)
        if stream is None:
            return False
        descriptors.restore()
        await websocket.open(server.url())
        await stream.echo("opened")
        stream.close()
        await service.no_websocket_left()
        return True

    assert await steps_until(attempt, descriptors) > 1, "a socket pair"
    await application.leave()


async def test_open_stream_is_refused_while_open(service, serve, descriptors):
    """The messages go on by signal, until there is a stream for them."""
    server = await serve()
    application = await BusApplication.start(service.bus.new_connection(with_descriptors=True))
    websocket = await application.create()
    await websocket.open(server.url())
    before = await descriptors.settled()
    stream, refused = None, 0
    while stream is None:
        descriptors.leave(refused)
        try:
            stream = await websocket.open_stream()
        except ApiError as error:
            assert error.code == 2302100, error.message
            refused += 1
            await websocket.echo("goes on")
        descriptors.restore()
        if stream is None:
            await descriptors.returned_to(before, refused)
    assert refused > 2, "a socket pair, and what is passed of it"
    await stream.echo("over the stream")
    stream.close()
    await application.leave()


@accounts.needs_root
@pytest.mark.policy(DEFAULT_POLICY + f"[user {accounts.ALICE}]\nPermissions=\n")
@pytest.mark.parametrize("whose", ["service", "helper"])
async def test_at_each_step_of_identification(service, directory, whose):
    """Who cannot be looked at is nobody, or known by uid: never somebody who may do more."""
    descriptors = {
        "service": Descriptors(service.process.pid, accounts.service_user()),
        "helper": Descriptors(service.identity_helper.process.pid),
    }[whose]
    named = f"user {accounts.ALICE}"
    by_number = f"user {pwd.getpwnam(accounts.ALICE).pw_uid}"

    async def attempt():
        caller = RemoteApplication("caller", directory, service.bus.address, user=accounts.ALICE)
        try:
            await caller.start()
            subject, _ = await caller.call_manager("WhoAmI")
            allowed, *_ = await caller.call_manager("CheckAccess", "s", "ws://127.0.0.1/")
        finally:
            await caller.destroy()
        assert subject in ("unidentified", by_number, named)
        assert not allowed, subject
        return subject == named

    assert await steps_until(attempt, descriptors) > 0
