# SPDX-License-Identifier: LGPL-2.1-or-later
"""wsbrokerctl policy: the files, without the service, and the service's own word with --live."""

import asyncio
import json
import os
import re

import pytest

from harness import tool
from harness.bus_application import BusApplication
from harness.service import SOURCE_ROOT, write_file

CHAT = """\
[unit chat.service]
Permissions=INTERNET
AllowDomains=chat.example.com;*.cdn.example.com:8443
DenyDomains=bad.cdn.example.com:8443

[user *]
Permissions=
"""

MORE = """\
[unit chat.service]
MaxConnections=8
AllowDomains=more.example.com

[unit trial.service]
Permissions=INTERNET
Mode=report
"""


@pytest.fixture
def policy(directory):
    """Runs wsbrokerctl policy with the files of config/."""

    def run(*arguments, **files):
        os.makedirs(f"{directory}/config", exist_ok=True)
        for name, text in files.items():
            write_file(f"{directory}/config/policy.d/{name}.conf", text)
        return tool.run(directory, "policy", *arguments, "--config-dir=config")

    return run


# check


def test_check_of_what_is_good(policy):
    assert policy("check", chat=CHAT) == (0, "2 sections, no error\n", "")
    assert json.loads(policy("check", "--json").output) == {"valid": True, "sections": 2, "problems": []}


def test_check_of_nothing(policy):
    assert policy("check") == (0, "no section, so every connection is refused\n", "")


def test_check_reports_every_error(policy, directory):
    write_file(f"{directory}/config/wsbroker.conf", "[Broker]\nCloseTimeout=soon\n")
    files = {"10-a": "[user *]\nWrong=1\nAllowDomains=a*\n", "20-b": "\n[nobody]\n"}
    status, output, errors = policy("check", **files)
    assert (status, output) == (1, "")
    places = [
        "wsbroker.conf:2: ",
        "policy.d/10-a.conf:2: ",
        "policy.d/10-a.conf:3: ",
        "policy.d/20-b.conf:2: ",
    ]
    lines = errors.splitlines()
    assert len(lines) == len(places)
    assert all(line.startswith(f"config/{place}") for line, place in zip(lines, places))
    outcome = policy("check", "--json")
    assert (outcome.status, outcome.errors) == (1, "")
    assert json.loads(outcome.output) == {"valid": False, "sections": 0, "problems": lines}


@pytest.mark.parametrize("command", [["show"], ["explain", "user 7", "ws://h/"], ["test", "table"]])
def test_files_with_an_error_answer_nothing(policy, directory, command):
    write_file(f"{directory}/table", "deny | user 7 | ws://h/\n")
    status, output, errors = policy(*command, broken="[user *]\nWrong=1\n")
    assert (status, output) == (1, "")
    assert errors.startswith("config/policy.d/broken.conf:2: ")


def test_check_escapes_what_a_file_says(policy):
    errors = policy("check", escape="[user \033[31m]\n").errors
    assert "\\x1b[31m" in errors and "\033" not in errors


# show


def test_show_merges_and_says_where_each_line_is_from(policy):
    assert policy("show", **{"10-chat": CHAT, "20-more": MORE}) == (
        0,
        "config/policy.d/10-chat.conf:1  [unit chat.service]\n"
        "config/policy.d/10-chat.conf:2  Permissions=INTERNET\n"
        "config/policy.d/10-chat.conf:3  AllowDomains=chat.example.com\n"
        "config/policy.d/10-chat.conf:3  AllowDomains=*.cdn.example.com:8443\n"
        "config/policy.d/20-more.conf:3  AllowDomains=more.example.com\n"
        "config/policy.d/10-chat.conf:4  DenyDomains=bad.cdn.example.com:8443\n"
        "config/policy.d/20-more.conf:2  MaxConnections=8\n"
        "\n"
        "config/policy.d/20-more.conf:5  [unit trial.service]\n"
        "config/policy.d/20-more.conf:6  Permissions=INTERNET\n"
        "config/policy.d/20-more.conf:7  Mode=report\n"
        "\n"
        "config/policy.d/10-chat.conf:6  [user *]\n"
        "config/policy.d/10-chat.conf:7  Permissions=\n",
        "",
    )


def test_show_in_json(policy):
    lines = json.loads(policy("show", "--json", chat="[user *]\nPermissions=\n").output)
    assert lines == [
        {"section": "user *", "location": "config/policy.d/chat.conf:1"},
        {
            "section": "user *",
            "key": "Permissions",
            "value": "",
            "location": "config/policy.d/chat.conf:2",
        },
    ]


def test_show_of_nothing(policy):
    status, output, errors = policy("show")
    assert (status, output) == (0, "")
    assert "every connection is refused" in errors
    assert json.loads(policy("show", "--json").output) == []


# explain


