# SPDX-License-Identifier: LGPL-2.1-or-later
"""A caller at whose root a file system hangs: nobody learns who it is, and nobody else waits for that (ACCEPTANCE
row 58)."""

import os
import tempfile

import pytest

from harness import accounts, hanging_root
from harness.access import ALLOWED, may_connect, may_not_connect, who_am_i

pytestmark = [
    accounts.needs_root,
    pytest.mark.skipif(not os.access("/dev/fuse", os.R_OK | os.W_OK), reason="needs FUSE"),
    pytest.mark.policy(f"[user *]\n{ALLOWED}"),
]

TESTS = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture
def hanging(directory):
    """The beginning of a command line that runs the rest as Alice, at such a root."""
    root = tempfile.mkdtemp(dir=directory)
    folders = [root, TESTS, directory]
    return [
        *("unshare", "--mount", "/usr/bin/python3", "-B", hanging_root.__file__),
        *(*folders, "--"),
        *accounts.run_as(accounts.ALICE),
    ]


async def test_row_58_hanging_root_is_unidentified(remote, hanging):
    application = await remote(wrapper=hanging)
    assert await who_am_i(application) == "unidentified"
    await may_not_connect(application)


ROUNDS = 3


async def test_nobody_waits_for_a_hanging_root(remote, hanging, serve):
    """The others are done before the two seconds are over after which nobody waits anyway. What else the machine does
    can only make them later: one round that shows it is enough."""
    for _ in range(ROUNDS):
        hung = [await remote(wrapper=hanging) for _ in range(6)]
        others = [await remote(user=user) for user in (accounts.BOB, accounts.ALICE)]
        # The sixth finds no place: of one user's questions four are looked into at a time.
        calls = [application.post("manager", "WhoAmI", "", []) for application in hung[:3]]
        for other in others:
            await may_connect(other, serve)
        in_time = not any(call.done() for call in calls)
        calls += [application.post("manager", "WhoAmI", "", []) for application in hung[3:]]
        assert [(await call)[0] for call in calls] == ["unidentified"] * 6
        if in_time:
            break
    assert in_time
    # Their places are free again.
    await may_connect(await remote(user=accounts.ALICE), serve)
