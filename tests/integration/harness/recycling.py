# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process with a process id of the test's choice: the kernel gives the next one after ns_last_pid, which root may
set. Others may start a process just then, and keep the id for as long as they like: then the test needs another."""

import os
import signal
import subprocess

from . import accounts
from .waiting import eventually

ATTEMPTS = 20  # of a test to have one at its id in time

_LAST_PID = "/proc/sys/kernel/ns_last_pid"


def available():
    return os.access(_LAST_PID, os.W_OK)


async def process_with_id(pid, user, cgroup_procs=None):
    """A child with that id, of USER and in that cgroup, that does nothing until it is killed. None where the id is
    somebody else's."""
    with open(_LAST_PID, "w", encoding="ascii") as file:
        file.write(str(pid - 1))
    child = subprocess.Popen([*accounts.run_as(user), "sleep", "infinity"])
    if child.pid != pid:
        end(child)
        return None
    if cgroup_procs is not None:
        with open(cgroup_procs, "w", encoding="ascii") as file:
            file.write(str(pid))
    # setpriv has become what it was told to.
    await eventually(lambda: _command_of(pid) == "sleep", "process under its user")
    return child


def _command_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()


def end(child):
    child.send_signal(signal.SIGKILL)
    child.wait()
