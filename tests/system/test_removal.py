# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages are removed while a connection is open, then purged."""

import pytest

from harness import broker, system_files
from harness.machine import IDENTIFY_SERVICE, IDENTIFY_SOCKET, SERVICE, run
from test_install import PACKAGES


@pytest.fixture(scope="module", autouse=True)
def administrator_s_file():
    broker.POLICY_FOLDER.joinpath("40-kept.conf").write_text("[user *]\nPermissions=\n", encoding="utf-8")


def test_removal_ends_the_service(server, policy, connect):
    connect(f"{server.url}/removed").ask("hello")
    run("apt-get", "remove", "--yes", "wsbroker")
    assert server.close_code("/removed") == 1001
    for unit in (SERVICE, IDENTIFY_SERVICE, IDENTIFY_SOCKET):
        assert not unit.exists()
        assert unit.state == "inactive"
    assert not broker.owns_name()


def test_removal_keeps_the_administrator_s_files():
    assert (broker.POLICY_FOLDER / "40-kept.conf").exists()


def test_a_call_finds_no_service():
    done = run(*broker.call_command("WhoAmI"), check=False)
    assert done.returncode != 0


def test_purge_leaves_nothing(before):
    run("apt-get", "purge", "--yes", *PACKAGES)
    assert system_files.all_paths() - before.paths == set()
    assert before.paths - system_files.all_paths() == set()


def test_purge_leaves_no_account(before):
    assert system_files.accounts() == before.accounts