def test_explain_allowed(policy):
    assert policy("explain", "unit chat.service, user 7", "wss://chat.example.com/x?y", chat=CHAT) == (
        0,
        "allowed: [unit chat.service] allows chat.example.com (policy.d/chat.conf:3)\n"
        "  - [unit chat.service] matches and grants (policy.d/chat.conf:1)\n"
        "  - [user *] says nothing, since a section before it matches (policy.d/chat.conf:6)\n"
        "  - [unit chat.service] grants the INTERNET permission (policy.d/chat.conf:2)\n"
        "  - DenyDomains of [unit chat.service] does not list chat.example.com\n"
        "  - AllowDomains of [unit chat.service] lists chat.example.com by chat.example.com "
        "(policy.d/chat.conf:3)\n"
        "  - Connect vets each address of chat.example.com, and refuses local ones that AllowDomains does "
        "not list\n"
        "  decided by config/policy.d/chat.conf:3\n",
        "",
    )


@pytest.mark.parametrize(
    "subject, url, status, verdict",
    [
        ("unit chat.service", "wss://chat.example.com/", 0, "allowed: "),
        ("unit chat.service", "wss://bad.cdn.example.com:8443/", 1, "refused 2302998: "),
        ("unit chat.service", "wss://evil.example/", 1, "refused 2302998: "),
        ("unit chat.service", "ws://chat.example.com/#f", 1, "refused 2302001: "),
        ("unit chat.service", "hello", 1, "refused 2302001: "),
        ("user 7", "wss://chat.example.com/", 1, "refused 201: "),
        ("unidentified", "wss://chat.example.com/", 1, "refused 201: "),
        ("unit trial.service", "wss://any.example/", 0, "reported 2302998: "),
    ],
)
def test_explain(policy, subject, url, status, verdict):
    outcome = policy("explain", subject, url, **{"10-chat": CHAT, "20-more": MORE})
    assert (outcome.status, outcome.errors) == (status, "")
    assert outcome.output.startswith(verdict)
    answer = json.loads(policy("explain", subject, url, "--json").output)
    assert answer["allowed"] == (status == 0)
    assert answer["reported"] == verdict.startswith("reported")
    word, _, rest = outcome.output.splitlines()[0].partition(": ")
    assert str(answer["code"]) == (word.split()[1] if answer["code"] else "0")
    assert answer["explanation"] == rest
    assert [f"  - {step}" for step in answer["steps"]] == [
        line for line in outcome.output.splitlines() if line.startswith("  - ")
    ]
    assert ("rule" in answer) == ("location" in answer) == ("decided by" in outcome.output)
    if "rule" in answer:
        assert answer["location"] == f"config/{answer['rule']}"


def test_explain_takes_the_limit_of_the_configuration(policy, directory):
    url = "ws://chat.example.com/" + "x" * 1010
    assert policy("explain", "unit chat.service", url, chat=CHAT).output.startswith("refused 2302001: ")
    write_file(f"{directory}/config/wsbroker.conf", "[Broker]\nMaxUrlLength=2K\n")
    assert policy("explain", "unit chat.service", url).output.startswith("allowed: ")


# test

TABLE = """\
# What the chat may.
allow        | unit chat.service, user 7 | wss://chat.example.com/

  # and may not
deny         | unit chat.service         | wss://evil.example/
deny 2302998 | unit chat.service         | wss://bad.cdn.example.com:8443/
deny 201     | user 7                    | wss://chat.example.com/
deny 2302001 | unit chat.service         | https://chat.example.com/
"""


def test_table_that_holds(policy, directory):
    write_file(f"{directory}/table", TABLE)
    assert policy("test", "table", chat=CHAT) == (0, "5 passed, 0 failed\n", "")
    assert json.loads(policy("test", "table", "--json").output) == {"failures": [], "passed": 5, "failed": 0}


def test_table_of_the_manual_holds(policy, directory):
    with open(os.path.join(SOURCE_ROOT, "docs", "man", "wsbrokerctl.1.rst"), encoding="utf-8") as page:
        tables = re.findall(r"^    # .*\n(?:    \S.* \| .*\n)+", page.read(), re.MULTILINE)
    assert len(tables) == 1
    write_file(f"{directory}/table", tables[0])
    allowed = "[unit chat.service]\nPermissions=INTERNET\nAllowDomains=wss://chat.example.com\n"
    assert policy("test", "table", chat=allowed) == (0, "3 passed, 0 failed\n", "")


def test_table_reports_each_line_that_fails(policy, directory):
    table = (
        TABLE + "allow | user 7 | wss://chat.example.com/\ndeny 201 | unit chat.service | wss://evil.example/"
    )
    write_file(f"{directory}/table", table)
    status, output, errors = policy("test", "table", chat=CHAT)
    assert (status, output) == (1, "5 passed, 2 failed\n")
    assert errors == (
        "table:9: expected allow, but it is refused 201: The INTERNET permission is required: [user *] denies "
        "it (policy.d/chat.conf:7)\n"
        "table:10: expected deny 201, but it is refused 2302998: It is not allowed to access this domain: "
        "evil.example (policy.d/chat.conf:1)\n"
    )
    outcome = policy("test", "table", "--json")
    answer = json.loads(outcome.output)
    assert (outcome.status, outcome.errors, answer["passed"], answer["failed"]) == (1, "", 5, 2)
    assert [(each["file"], each["line"], each["code"]) for each in answer["failures"]] == [
        ("table", 9, 201),
        ("table", 10, 2302998),
    ]
    assert (
        "".join(f"{each['file']}:{each['line']}: {each['text']}\n" for each in answer["failures"]) == errors
    )


