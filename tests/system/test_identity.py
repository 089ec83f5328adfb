# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who the service takes a caller for: what the bus says, and what the helper reads of the process."""

import pytest

from harness.application import SANDBOX, who_am_i
from harness.machine import IDENTIFY_SERVICE, IDENTIFY_SOCKET, SERVICE


def test_a_unit_is_known_by_its_name():
    assert who_am_i("letters", *SANDBOX).startswith("unit letters.service, user ")


def test_a_unit_of_a_user_is_known_by_both():
    assert who_am_i("letters", "User=alice") == "unit letters.service, user alice"


@pytest.fixture
def without_helper():
    IDENTIFY_SOCKET.systemctl("stop")
    IDENTIFY_SERVICE.systemctl("stop")
    yield
    IDENTIFY_SOCKET.systemctl("start")


def test_nobody_is_known_without_the_helper(without_helper):
    assert who_am_i("letters", "User=alice") == "unidentified"


def test_the_helper_is_found_again():
    """The service is the one from before, and asks a helper that was not there a moment ago."""
    pid = SERVICE.main_pid
    assert who_am_i("letters", "User=alice") == "unit letters.service, user alice"
    assert SERVICE.main_pid == pid
    assert IDENTIFY_SERVICE.state == "active"
