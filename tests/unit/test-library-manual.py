#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-library-manual.py VERSION-SCRIPT HEADER... -- SOURCE... -- PAGE...: the manual pages of the library
describe each function once and as the headers declare it, and their examples compile. SOURCE is a page in
reStructuredText, PAGE what is installed of it, beside the pages that lead there. The compiler is $CC, with
$CFLAGS."""

import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

SECTIONS = ["SYNOPSIS", "DESCRIPTION", "RETURN VALUE", "NOTES", "EXAMPLES", "SEE ALSO"]
FUNCTION = re.compile(r"[ *](wsb_\w+)\(")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def declarations(text):
    """The declarations and macros of C text, each as one line without superfluous blanks."""
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", without_comments(text), flags=re.DOTALL)
    found = {" ".join(line.split()) for line in re.findall(r"^#define .*", text, re.MULTILINE)}
    text = re.sub(r"^#.*", "", text, flags=re.MULTILINE)
    depth, current = 0, ""
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        current += character
        body_ends = depth == 0 and character == "}" and "static inline" in current
        if body_ends or (depth == 0 and character == ";"):
            declaration = current.partition("{")[0] if body_ends else current.rstrip(";")
            found.add(re.sub(r"\* ", "*", " ".join(declaration.split())))
            current = ""
    return found


def sections(source):
    """The text of each section of a page by its title."""
    parts = re.split(r"^(.+)\n=+\n", source.split(":Manual group:")[1], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def literal_block(section, start):
    """What is indented after the line START, once in SECTION, without the indentation."""
    block, = re.findall(rf"^{re.escape(start)}\n\n((?:   .*\n|\n)+)", section, re.MULTILINE)
    return re.sub(r"^   ", "", block, flags=re.MULTILINE)


def names_of(page):
    line, = re.findall(r"^\.SH NAME\n(.*) \\- \S", page.read_text(encoding="utf-8"),
                       re.IGNORECASE | re.MULTILINE)
    return [name.replace("\\-", "-") for name in line.split(", ")]


def functions_of(declared):
    return {match[1] for declaration in declared if "typedef" not in declaration
            for match in [FUNCTION.search(declaration)] if match}


def compiles(program):
    flags = subprocess.run(["pkg-config", "--cflags", "glib-2.0", "libsystemd"], check=True,
                           capture_output=True, text=True).stdout
    command = [*shlex.split(os.environ["CC"]), *shlex.split(os.environ["CFLAGS"]), *shlex.split(flags),
               "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", "-"]
    result = subprocess.run(command, input=program, stderr=subprocess.PIPE, text=True, check=False)
    for line in result.stderr.splitlines():
        print("#", line)
    return result.returncode == 0


def leads_to(folder, name, page):
    return (folder / f"{name}.3").read_text(encoding="utf-8") == f".so man3/{page}.3\n"


def differences(left, right):
    for item in sorted(left - right):
        print("#", item)
    return left <= right


def check_page(page, source, headers):
    """What must hold of PAGE, by description."""
    text = sections(source.read_text(encoding="utf-8"))
    synopsis = declarations(literal_block(text["SYNOPSIS"], "::"))
    names = names_of(page)
    yield "has the sections in their order", [title for title in text if title in SECTIONS] == SECTIONS
    yield "declares what the headers do", bool(synopsis) and differences(synopsis, headers)
    yield "names what it declares", set(names) & functions_of(headers) == functions_of(synopsis)
    yield "is found by its names", names[0] == page.stem and all(
        leads_to(page.parent, name, page.stem) for name in names[1:])
    yield "has an example that compiles", compiles(literal_block(text["EXAMPLES"], ".. code-block:: c"))


def arguments():
    groups = [[]]
    for argument in sys.argv[1:]:
        if argument == "--":
            groups.append([])
        else:
            groups[-1].append(Path(argument))
    return groups


def main():
    (script, *header_files), sources, pages = arguments()
    headers = set().union(*(declarations(path.read_text(encoding="utf-8")) for path in header_files))
    exported = re.findall(r"^\s+(wsb_\w+);", script.read_text(encoding="utf-8"), re.MULTILINE)
    named = Counter(name for page in pages for name in names_of(page))
    overview = (sources[0].parent / "wsbroker.3.rst").read_text(encoding="utf-8")

    checks = [("each exported function is described once",
               bool(exported) and differences(set(exported), {name for name in named if named[name] == 1})),
              ("wsbroker(3) names each page", all(f"**{page.stem}**\\(3)\n" in overview for page in pages))]
    for page, source in zip(pages, sources, strict=True):
        checks += [(f"{page.name} {what}", holds) for what, holds in check_page(page, source, headers)]

    print(f"1..{len(checks)}")
    for number, (name, holds) in enumerate(checks, 1):
        print(f"{'ok' if holds else 'not ok'} {number} - {name}")
    sys.exit(0 if all(holds for _, holds in checks) else 1)


if __name__ == "__main__":
    main()
