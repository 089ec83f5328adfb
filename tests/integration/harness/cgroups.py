# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cgroups where systemd would make those of a unit: in its own hierarchy of version 1, or in that of version 2.
What else the machine has there is not touched."""

import os

import pytest

from .waiting import eventually

_ROOTS = ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup")


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
        folder = _root()
        if folder is None:
            pytest.skip("this machine shows no cgroup hierarchy")
        for part in path.split("/"):
            folder = os.path.join(folder, part)
            try:
                os.mkdir(folder)
            except FileExistsError:
                continue
            except OSError as error:
                pytest.skip(f"no cgroup can be made: {error}")
            self.made.append(folder)
        return os.path.join(folder, "cgroup.procs")

    async def remove(self):
        """Once their processes are gone. A slice in which another run of tests has a unit stays: it is that
        run's to remove, if it made it, or else empty."""
        for folder in reversed(self.made):
            await eventually(lambda folder=folder: self._is_empty(folder), f"no process in {folder}")
            try:
                os.rmdir(folder)
            except OSError:
                assert folder.endswith(".slice"), folder

    @staticmethod
    def _is_empty(folder):
        with open(os.path.join(folder, "cgroup.procs"), encoding="ascii") as procs:
            return not procs.read()
