# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the system's journal has of it."""

import json

from harness.application import SANDBOX, run_unit
from harness.machine import SERVICE, journal, run

DECISION = "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a001"
POLICY_IN_FORCE = "2b5f6c0e4e6f4d0fa3a1c6f7d6b1a002"


def decisions(*matches):
    return journal(f"MESSAGE_ID={DECISION}", f"_SYSTEMD_UNIT={SERVICE.name}", *matches)


def test_an_allowed_connection_is_written(server, policy, connect):
    application = connect(f"{server.url}/journal?secret=1")
    application.ask("password")
    application.close()
    entry = decisions("WSBROKER_OUTCOME=allowed")[-1]
    assert entry["WSBROKER_SUBJECT"].startswith("unit chat.service, user ")
    assert (entry["WSBROKER_HOST"], entry["WSBROKER_PORT"], entry["WSBROKER_CODE"]) == ("localhost", "9001", "0")
    assert entry["WSBROKER_RULE"] == "policy.d/50-test.conf:3"
    assert "secret" not in json.dumps(entry)
    assert "password" not in json.dumps(entry)


def test_a_refused_one_too(policy):
    run_unit("chat", SANDBOX, "wsbrokerctl", "connect", "ws://evil.example/", check=False)
    entry = decisions("WSBROKER_OUTCOME=refused", "WSBROKER_HOST=evil.example")[-1]
    assert entry["WSBROKER_SUBJECT"].startswith("unit chat.service, user ")
    assert (entry["WSBROKER_CODE"], entry["PRIORITY"]) == ("2302998", "5")


def test_a_policy_is_announced(policy):
    assert journal(f"MESSAGE_ID={POLICY_IN_FORCE}", f"_SYSTEMD_UNIT={SERVICE.name}")


def test_the_catalogue_explains_it():
    done = run("journalctl", "--catalog", "--no-pager", f"MESSAGE_ID={DECISION}", "WSBROKER_HOST=evil.example")
    assert "Subject: Decision about a WebSocket connection to evil.example" in done.stdout
    assert "man:wsbroker-policy(5)" in done.stdout


def test_wsbrokerctl_reads_it():
    assert "evil.example" in run("wsbrokerctl", "audit", "--refused").stdout
