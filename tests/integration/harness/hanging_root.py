# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command in a root whose /.flatpak-info hangs whoever opens it: it is FUSE (Linux, fuse(4)) mounted over
the file itself, and nobody answers. Arguments: an empty folder, folders to have in the root, "--", the command.
Run it as root in a mount namespace of its own; all of it ends with the command."""

import ctypes
import os
import sys

_BIND, _REC, _PRIVATE = 1 << 12, 1 << 14, 1 << 18

_libc = ctypes.CDLL(None, use_errno=True)


def _mount(source, target, kind="", flags=0, data=""):
    texts = [text.encode() for text in (source, target, kind)]
    if _libc.mount(*texts, ctypes.c_ulong(flags), data.encode()) < 0:
        raise OSError(ctypes.get_errno(), f"mount on {target}")


def main(root, *arguments):
    end = arguments.index("--")
    _mount("none", "/", flags=_PRIVATE | _REC)
    _mount("tmpfs", root, "tmpfs", data="mode=755")
    for folder in ("/usr", "/proc", "/dev", "/etc", *arguments[:end]):
        os.makedirs(root + folder)
        _mount(folder, root + folder, flags=_BIND | _REC)
    for name in ("/bin", "/lib", "/lib64"):
        if os.path.islink(name):
            os.symlink(os.readlink(name), root + name)
    with open(root + "/.flatpak-info", "w", encoding="ascii"):
        pass
    fuse = os.open("/dev/fuse", os.O_RDWR)
    # The command keeps it: when nobody has it any more, what hangs is let go.
    os.set_inheritable(fuse, True)
    options = f"fd={fuse},rootmode=100644,user_id=0,group_id=0,allow_other"
    _mount("hanging", root + "/.flatpak-info", "fuse", data=options)
    working_directory = os.getcwd()
    os.chroot(root)
    os.chdir(working_directory)
    os.execvp(arguments[end + 1], arguments[end + 1 :])


if __name__ == "__main__":
    main(*sys.argv[1:])
