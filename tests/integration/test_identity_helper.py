# SPDX-License-Identifier: LGPL-2.1-or-later
"""The helper that tells the service about its callers' processes dies, stops, or answers nonsense: then nobody is
known, the service goes on, and when there is a helper again, callers are known again."""

import pwd
import signal
import struct

import pytest

from harness import accounts
from harness.access import ALLOWED, may_connect, may_not_connect, who_am_i
from harness.remote_application import RemoteApplication
from harness.scripted_helper import ScriptedHelper, answer, facts, refusal

pytestmark = [accounts.needs_root, pytest.mark.policy(f"[user *]\n{ALLOWED}")]

ALICE = pwd.getpwnam(accounts.ALICE)
ALICES_FACTS = facts(ALICE.pw_uid, ALICE.pw_gid)


@pytest.fixture
def reported(service):
    """That the helper is gone is worth a warning."""
    service.expected_reports.append("The identity helper")
    return service


async def test_helper_that_is_killed(reported, remote, serve):
    before = await remote(user=accounts.ALICE)
    await may_connect(before, serve)
    helper = reported.identity_helper
    await helper.process.stop(signal.SIGKILL)
    await helper.destroy()
    lost = await remote(user=accounts.ALICE)
    assert await who_am_i(lost) == "unidentified"
    await may_not_connect(lost)
    # Who was known before still is.
    await may_connect(before, serve)
    reported.identity_helper = None
    reported.identity_helper = await helper.again().start()
    await may_connect(await remote(user=accounts.ALICE), serve)
    # What was once decided in doubt stays: an identity is taken at the first call.
    await may_not_connect(lost)


async def test_helper_that_is_killed_while_it_is_asked(reported, remote, serve):
    helper = reported.identity_helper
    helper.process.send_signal(signal.SIGSTOP)
    application = await remote(user=accounts.ALICE)
    call = application.post("manager", "WhoAmI", "", [])
    await helper.process.stop(signal.SIGKILL)
    assert (await call)[0] == "unidentified"


async def test_helper_that_stands_still(service, remote, serve):
    before = await remote(user=accounts.BOB)
    await may_connect(before, serve)
    service.identity_helper.process.send_signal(signal.SIGSTOP)
    stuck = [await remote(user=accounts.ALICE) for _ in range(3)]
    calls = [application.post("manager", "WhoAmI", "", []) for application in stuck]
    # The service does not wait with them.
    await may_connect(before, serve)
    assert not any(call.done() for call in calls)
    assert [(await call)[0] for call in calls] == ["unidentified"] * 3
    service.identity_helper.process.send_signal(signal.SIGCONT)
    await may_connect(await remote(user=accounts.ALICE), serve)
    # Late answers have changed nothing.
    await may_not_connect(stuck[0])


async def test_no_helper_from_the_beginning(stopped_service, directory, servers):
    """A service that is told of a helper does not look by itself, even where it could."""
    service = stopped_service
    service.expected_reports.append("The identity helper")
    await service.start(WSBROKER_IDENTIFY_SOCKET=f"{directory}/nobody.socket")
    application = await service.bus.connect()
    reply = await application.call("org.wsbroker1", "/org/wsbroker1", "org.wsbroker1.Manager", "WhoAmI")
    assert reply.body[0] == "unidentified"
    application.disconnect()
    await service.finish()


# Answers of a helper that is none.


@pytest.fixture
async def scripted(stopped_service, directory):
    """Starts the service with a helper of the test's: scripted(answer_question)."""
    started = []

    async def start(answer_question):
        stopped_service.expected_reports.append("The identity helper")
        helper = await ScriptedHelper(f"{directory}/scripted.socket", answer_question).start()
        started.append(helper)
        await stopped_service.start(WSBROKER_IDENTIFY_SOCKET=helper.path)
        return helper

    yield start
    if stopped_service.process is not None:
        await stopped_service.finish()
    for helper in started:
        await helper.destroy()


