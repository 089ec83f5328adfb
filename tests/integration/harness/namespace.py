# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service's view of the machine's name lookup and trust. It runs in a mount namespace of its own in which
the files below are the tests', so that names such as chat.example.test lead to loopback, a name that is asked
of DNS reaches a server of the test or nobody, and the system's trusted certificates include the tests'
authority. The machine itself is not touched."""

import functools
import os
import subprocess

SYSTEM_TRUST = "/etc/ssl/certs/ca-certificates.crt"

# Names that policy tests deny are here too: were the denial missing, the connection would succeed.
HOSTS = """\
127.0.0.1 localhost chat.example.test other.example.test xn--bcher-kva.example.test
127.0.0.1 example.com a.example.com a.b.example.com badexample.com example.com.evil
127.0.0.1 strasse.example.test
"""

_PRIVATE_MOUNTS = ["unshare", "--mount", "--propagation", "private"]
_MOUNT_AND_EXEC = """
while [ "$1" != -- ]; do
    case $1 in
        bind) mount --bind "$2" "$3" ;;
        overlay) mount -t overlay overlay -o "lowerdir=$3,upperdir=$2,workdir=$2.work" "$3" ;;
    esac
    shift 3
done
shift
exec "$@"
"""


def _unshare():
    if os.geteuid() == 0:
        return _PRIVATE_MOUNTS
    return _PRIVATE_MOUNTS + ["--user", "--map-current-user", "--keep-caps"]


@functools.lru_cache(maxsize=None)
def available():
    """Whether this user may make mount namespaces (root may, others where the kernel lets them)."""
    return subprocess.run(_unshare() + ["true"], stderr=subprocess.DEVNULL, check=False).returncode == 0


class Namespace:
    """What a process started through command() finds in place of the machine's files."""

    def __init__(self, directory, authority_path, name_server="127.255.255.53"):
        self.files = {
            "/etc/hosts": HOSTS,
            "/etc/resolv.conf": f"nameserver {name_server}\noptions timeout:5 attempts:1\n",
            "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
        }
        self.directory = directory
        self.authority_path = authority_path
        self.mounts = []

    def add_overlay(self, target):
        """A folder whose files appear in TARGET, beside and in place of those that are there. Root only."""
        upper = os.path.join(self.directory, "overlay" + target.replace("/", "-"))
        os.makedirs(upper)
        os.makedirs(upper + ".work")
        self.mounts += ["overlay", upper, target]
        return upper

    def command(self):
        """The beginning of a command line; the program and its arguments follow."""
        if not available():
            return []
        mounts = list(self.mounts)
        for target, text in self.files.items():
            source = os.path.join(self.directory, os.path.basename(target))
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            mounts += ["bind", source, target]
        if os.path.exists(SYSTEM_TRUST):
            mounts += ["bind", self.authority_path, SYSTEM_TRUST]
        return _unshare() + ["sh", "-euc", _MOUNT_AND_EXEC, "sh", *mounts, "--"]
