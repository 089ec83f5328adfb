# SPDX-License-Identifier: LGPL-2.1-or-later
"""wsbrokerctl audit: the service's entries in a journal, and nobody else's."""

import json
import signal
import subprocess

import pytest

from harness import journal, tool
from harness.process import Process
from harness.service import environment
from harness.waiting import within

pytestmark = journal.needs_journal_remote

MORNING = 1732266901  # 2024-11-22 09:15:01 UTC
DECISION, POLICY, NO_CHECK, SUPPRESSED, SUPPRESSED_ALLOWED = (
    f"2b5f6c0e4e6f4d0fa3a1c6f7d6b1a00{number}" for number in range(1, 6)
)


def entry(seconds, message_id, message, unit="wsbroker.service", **fields):
    named = {f"WSBROKER_{name.upper()}": value for name, value in fields.items()}
    return seconds, {"_SYSTEMD_UNIT": unit, "MESSAGE_ID": message_id, "MESSAGE": message, **named}


def decision(seconds, word, host, code, **more):
    return entry(
        seconds,
        DECISION,
        f"{word} {host}:443 for unit chat.service (uid 7)",
        subject="unit chat.service",
        uid="7",
        host=host,
        port="443",
        code=str(code),
        rule="policy.d/50-chat.conf:4",
        **more,
    )


ENTRIES = [
    entry(MORNING, POLICY, "policy 1 is in force", generation="1"),
    decision(MORNING + 60, "allowed", "a.example", 0),
    decision(MORNING + 120, "refused", "b.example", 2302998),
    decision(MORNING + 180, "reported", "c.example", 2302998),
    entry(
        MORNING + 240,
        NO_CHECK,
        "the certificate of a.example is not checked",
        subject="unit chat.service",
        uid="7",
        host="a.example",
        rule="policy.d/50-chat.conf:5",
    ),
    entry(MORNING + 300, SUPPRESSED, "5 more refusals of uid 7 were not written", uid="7", suppressed="5"),
    entry(
        MORNING + 360,
        SUPPRESSED_ALLOWED,
        "3 more decisions that allow of uid 7 were not written",
        uid="7",
        suppressed="3",
    ),
]

TIMES = [f"2024-11-22 09:{15 + minute}:01" for minute in range(len(ENTRIES))]
LINES = [f"{time}  {fields['MESSAGE']}" for time, (_, fields) in zip(TIMES, ENTRIES)]


@pytest.fixture
def audit(directory):
    def run(*arguments):
        return tool.run(directory, "audit", f"--directory={directory}/journal", *arguments)

    return run


@pytest.fixture
def entries(directory):
    journal.write(f"{directory}/journal", "service", *ENTRIES)


def test_every_entry_is_a_line(entries, audit):
    status, output, errors = audit()
    assert (status, output.splitlines(), errors) == (0, LINES, "")


def test_json_is_an_object_a_line(entries, audit):
    status, output, errors = audit("--json")
    assert (status, errors) == (0, "")
    objects = [json.loads(line) for line in output.splitlines()]
    assert [each["kind"] for each in objects] == [
        "policy",
        "decision",
        "decision",
        "decision",
        "no-certificate-check",
        "suppressed",
        "suppressed-allowed",
    ]
    assert objects[0] == {
        "time": "2024-11-22T09:15:01.000000Z",
        "kind": "policy",
        "generation": 1,
        "message": "policy 1 is in force",
    }
    assert objects[2] == {
        "time": "2024-11-22T09:17:01.000000Z",
        "kind": "decision",
        "subject": "unit chat.service",
        "uid": 7,
        "host": "b.example",
        "port": 443,
        "code": 2302998,
        "rule": "policy.d/50-chat.conf:4",
        "message": "refused b.example:443 for unit chat.service (uid 7)",
    }
    assert objects[5]["suppressed"] == 5


def test_refused_is_what_has_a_code(entries, audit):
    assert audit("--refused").output.splitlines() == [LINES[2], LINES[3], LINES[5]]