@pytest.fixture
async def alice(stopped_service, directory):
    """Starts applications of Alice's, once the service runs."""
    started = []

    async def start():
        application = RemoteApplication(
            f"alice-{len(started)}", directory, stopped_service.bus.address, user=accounts.ALICE
        )
        started.append(application)
        return await application.start()

    yield start
    for application in started:
        await application.destroy()


def of_lengths(cgroup_length, flatpak_info_length, texts=b"0::/\n"):
    """Facts about Alice that claim these lengths of their texts."""
    return struct.pack("=IIIII", ALICE.pw_uid, ALICE.pw_gid, cgroup_length, flatpak_info_length, 1) + texts


GARBAGE = {
    "nothing but a byte": lambda cookie: [b"\0"],
    "no result": lambda cookie: [struct.pack("=I", cookie)],
    "a result that is none": lambda cookie: [answer(cookie, 1, ALICES_FACTS)],
    "no facts": lambda cookie: [answer(cookie, 0)],
    "half of the facts": lambda cookie: [answer(cookie, 0, ALICES_FACTS[:10])],
    "less text than said": lambda cookie: [answer(cookie, 0, ALICES_FACTS[:-1])],
    "more text than said": lambda cookie: [answer(cookie, 0, ALICES_FACTS + b"\n")],
    "lengths over the bounds": lambda cookie: [answer(cookie, 0, of_lengths(16385, 0, b"0" * 16385))],
    "lengths that overflow": lambda cookie: [answer(cookie, 0, of_lengths(5, 0xFFFFFFFB))],
    "lengths that overflow to fit": lambda cookie: [answer(cookie, 0, of_lengths(0x80000000, 0x80000005))],
    "too large a packet": lambda cookie: [answer(cookie, 0, ALICES_FACTS + b"\0" * 100_000)],
    "its end": lambda cookie: None,
}

NO_IDENTITY = {
    "another's cookie": lambda cookie: [answer(cookie + 1, 0, ALICES_FACTS)],
    "a refusal": lambda cookie: [refusal(cookie)],
    "facts of another user": lambda cookie: [answer(cookie, 0, facts(0, ALICE.pw_gid))],
    "a group that the bus does not know": lambda cookie: [answer(cookie, 0, facts(ALICE.pw_uid, 0))],
    "a cgroup that is none": lambda cookie: [answer(cookie, 0, facts(ALICE.pw_uid, ALICE.pw_gid, b"?\n"))],
    "a cgroup with NUL": lambda cookie: [
        answer(cookie, 0, facts(ALICE.pw_uid, ALICE.pw_gid, b"0::/a\0.service\n"))
    ],
    "no cgroup": lambda cookie: [answer(cookie, 0, facts(ALICE.pw_uid, ALICE.pw_gid, b""))],
    "an empty /.flatpak-info": lambda cookie: [
        answer(cookie, 0, facts(ALICE.pw_uid, ALICE.pw_gid, flatpak_info=b""))
    ],
    "a refusal before the facts": lambda cookie: [refusal(cookie), answer(cookie, 0, ALICES_FACTS)],
}


@pytest.mark.parametrize("packets", [*GARBAGE.values(), *NO_IDENTITY.values()], ids=[*GARBAGE, *NO_IDENTITY])
async def test_answer_that_identifies_nobody(scripted, alice, serve, packets):
    replies = [packets]
    helper = await scripted(lambda cookie: replies[0](cookie))
    lost = await alice()
    assert await who_am_i(lost) == "unidentified"
    await may_not_connect(lost)
    assert helper.questions >= 1
    replies[0] = lambda cookie: [answer(cookie, 0, ALICES_FACTS)]
    await may_connect(await alice(), serve)


async def test_answers_twice_and_in_any_order(scripted, alice):
    """The second of two questions is answered first, the first one twice."""
    cookies = []

    def both(cookie):
        cookies.append(cookie)
        if len(cookies) < 2:
            return []
        return [answer(each, 0, ALICES_FACTS) for each in (cookies[1], cookies[0], cookies[0])]

    await scripted(both)
    applications = [await alice() for _ in range(2)]
    calls = [application.post("manager", "WhoAmI", "", []) for application in applications]
    assert [(await call)[0] for call in calls] == [f"user {accounts.ALICE}"] * 2
