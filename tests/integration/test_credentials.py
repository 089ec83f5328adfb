# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the service makes of credentials that a bus may give and the buses of this machine do not: security labels,
as AppArmor has them for a Snap, and the descriptor of the caller's process (ACCEPTANCE rows 57 and 58)."""

import os
import pwd
import subprocess

import pytest
from dbus_next import Variant

from harness import accounts, recycling
from harness.access import ALLOWED
from harness.fake_bus import FakeBus
from harness.identity_helper import IdentityHelper
from harness.service import Service, environment, program
from harness.waiting import within

pytestmark = accounts.needs_root

ALICE = pwd.getpwnam(accounts.ALICE)
CALLER = ":1.7"


@pytest.fixture
async def fake_bus(request, directory, service_namespace):
    """With the service on it, and the identity helper beside it."""
    bus = FakeBus(directory)
    service = Service(directory, bus, service_namespace)
    service.write_policy(request.node.get_closest_marker("policy").args[0])
    helper_program = os.path.join(os.path.dirname(program()), "wsbroker-identify")
    helper = IdentityHelper(directory, helper_program, environment())
    try:
        await bus.start()
        await helper.start()
        await service.spawn(WSBROKER_IDENTIFY_SOCKET=helper.path).start()
        await within(bus.named.wait(), "service on the bus")
        yield bus
        assert service.process.running, service.process.child.returncode
        service.check_reports()
    finally:
        await service.destroy()
        await helper.destroy()
        await bus.destroy()


@pytest.fixture
def start_process():
    """Starts a process that does nothing: start_process(user)."""
    started = []

    def start(user):
        child = subprocess.Popen([*accounts.run_as(user), "sh", "-c", "echo; exec sleep infinity"], stdout=-1)
        started.append(child)
        # It runs under its user by now.
        child.stdout.readline()
        return child

    yield start
    for child in started:
        child.stdout.close()
        recycling.end(child)


def credentials(pid, label=None, **more):
    label_bytes = {} if label is None else {"LinuxSecurityLabel": Variant("ay", label)}
    return {
        "UnixUserID": Variant("u", ALICE.pw_uid),
        "UnixGroupIDs": Variant("au", [ALICE.pw_gid]),
        "ProcessID": Variant("u", pid),
        **label_bytes,
        **more,
    }


# Labels.

SNAP_POLICY = f"[snap chat]\n{ALLOWED}"
ALICES_POLICY = f"[user {accounts.ALICE}]\n{ALLOWED}"

DECIDED = {
    "snap": (SNAP_POLICY, b"snap.chat.chat (enforce)\0", True),
    "snap by its application": (SNAP_POLICY.replace("chat]", "chat.chat]"), b"snap.chat.chat (enforce)\0", True),
    "another application of the snap": (SNAP_POLICY.replace("chat]", "chat.other]"), b"snap.chat.chat (enforce)\0", False),
    "snap's own label": (f"[label snap.chat.chat]\n{ALLOWED}", b"snap.chat.chat (enforce)\0", True),
    "another snap": (SNAP_POLICY, b"snap.chatter.chat (enforce)\0", False),
    "snap in complain mode": (SNAP_POLICY, b"snap.chat.chat (complain)\0", False),
    "what only ends as a snap's": (SNAP_POLICY, b"/usr/bin/snap.chat.chat (enforce)\0", False),
    "profile": (f"[label /usr/bin/chat]\n{ALLOWED}", b"/usr/bin/chat (enforce)\0", True),
    "profile in complain mode": (f"[label /usr/bin/chat]\n{ALLOWED}", b"/usr/bin/chat (complain)\0", False),
    "profile in a mode of tomorrow": (f"[label /usr/bin/chat]\n{ALLOWED}", b"/usr/bin/chat (new)\0", False),
    "unconfined user": (ALICES_POLICY, b"unconfined\0", True),
    "SELinux": (f"[label system_u:system_r:chat_t:s0]\n{ALLOWED}", b"system_u:system_r:chat_t:s0\0", True),
    "no label": (SNAP_POLICY, None, False),
    "the snap denies, the user may": (f"[snap chat]\nPermissions=\n{ALICES_POLICY}", b"snap.chat.chat (enforce)\0", False),
    "the snap may, the user is denied": (f"{SNAP_POLICY}[user {accounts.ALICE}]\nPermissions=\n", b"snap.chat.chat (enforce)\0", False),
}


@pytest.mark.parametrize(
    "label, allowed",
    [
        pytest.param(label, allowed, marks=pytest.mark.policy(policy), id=name)
        for name, (policy, label, allowed) in DECIDED.items()
    ],
)
async def test_row_57_label_decides(fake_bus, start_process, label, allowed):
    fake_bus.credentials[CALLER] = credentials(start_process(accounts.ALICE).pid, label)
    assert await fake_bus.may_connect(CALLER) == allowed