def test_table_in_report_mode(policy, directory):
    write_file(f"{directory}/table", "report | unit trial.service | wss://h/\n")
    assert policy("test", "table", more=MORE).status == 0
    write_file(f"{directory}/table", "allow | unit trial.service | wss://h/\n")
    assert policy("test", "table").status == 1
    write_file(f"{directory}/table", "deny | unit trial.service | wss://h/\n")
    assert policy("test", "table").status == 1


@pytest.mark.parametrize(
    "line", ["allow user 7 ws://h/", "permit | user 7 | ws://h/", "deny | nobody | ws://h/"]
)
def test_line_that_is_not_understood_fails(policy, directory, line):
    write_file(f"{directory}/table", TABLE + line + "\n")
    status, output, errors = policy("test", "table", chat=CHAT)
    assert (status, output) == (1, "5 passed, 1 failed\n")
    assert errors.startswith("table:9: ")


def test_line_with_a_nul_fails(policy, directory):
    write_file(f"{directory}/table", TABLE + "deny | unidentified | ws://h/\0\n")
    assert policy("test", "table", chat=CHAT).errors == "table:9: the line has a NUL\n"


@pytest.mark.parametrize("text", ["", "\n# allow | user 7 | ws://h/\n"])
def test_table_that_expects_nothing_fails(policy, directory, text):
    write_file(f"{directory}/table", text)
    status, output, errors = policy("test", "table", chat=CHAT)
    assert (status, output) == (1, "0 passed, 0 failed\n")
    assert "expects nothing" in errors


@pytest.mark.parametrize("path", ["missing", "."])
def test_table_that_cannot_be_read(policy, path):
    status, _, errors = policy("test", path)
    assert status == 1
    assert errors.startswith(f"wsbrokerctl: {path} cannot be ")


# the command line


def test_folder_that_is_missing(directory):
    status, output, errors = tool.run(directory, "policy", "check", "--config-dir=config")
    assert status == 1
    assert "config: the folder cannot be read" in output + errors


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["policy"],
        ["policy", "ask"],
        ["policy", "check", "more"],
        ["policy", "explain", "user 7"],
        ["policy", "explain", "nobody", "ws://h/"],
        ["policy", "explain", "", "ws://h/"],
        ["policy", "test"],
        ["check"],
        ["policy", "check", "--config-dir"],
        ["policy", "check", "--nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage(directory, arguments):
    status, output, errors = tool.run(directory, *arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("wsbrokerctl: ") or "wsbrokerctl: " in errors


def test_help_has_every_command_and_option(directory):
    status, output, errors = tool.run(directory, "--help")
    assert (status, errors) == (0, "")
    for command in ("policy check", "policy show", "policy explain SUBJECT URL", "policy test FILE", "audit"):
        assert f"\n  {command} " in output
    for option in ("--config-dir", "--live", "--since", "--follow", "--refused", "--directory", "--json"):
        assert f"  {option}" in output


# with the service

LIVE = "[user *]\nPermissions=INTERNET\nAllowDomains=h\nAdministrator=yes\n"


async def explain_live(service, *arguments):
    return await asyncio.to_thread(
        tool.run,
        service.directory,
        "policy",
        "explain",
        "--live",
        *arguments,
        DBUS_SYSTEM_BUS_ADDRESS=service.bus.address,
    )


@pytest.mark.policy(LIVE)
async def test_live_is_the_service_and_not_the_files(service):
    service.write_policy("[user *]\nPermissions=\n")
    assert await explain_live(service, "user 7", "ws://h/") == (
        0,
        "allowed: [user *] allows h (policy.d/50-test.conf:3)\n",
        "",
    )
    outcome = await explain_live(service, "--json", "user 7", "ws://other/")
    assert (outcome.status, outcome.errors) == (1, "")
    answer = json.loads(outcome.output)
    assert (answer["allowed"], answer["reported"], answer["code"]) == (False, False, 2302998)
    assert answer["explanation"].endswith("other (policy.d/50-test.conf:1)")


@pytest.mark.policy(LIVE)
async def test_live_knows_a_connection_to_the_bus(service):
    application = await BusApplication.start(service.bus.new_connection())
    await application.call_manager("WhoAmI")
    name = application.connection.unique_name
    assert (await explain_live(service, name, "ws://h/")).output.startswith("allowed: ")
    await application.leave()


@pytest.mark.policy(LIVE)
async def test_live_refuses_what_is_no_subject(service):
    status, output, errors = await explain_live(service, "nobody", "ws://h/")
    assert (status, output) == (1, "")
    assert errors.startswith("wsbrokerctl: 401: ")


def test_live_without_a_service(directory):
    status, output, errors = tool.run(
        directory,
        "policy",
        "explain",
        "--live",
        "user 7",
        "ws://h/",
        DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere",
    )
    assert (status, output) == (1, "")
    assert errors.startswith("wsbrokerctl: ")
