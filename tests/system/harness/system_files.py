# SPDX-License-Identifier: LGPL-2.1-or-later
"""What there is on the system's disk, to compare: what a package has left behind shows."""

import os
import pathlib

# Not on the disk, or the accounts of whoever installs, logs and tests.
_PASSED_OVER = (
    *("/dev", "/proc", "/run", "/sys", "/system-test", "/tmp", "/var/tmp"),
    *("/var/cache", "/var/lib/apt", "/var/lib/dpkg", "/var/log"),
    *("/var/lib/private", "/var/lib/systemd/catalog", "/root"),
)
# Copies that the tools for accounts make of the files before.
_ACCOUNT_COPIES = {f"/etc/{name}-" for name in ("group", "gshadow", "passwd", "shadow", "subgid", "subuid")}
_ACCOUNTS = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow")


def all_paths():
    """Every file, folder and link."""
    paths = set()
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in _PASSED_OVER]
        paths.update(os.path.join(folder, name) for name in folders + files)
    return paths - _ACCOUNT_COPIES


def accounts():
    """The text of each file of accounts."""
    return {path: pathlib.Path(path).read_text(encoding="utf-8") for path in _ACCOUNTS}