@pytest.mark.policy(SNAP_POLICY)
async def test_snap_is_what_the_caller_is(fake_bus, start_process):
    fake_bus.credentials[CALLER] = credentials(start_process(accounts.ALICE).pid, b"snap.chat.chat (enforce)\0")
    assert await fake_bus.who_is(CALLER) == f"snap chat.chat, user {accounts.ALICE}"


DOUBTFUL = {
    "label without its NUL": {"LinuxSecurityLabel": Variant("ay", b"unconfined")},
    "label with a NUL inside": {"LinuxSecurityLabel": Variant("ay", b"a\0unconfined\0")},
    "empty label": {"LinuxSecurityLabel": Variant("ay", b"")},
    "label that is no UTF-8": {"LinuxSecurityLabel": Variant("ay", b"\xff\0")},
    "long label": {"LinuxSecurityLabel": Variant("ay", b"a" * 5000 + b"\0")},
    "label of another type": {"LinuxSecurityLabel": Variant("s", "unconfined")},
    "uid of another type": {"UnixUserID": Variant("s", "0")},
    "no process": {"ProcessID": Variant("u", 0)},
    "a process id that is none": {"ProcessID": Variant("u", 0xFFFFFFFF)},
    "somebody else's process": {"ProcessID": Variant("u", 1)},
    "groups without the process's": {"UnixGroupIDs": Variant("au", [])},
    "pidfd of another type": {"ProcessFD": Variant("s", "3")},
}


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("more", DOUBTFUL.values(), ids=DOUBTFUL)
async def test_row_58_credentials_in_doubt(fake_bus, start_process, more):
    fake_bus.credentials[CALLER] = credentials(start_process(accounts.ALICE).pid, **more)
    assert await fake_bus.who_is(CALLER) == "unidentified"
    assert not await fake_bus.may_connect(CALLER)


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
@pytest.mark.parametrize("missing", ["UnixUserID", "UnixGroupIDs", "ProcessID"])
async def test_row_58_credential_that_is_missing(fake_bus, start_process, missing):
    fake_bus.credentials[CALLER] = credentials(start_process(accounts.ALICE).pid)
    del fake_bus.credentials[CALLER][missing]
    assert await fake_bus.who_is(CALLER) == "unidentified"


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_row_58_caller_that_the_bus_does_not_know(fake_bus):
    assert await fake_bus.who_is(":1.99") == "unidentified"


# The descriptor of a process.


@pytest.fixture
def open_pidfd():
    opened = []

    def open_one(pid):
        opened.append(os.pidfd_open(pid))
        return opened[-1]

    yield open_one
    for descriptor in opened:
        os.close(descriptor)


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_pidfd_says_which_process_it_is(fake_bus, start_process, open_pidfd):
    """The number beside it counts for nothing: here it is another user's."""
    pidfd = open_pidfd(start_process(accounts.ALICE).pid)
    bobs = start_process(accounts.BOB).pid
    fake_bus.credentials[CALLER] = credentials(bobs, ProcessFD=Variant("h", pidfd))
    assert await fake_bus.who_is(CALLER) == f"user {accounts.ALICE}"


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_row_58_pidfd_of_a_process_that_is_gone(fake_bus, start_process, open_pidfd):
    """Beside the number of one that is there, of the same user."""
    gone = start_process(accounts.ALICE)
    pidfd = open_pidfd(gone.pid)
    recycling.end(gone)
    other = start_process(accounts.ALICE).pid
    fake_bus.credentials[CALLER] = credentials(other, ProcessFD=Variant("h", pidfd))
    assert await fake_bus.who_is(CALLER) == "unidentified"
    # Without it the same credentials are good.
    fake_bus.credentials[":1.8"] = credentials(other)
    assert await fake_bus.who_is(":1.8") == f"user {accounts.ALICE}"


@pytest.mark.policy(f"[user *]\n{ALLOWED}")
async def test_row_58_descriptor_that_is_no_pidfd(fake_bus, start_process, directory):
    descriptor = os.open(directory, os.O_RDONLY)
    fake_bus.credentials[CALLER] = credentials(
        start_process(accounts.ALICE).pid, ProcessFD=Variant("h", descriptor)
    )
    assert await fake_bus.who_is(CALLER) == "unidentified"
    os.close(descriptor)


@pytest.mark.skipif(not recycling.available(), reason="cannot choose process ids here")
@pytest.mark.policy(ALICES_POLICY)
async def test_row_58_recycled_process_id_of_the_same_user_with_a_pidfd(fake_bus, start_process, open_pidfd):
    for _ in range(recycling.ATTEMPTS):
        gone = start_process(accounts.ALICE)
        pidfd = open_pidfd(gone.pid)
        recycling.end(gone)
        successor = await recycling.process_with_id(gone.pid, accounts.ALICE)
        if successor is not None:
            break
    assert successor is not None, "no process id again"
    fake_bus.credentials[CALLER] = credentials(gone.pid, ProcessFD=Variant("h", pidfd))
    assert await fake_bus.who_is(CALLER) == "unidentified"
    assert not await fake_bus.may_connect(CALLER)
    recycling.end(successor)
