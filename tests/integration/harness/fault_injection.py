# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel answers a service on a bad day: fault-injection.c, preloaded into it, reads what is set here."""

import mmap
import os
import struct

from .service import SOURCE_ROOT

_CLOCK_OFFSET, _NO_WATCHES, _REFUSED, _SIZE = 0, 8, 16, 24


def library():
    return os.environ.get(
        "FAULT_INJECTION", os.path.join(SOURCE_ROOT, "build", "tests", "integration", "fault-injection.so")
    )


class FaultInjection:
    """ENVIRONMENT is for the service."""

    def __init__(self, directory):
        path = os.path.join(directory, "faults")
        with open(path, "wb") as file:
            file.write(bytes(_SIZE))
        os.chmod(path, 0o666)
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        # A sanitizer wants to come first; what is preloaded here takes nothing of its own away.
        sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.environment = {"LD_PRELOAD": library(), "FAULT_INJECTION": path, "ASAN_OPTIONS": sanitizer}

    def _write(self, offset, value):
        self._memory[offset : offset + 8] = struct.pack("=q", value)

    def set_clock(self, seconds):
        """So far from the true time."""
        self._write(_CLOCK_OFFSET, seconds)

    def set_no_watches(self, active):
        """Whether epoll has no room for another descriptor."""
        self._write(_NO_WATCHES, int(active))

    @property
    def refused(self):
        """How many descriptors epoll had no room for."""
        return struct.unpack("=q", self._memory[_REFUSED:_SIZE])[0]
