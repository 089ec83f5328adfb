# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md has a newcomer do: one policy file, and the library's first example."""

import pytest

from conftest import POLICY
from harness import broker
from harness.machine import output, run

SOURCE = "/usr/share/doc/libwsbroker-dev/examples/hello-sync.c"


@pytest.fixture
def policy_of_alice():
    broker.write_policy(POLICY.replace("[unit chat.service]", "[user alice]"))
    yield
    broker.remove_policy()


@pytest.fixture
def hello(tmp_path_factory):
    """The example, in a place that every user can run it from."""
    program = tmp_path_factory.mktemp("example") / "hello"
    flags = output("pkg-config", "--cflags", "--libs", "wsbroker").split()
    run("tcc", "-o", program, SOURCE, *flags)
    run("install", program, "/usr/local/bin/hello")
    yield ("runuser", "--user=alice", "--", "hello")
    run("rm", "/usr/local/bin/hello")


def test_the_example_talks_to_the_server(server, policy_of_alice, hello):
    assert output(*hello, f"{server.url}/example") == "you said: hello"
    assert server.close_code("/example") == 1000


def test_the_example_is_told_what_refuses_it(policy_of_alice, hello):
    done = run(*hello, "ws://example.com/", check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "2302998: It is not allowed to access this domain: example.com (policy.d/50-test.conf:1)\n"
    )
