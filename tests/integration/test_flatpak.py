# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applications in a sandbox as Flatpak makes it, and what a process gains that only pretends to be in one
(ACCEPTANCE rows 57 and 58)."""

import os
import pwd
import socket

import pytest

from harness import accounts, cgroups, sandbox
from harness.access import ALLOWED, may_connect, may_not_connect, who_am_i
from harness.application import refused
from harness.listening_program import needs_program
from harness.process import Process
from harness.remote_application import RemoteApplication, enter_cgroup

pytestmark = [
    accounts.needs_root,
    needs_program("bwrap"),
    pytest.mark.skipif(not sandbox.works(accounts.ALICE), reason="needs user namespaces for a sandbox"),
]

CHAT = "org.example.Chat"
FLATPAK_POLICY = f"[flatpak {CHAT}]\n{ALLOWED}"


@pytest.fixture
def scope_name(unit_name):
    return f"app-flatpak-{unit_name.removesuffix('.service')}.scope"


@pytest.fixture
async def flatpak(service, servers, directory, make_unit, scope_name):
    """Starts an application of Alice's as Flatpak does, in a scope of her manager: flatpak(name); the
    application and its sandbox."""
    started = []

    async def start(name):
        uid = pwd.getpwnam(accounts.ALICE).pw_uid
        procs = make_unit(cgroups.of_user_manager(uid, f"app.slice/{scope_name}"))
        box = sandbox.FlatpakSandbox(
            directory, service.bus.address, name, accounts.ALICE, enter_cgroup(procs)
        )
        started.append(box)
        await box.start()
        application = RemoteApplication(
            name, directory, box.address, user=accounts.ALICE, cgroup_procs=procs, wrapper=box.command()
        )
        started.append(application)
        return await application.start(), box

    yield start
    for each in reversed(started):
        await each.destroy()


async def can_dial(directory, command, port):
    """Whether a program run by COMMAND reaches a loopback port by itself."""
    program = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"
    process = Process("dialler", directory, [*command, "/usr/bin/python3", "-c", program, str(port)])
    status = await (await process.start()).exit_status()
    assert status == 0 or "OSError" in process.stderr() or "ConnectionRefused" in process.stderr()
    return status == 0


@needs_program("xdg-dbus-proxy")
@pytest.mark.policy(FLATPAK_POLICY.replace("*:*", "127.0.0.1:*"))
async def test_flatpak_application_reaches_what_it_may_and_nothing_else(flatpak, serve, scope_name):
    server = await serve()
    application, _ = await flatpak(CHAT)
    subject = (await who_am_i(application)).split(", ")
    assert {f"flatpak {CHAT}", f"user-unit {scope_name}", f"user {accounts.ALICE}"} <= set(subject)
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.echo("from inside")
    await refused(2302998, (await application.create()).connect(server.url(host="localhost")))


@needs_program("xdg-dbus-proxy")
@pytest.mark.policy(FLATPAK_POLICY)
async def test_flatpak_application_has_no_network_of_its_own(flatpak, serve, directory):
    server = await serve()
    _, box = await flatpak(CHAT)
    alice = accounts.run_as(accounts.ALICE)
    assert not await can_dial(directory, [*alice, *box.command()], server.port)
    # What keeps it from the server is the sandbox alone.
    assert await can_dial(directory, [*alice, *box.command(), "--share-net"], server.port)


@needs_program("xdg-dbus-proxy")
@pytest.mark.policy(FLATPAK_POLICY)
async def test_another_flatpak_application_is_not_this_one(flatpak):
    application, _ = await flatpak("org.example.Chat2")
    assert "flatpak org.example.Chat2" in (await who_am_i(application)).split(", ")
    await may_not_connect(application)


@needs_program("xdg-dbus-proxy")
async def test_row_57_what_denies_the_users_manager_denies_the_flatpak(flatpak, service, scope_name):
    service.write_policy(f"{FLATPAK_POLICY}[user-unit {scope_name}]\nPermissions=\n")
    await service.reload()
    application, _ = await flatpak(CHAT)
    await may_not_connect(application)


# A process that makes the root it likes, outside any session.


@pytest.fixture
def write_info(directory):
    """Writes what is to become a /.flatpak-info; its path."""

    def write(content):
        path = os.path.join(directory, "flatpak-info")
        with open(path, "wb") as file:
            file.write(content)
        return path

    return write


@pytest.fixture
def forged(directory, write_info):
    info = write_info(sandbox.flatpak_info(CHAT).encode())
    return sandbox.bubblewrap(directory, "--ro-bind", info, "/.flatpak-info")


@pytest.mark.parametrize("denied", [True, False], ids=["denied", "not named"])
async def test_row_57_flatpak_forged_by_a_process_of_a_unit(remote_in, service, unit_name, forged, denied):
    section = f"[unit {unit_name}]\nPermissions=\n" if denied else ""
    service.write_policy(FLATPAK_POLICY + section)
    await service.reload()
    application = await remote_in(f"system.slice/{unit_name}", user=accounts.ALICE, wrapper=forged)
    assert await who_am_i(application) == f"unit {unit_name}, user {accounts.ALICE}"
    await may_not_connect(application)


@pytest.mark.policy(FLATPAK_POLICY)
async def test_row_57_flatpak_forged_by_a_process_of_another_users_manager(remote_in, scope_name, forged):
    path = cgroups.of_user_manager(pwd.getpwnam(accounts.BOB).pw_uid, f"app.slice/{scope_name}")
    application = await remote_in(path, user=accounts.ALICE, wrapper=forged)
    assert CHAT not in await who_am_i(application)
    await may_not_connect(application)


@pytest.mark.policy(f"[user *]\nPermissions=\n{FLATPAK_POLICY}[user {accounts.ALICE}]\n{ALLOWED}")
async def test_forging_takes_nothing_from_who_has_it_anyway(remote_in, unit_name, forged, serve):
    application = await remote_in(f"system.slice/{unit_name}", user=accounts.ALICE, wrapper=forged)
    await may_connect(application, serve)


# A /.flatpak-info that says nothing to rely on.


def fifo(path):
    os.mkfifo(path, 0o644)


def socket_file(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


WELL_FORMED = sandbox.flatpak_info(CHAT).encode()

MALFORMED = {
    "empty": b"",
    "no key file": b"[Application\nname=org.example.Chat\n",
    "no group": b"name=org.example.Chat\n",
    "a runtime's": b"[Runtime]\nruntime=runtime/org.example.Platform/x86_64/1\n",
    "no ID": b"[Application]\nname=chat\n",
    "an ID with a slash": b"[Application]\nname=org.example/../Chat\n",
    "an ID that goes on": b"[Application]\nname=org.example.Chat\\nuser root\n",
    "NUL": WELL_FORMED + b"\0",
    "an ID that is no UTF-8": b"[Application]\nname=org.example.Chat\xff\n",
    "one byte too many": WELL_FORMED + b"#" * (64 * 1024 + 1 - len(WELL_FORMED)),
    "huge": WELL_FORMED + b"#" * (100 * 1024 * 1024),
}

NO_FILES = {"FIFO": fifo, "socket": socket_file, "directory": os.mkdir}


async def is_unidentified(remote, wrapper):
    application = await remote(user=accounts.ALICE, wrapper=wrapper)
    assert await who_am_i(application) == "unidentified"
    await may_not_connect(application)


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_row_58_malformed_flatpak_info(remote, directory, write_info, content):
    info = write_info(content)
    await is_unidentified(remote, sandbox.bubblewrap(directory, "--ro-bind", info, "/.flatpak-info"))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
async def test_row_58_flatpak_info_that_is_no_file(remote, directory, make):
    path = os.path.join(directory, "flatpak-info")
    make(path)
    await is_unidentified(remote, sandbox.bubblewrap(directory, "--bind", path, "/.flatpak-info"))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_row_58_flatpak_info_that_is_a_device(remote, directory):
    options = ["--dev-bind", "/dev/zero", "/.flatpak-info"]
    await is_unidentified(remote, sandbox.bubblewrap(directory, *options))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("target", ["info", "nowhere", "/.flatpak-info"])
async def test_row_58_flatpak_info_that_is_a_link(remote, directory, write_info, target):
    info = write_info(WELL_FORMED)
    options = ["--ro-bind", info, "/info", "--symlink", target, "/.flatpak-info"]
    await is_unidentified(remote, sandbox.bubblewrap(directory, *options))


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("content", [WELL_FORMED, None], ids=["well-formed", "none"])
async def test_row_58_such_a_sandbox_by_itself_hides_nobody(remote, directory, write_info, serve, content):
    """So that what makes the others unidentified is the file."""
    options = [] if content is None else ["--ro-bind", write_info(content), "/.flatpak-info"]
    application = await remote(user=accounts.ALICE, wrapper=sandbox.bubblewrap(directory, *options))
    await may_connect(application, serve)
