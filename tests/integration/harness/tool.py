# SPDX-License-Identifier: LGPL-2.1-or-later
"""wsbrokerctl, run to its end."""

import collections
import os
import subprocess

from .service import SOURCE_ROOT, environment
from .waiting import TIMEOUT

Outcome = collections.namedtuple("Outcome", "status output errors")


def program():
    """The wsbrokerctl under test."""
    return os.environ.get("WSBROKERCTL", os.path.join(SOURCE_ROOT, "build", "ctl", "wsbrokerctl"))


def run(folder, *arguments, **more):
    """In FOLDER, with the local time of UTC."""
    ended = subprocess.run(
        [program(), *arguments],
        cwd=folder,
        env=environment(TZ="UTC", **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Outcome(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
