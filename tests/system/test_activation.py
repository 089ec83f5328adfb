# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service is there when it is called, and allows nothing yet."""

from harness import broker
from harness.application import SANDBOX, run_unit
from harness.machine import IDENTIFY_SERVICE, SERVICE, Process


def test_the_first_call_starts_it():
    assert SERVICE.state == "inactive"
    assert not broker.owns_name()
    assert broker.call("WhoAmI")[0].endswith("user root")
    assert SERVICE.state == "active"
    assert Process(SERVICE.main_pid).program() == "/usr/sbin/wsbrokerd"


def test_its_first_question_starts_the_helper():
    assert IDENTIFY_SERVICE.state == "active"


def test_without_a_policy_nothing_is_allowed(server):
    done = run_unit("chat", SANDBOX, "wsbrokerctl", "connect", f"{server.url}/no-policy", check=False)
    assert done.returncode != 0
    assert "201: " in done.stderr
    assert not server.opened("/no-policy")