@pytest.mark.parametrize(
    "since, first", [("2024-11-22", 0), ("2024-11-22 09:17:01", 2), ("2024-11-22 09:18", 3), ("-1s", 7)]
)
def test_since(entries, audit, since, first):
    status, output, _ = audit(f"--since={since}")
    assert (status, output.splitlines()) == (0, LINES[first:])


def test_entries_of_others_are_not_shown(directory, audit):
    journal.write(
        f"{directory}/journal",
        "others",
        entry(MORNING, DECISION, "forged by another unit", unit="evil.service", code="0"),
        (MORNING + 1, {"MESSAGE_ID": DECISION, "MESSAGE": "forged without a unit"}),
        (MORNING + 2, {"_SYSTEMD_UNIT": "wsbroker.service", "MESSAGE": "no decision"}),
        (
            MORNING + 3,
            {"_SYSTEMD_UNIT": "wsbroker.service", "MESSAGE_ID": "f" * 32, "MESSAGE": "another message"},
        ),
        ENTRIES[1],
    )
    assert audit().output.splitlines() == [LINES[1]]


def test_what_an_entry_says_is_escaped(directory, audit):
    journal.write(
        f"{directory}/journal",
        "escapes",
        entry(MORNING, DECISION, 'a "\033[31m\\', host='x"\n', uid="many", code="0"),
    )
    assert audit().output == '2024-11-22 09:15:01  a "\\x1b[31m\\\n'
    shown = json.loads(audit("--json").output)
    assert (shown["message"], shown["host"]) == ('a "\033[31m\\', 'x"\n')
    assert "uid" not in shown


def test_nothing_found(directory, audit):
    journal.write(f"{directory}/journal", "others", (MORNING, {"MESSAGE": "hello"}))
    status, output, errors = audit()
    assert (status, output) == (0, "")
    assert errors.startswith("wsbrokerctl: nothing was found")


def test_no_journal(audit):
    status, output, errors = audit()
    assert (status, output) == (1, "")
    assert errors.startswith("wsbrokerctl: the journal cannot be opened: ")


@pytest.mark.parametrize("arguments", [["--since=soon"], ["more"]])
def test_wrong_usage(entries, audit, arguments):
    assert audit(*arguments).status == 2


async def test_follow_begins_with_the_last_and_goes_on(directory):
    many = [decision(MORNING + number, "allowed", f"host-{number}", 0) for number in range(15)]
    journal.write(f"{directory}/journal", "before", *many)
    process = Process(
        "wsbrokerctl-audit",
        directory,
        [tool.program(), "audit", "--follow", f"--directory={directory}/journal"],
        env=environment(TZ="UTC"),
        stdout=subprocess.PIPE,
    )
    await process.start()
    try:

        async def next_line():
            return (await within(process.child.stdout.readline(), "line of the audit")).decode()

        for number in range(5, 15):
            assert f" allowed host-{number}:443 " in await next_line()
        for number in range(15, 18):
            journal.write(
                f"{directory}/journal",
                f"after-{number}",
                decision(MORNING + number, "refused", f"host-{number}", 201),
            )
            assert f" refused host-{number}:443 " in await next_line()
        assert await process.stop(signal.SIGINT) == -signal.SIGINT
    finally:
        await process.destroy()


async def test_follow_waits_for_the_first(directory):
    journal.write(f"{directory}/journal", "others", (MORNING, {"MESSAGE": "hello"}))
    process = Process(
        "wsbrokerctl-audit",
        directory,
        [tool.program(), "audit", "--follow", "--json", f"--directory={directory}/journal"],
        env=environment(TZ="UTC"),
        stdout=subprocess.PIPE,
    )
    await process.start()
    try:
        journal.write(f"{directory}/journal", "service", ENTRIES[2])
        line = await within(process.child.stdout.readline(), "line of the audit")
        assert json.loads(line)["host"] == "b.example"
    finally:
        await process.destroy()
