#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-hardening.py [--fortified] PROGRAM… -- LIBRARY… -- ARCHIVE…: the programs and shared libraries that
are installed carry the marks that the linker leaves of hardening, and so do the objects in the archives they
are made of.

Whether branches are protected (CET) is asked of the objects: a program loses that mark when an object of the
C library lacks it, but not the instructions. The compiler notes its options beside its debugging symbols, so
that -fstack-clash-protection, which leaves no other mark, can be seen there by whoever builds with gcc and
-g."""

import re
import subprocess
import sys


def readelf(*arguments):
    return subprocess.run(
        ["readelf", "--wide", *arguments], check=True, capture_output=True, text=True
    ).stdout


def is_position_independent(path):
    return "DYN (Position-Independent Executable file)" in readelf("--file-header", path)


def has_full_relro(path):
    return "GNU_RELRO" in readelf("--program-headers", path) and "BIND_NOW" in readelf("--dynamic", path)


def has_no_executable_stack(path):
    stack = re.search(r"GNU_STACK(?: +0x\w+){5} (\w+)", readelf("--program-headers", path))
    return stack is not None and "E" not in stack[1]


def has_no_writable_code(path):
    segments = re.findall(r"^ +LOAD(?: +0x\w+){5} (.{3})", readelf("--program-headers", path), re.MULTILINE)
    return bool(segments) and not any("W" in flags and "E" in flags for flags in segments)


def has_no_text_relocations(path):
    return "TEXTREL" not in readelf("--dynamic", path)


def checks_its_stack(path):
    return "__stack_chk_fail" in readelf("--dyn-syms", path)


def is_fortified(path):
    return re.search(r" __(?!stack)\w+_chk\b", readelf("--dyn-syms", path)) is not None


def objects_with(archive, mark, *arguments):
    """How many objects ARCHIVE has, and how many of these show MARK to readelf."""
    parts = readelf(*arguments, archive).split("\nFile: ")[1:]
    return len(parts), sum(mark in part for part in parts)


def protects_branches(archive):
    if "X86-64" not in readelf("--file-header", archive):
        return None
    objects, marked = objects_with(archive, "IBT, SHSTK", "--notes")
    return objects == marked > 0


def protects_against_stack_clash(archive):
    objects, by_gcc = objects_with(archive, ": GNU C", "--debug-dump=info", "--dwarf-depth=1")
    if by_gcc < objects or objects == 0:
        return None
    return (
        objects_with(archive, "-fstack-clash-protection", "--debug-dump=info", "--dwarf-depth=1")[1]
        == objects
    )


OF_ALL = (
    has_full_relro,
    has_no_executable_stack,
    has_no_writable_code,
    has_no_text_relocations,
    checks_its_stack,
)
OF_PROGRAMS = (is_position_independent,)
OF_ARCHIVES = (protects_branches, protects_against_stack_clash)


def main(arguments):
    fortified = arguments[0] == "--fortified"
    programs, libraries, archives = " ".join(arguments[fortified:]).split(" -- ")
    linked = OF_ALL + ((is_fortified,) if fortified else ())
    cases = [(check, path) for path in programs.split() for check in OF_PROGRAMS + linked]
    cases += [(check, path) for path in libraries.split() for check in linked]
    cases += [(check, path) for path in archives.split() for check in OF_ARCHIVES]
    results = [check(path) for check, path in cases]
    print(f"1..{len(cases)}")
    for number, (result, (check, path)) in enumerate(zip(results, cases), 1):
        name = f"{path.split('/')[-1]} {check.__name__.replace('_', ' ')}"
        remark = " # SKIP not to be seen in this build" if result is None else ""
        print(f"{'not ok' if result is False else 'ok'} {number} - {name}{remark}")
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
