# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process takes on the process id of a caller between its call and the look at it, and gains nothing (ACCEPTANCE
row 58). The helper that looks is held until then."""

import signal
import time

import pytest

from harness import accounts, recycling
from harness.access import ALLOWED, may_not_connect

IN_TIME = 1.0  # seconds: the service waits for the helper twice as long

pytestmark = [
    accounts.needs_root,
    pytest.mark.skipif(not recycling.available(), reason="cannot choose process ids here"),
]


@pytest.fixture
async def recycled(service, remote, make_unit, unit_name):
    """A caller of Alice's has called and its process is gone, its id recycled: recycled(user). Then the helper
    looks. The application and what it was told it is."""
    service.write_policy(f"[unit {unit_name}]\n{ALLOWED}[user {accounts.BOB}]\n{ALLOWED}")
    await service.reload()
    procs = make_unit(f"system.slice/{unit_name}")
    successors = []

    async def attempt(user):
        """None where another process was there first, or where it took so long that nobody looks any more."""
        application = await remote(user=accounts.ALICE, orphan=True)
        assert await application.process.exit_status() == 0
        service.identity_helper.process.send_signal(signal.SIGSTOP)
        posted = time.monotonic()
        call = application.post("manager", "WhoAmI", "", [])
        successor = await recycling.process_with_id(application.process.pid, user, procs)
        if successor is not None:
            successors.append(successor)
        in_time = time.monotonic() - posted < IN_TIME
        assert not in_time or not call.done()
        service.identity_helper.process.send_signal(signal.SIGCONT)
        subject = (await call)[0]
        return (application, subject) if successor is not None and in_time else None

    async def recycle(user):
        for _ in range(recycling.ATTEMPTS):
            if (result := await attempt(user)) is not None:
                return result
        raise AssertionError("no process id again")

    yield recycle
    for successor in successors:
        recycling.end(successor)


@pytest.mark.parametrize("user", [accounts.BOB, None], ids=["another user's", "root's"])
async def test_row_58_recycled_process_id(recycled, user):
    """Neither the caller gains what the new process may, nor does it stay who it was."""
    application, subject = await recycled(user)
    assert subject == "unidentified"
    await may_not_connect(application)


async def test_recycled_process_id_is_looked_at(recycled, unit_name):
    """What the tests above recycle would be believed if it were the caller's user's: without a pidfd a process id
    is not known to be the same process of one user (see SECURITY.md)."""
    _, subject = await recycled(accounts.ALICE)
    assert subject == f"unit {unit_name}, user {accounts.ALICE}"
