# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cgroups where systemd would make those of a unit: in its own hierarchy of version 1, or in that of version 2.
What else the machine has there is not touched."""

import errno
import os
import re

import pytest

from .waiting import eventually

_ROOTS = ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup")

# Slices and a user's manager are others' cgroups too: those of tests that run at the same time.
_SHARED = re.compile(r"\.slice$|/user@\d+\.service$")


def _root():
    return next((root for root in _ROOTS if os.path.exists(os.path.join(root, "cgroup.procs"))), None)


def of_user_manager(uid, path):
    """PATH below the manager of user UID."""
    return f"user.slice/user-{uid}.slice/user@{uid}.service/{path}"


class Cgroups:
    def __init__(self):
        self.made = []

    def make(self, path):
        """The cgroup.procs file of the cgroup PATH; the test is skipped where none can be made."""
        root = _root()
        if root is None:
            pytest.skip("this machine shows no cgroup hierarchy")
        while True:
            try:
                return os.path.join(self._make_each(root, path), "cgroup.procs")
            except OSError as error:
                # Gone, or about to be: another run of tests is just removing what was there.
                if error.errno not in (errno.ENOENT, errno.ENODEV):
                    pytest.skip(f"no cgroup can be made: {error}")

    def _make_each(self, folder, path):
        for part in path.split("/"):
            folder = os.path.join(folder, part)
            try:
                os.mkdir(folder)
            except FileExistsError:
                continue
            self.made.append(folder)
        return folder

    async def remove(self):
        """Once their processes are gone. One in which another run of tests has a unit stays: it is that run's to
        remove, if it made it, or else empty."""
        for folder in reversed(self.made):
            await eventually(lambda folder=folder: self._is_removed(folder), f"no process in {folder}")

    @staticmethod
    def _is_removed(folder):
        """Or is another's. The kernel may be at work on the last process for a moment after it is gone."""
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return _SHARED.search(folder) is not None and not _processes(folder)
        return True


def _processes(folder):
    try:
        with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as procs:
            return procs.read()
    except FileNotFoundError:
        return ""
