# SPDX-License-Identifier: LGPL-2.1-or-later
"""Users under whom the tests run processes. Every Debian has these accounts; none of them owns anything. Only
root can use them: for anyone else everything runs as that one user, and tests that need several are
skipped."""

import os
import pwd

import pytest

IS_ROOT = os.geteuid() == 0

SERVICE = "daemon"
ALICE = "games"
BOB = "man"

needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: callers under several users")


def service_user():
    """Whom the service runs as: an unprivileged account, as in a real installation, where that is
    possible."""
    return SERVICE if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name


def run_as(user):
    """The beginning of a command line that runs the rest as USER; None: as whoever runs the tests."""
    if user is None or not IS_ROOT:
        return []
    account = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups"]
