# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several callers at once that call whatever there is, with whatever the bus lets pass, while one policy comes into force
after the other: see harness/bus_fuzzer.py and harness/random_policy.py. WSBROKER_FUZZ_SEED and WSBROKER_FUZZ_CALLS
ask for another run, or a longer one."""

import asyncio
import json
import os
import signal
import subprocess

import pytest

from harness import accounts
from harness.access import ALLOWED
from harness.process import Process
from harness.random_policy import RandomPolicy
from harness.service import SOURCE_ROOT
from harness.waiting import within

SEED = os.environ.get("WSBROKER_FUZZ_SEED", "1")
CALLS = int(os.environ.get("WSBROKER_FUZZ_CALLS", "1000"))  # of each caller
TIMEOUT = max(300.0, CALLS / 5)

# A caller with everything, one with nothing, two applications of one user that share their limits.
POLICY = (
    f"[user root]\n{ALLOWED}"
    f"[user {accounts.ALICE}]\n{ALLOWED}MaxConnections=4\n"
    f"[user {accounts.BOB}]\nPermissions=\n"
)
USERS = (None, accounts.ALICE, accounts.ALICE, accounts.BOB)

# What the service may answer; anything else, such as that nobody has answered, is the bus's word for a fault.
# A call of a standard interface is inconsistent to sd-bus when it has a string with a noncharacter, which the bus lets
# pass.
ANSWERS = {
    "return",
    "org.freedesktop.DBus.Error.InconsistentMessage",
    "org.freedesktop.DBus.Error.InvalidArgs",
    "org.freedesktop.DBus.Error.PropertyReadOnly",
    "org.freedesktop.DBus.Error.UnknownInterface",
    "org.freedesktop.DBus.Error.UnknownMethod",
    "org.freedesktop.DBus.Error.UnknownObject",
    "org.freedesktop.DBus.Error.UnknownProperty",
}


@pytest.fixture
async def start_fuzzer(directory, service):
    """Starts a caller as USER: start_fuzzer(user, seed, url, …)."""
    started = []

    async def start(user, *arguments):
        program = ("/usr/bin/python3", "-B", "-m", "harness.bus_fuzzer")
        process = Process(
            f"fuzzer-{len(started)}",
            directory,
            [
                *accounts.run_as(user),
                *program,
                service.bus.address,
                os.path.join(SOURCE_ROOT, "dbus"),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            cwd=os.path.dirname(os.path.abspath(__file__)),
        )
        started.append(process)
        return await process.start()

    yield start
    for process in started:
        await process.destroy()


async def result(fuzzer):
    """What it counted: how many calls wanted an answer, how many answers of each kind came, which calls
    succeeded."""
    line = await within(fuzzer.child.stdout.readline(), f"end of {fuzzer.name}", TIMEOUT)
    assert line, f"{fuzzer.name} failed:\n{fuzzer.stderr()}"
    assert await fuzzer.exit_status() == 0, fuzzer.stderr()
    counted = json.loads(line)
    return counted["wanted"], counted["answers"], counted["done"]


async def echo_until(over, websocket):
    """How often a message came back to an application that has nothing to do with it."""
    count = 0
    while not over.is_set() or count == 0:
        await websocket.echo(f"message {count}")
        count += 1
    return count


async def reload_until(over, service):
    """How many of an administrator's reloads, by both ways at once, put another policy into force, and how many did
    not. At least one does before the callers are done."""
    policy = RandomPolicy(SEED)
    done = failed = 0
    while not over.is_set() or done == 0:
        service.write_policy(policy.text(), "60-random.conf")
        service.process.send_signal(signal.SIGHUP)
        replies = await asyncio.gather(*(service.call_reload_policy() for _ in range(3)))
        errors = {reply.error_name for reply in replies} - {None}
        assert errors <= {"org.wsbroker1.Error.Unknown", "org.wsbroker1.Error.LimitExceeded"}
        done += not errors
        failed += bool(errors)
    return done, failed


@pytest.mark.policy(POLICY)
@pytest.mark.config("ConnectTimeout=2s\nCloseTimeout=1s\n")
async def test_callers_that_call_anything(service, bus_application, serve, start_fuzzer):
    print(f"seed {SEED}")
    service.expected_reports += ["The policy in force stays: ", "Too many reloads are waiting"]
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url())
    over = asyncio.Event()
    healthy = asyncio.create_task(echo_until(over, websocket))
    reloads = asyncio.create_task(reload_until(over, service))
    fuzzers = []
    for i, user in enumerate(USERS):
        # An administrator may close anybody's, and some policies make more of them.
        fuzzers.append(await start_fuzzer(user, f"{SEED}-{i}", CALLS, server.url(), websocket.path))
    kinds, successes = set(), set()
    for fuzzer in fuzzers:
        wanted, answers, done = await result(fuzzer)
        print(fuzzer.name, wanted, answers, done)
        assert sum(answers.values()) == wanted
        kinds.update(answers)
        successes.update(member for member in done if done[member])
    over.set()
    assert await healthy > 0
    print("reloads", *await reloads)
    unknown = {kind for kind in kinds - ANSWERS if not kind.startswith("org.wsbroker1.Error.")}
    assert not unknown
    # They have come further than to its refusals.
    assert successes >= {"Connect", "Send", "Close", "OpenStream", "Release", "CheckAccess", "ExplainAccess"}
    await websocket.close()
    await websocket.release()
    await service.no_websocket_left()
