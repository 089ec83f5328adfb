#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints the manual page of the D-Bus interface: `interface-page.py PAGE XML...` puts in the place of each
line `@NAME@` of PAGE the interface NAME as the XML files describe it, in reStructuredText. A member's
description is the comment before it: its name and a colon, a line for each argument (@NAME: TEXT), a blank
line, paragraphs."""

import re
import sys
import textwrap
import xml.etree.ElementTree as ElementTree

CHANGES = "org.freedesktop.DBus.Property.EmitsChangedSignal"
SAYS_OF_CHANGES = {"true": ", changes are signalled", "const": ", never changes"}
KINDS = {"method": "Methods", "signal": "Signals", "property": "Properties"}


def escape(text):
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def join(lines):
    return escape(" ".join(line.strip() for line in lines))


def paragraphs(lines, indent):
    """LINES, with blank lines between paragraphs, filled."""
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip())
    return [textwrap.indent(join(block.splitlines()), indent) + "\n" for block in blocks if block.strip()]


def parse(comment):
    """The text of each argument by name, and the lines that follow them, the name's own first."""
    head, _, rest = comment.strip().partition(":")
    arguments, description, current = {}, [], None
    for line in rest.splitlines():
        match = re.match(r"\s*@(\w+): (.*)", line)
        if match:
            current = arguments.setdefault(match[1], [])
            line = match[2]
        elif not line.strip():
            current = None
        (description if current is None else current).append(line)
    return head, {name: join(lines) for name, lines in arguments.items()}, description


def arguments_of(element, direction):
    default = "out" if element.tag == "signal" else "in"
    return [each for each in element.findall("arg") if each.get("direction", default) == direction]


def in_parentheses(arguments):
    return "(" + ", ".join(f"{each.get('type')} *{escape(each.get('name'))}*" for each in arguments) + ")"


def heading(element):
    name = f"**{element.get('name')}**"
    if element.tag == "property":
        annotation = element.find(f"annotation[@name='{CHANGES}']")
        changes = "true" if annotation is None else annotation.get("value")
        return f"{name} {element.get('type')}" + SAYS_OF_CHANGES.get(changes, "")
    if element.tag == "signal":
        return f"{name} {in_parentheses(arguments_of(element, 'out'))}"
    result = arguments_of(element, "out")
    call = f"{name} {in_parentheses(arguments_of(element, 'in'))}"
    return f"{call} -> {in_parentheses(result)}" if result else call


def member(element, comment):
    name, texts, description = parse(comment)
    assert name == element.get("name"), f"{element.get('name')} has the description of {name}"
    yield heading(element)
    for argument in element.findall("arg"):
        yield f"    *{escape(argument.get('name'))}*: {texts[argument.get('name')]}\n"
    yield from paragraphs(description, "    ")


def interface(element, comment):
    yield from paragraphs(parse(comment)[2], "")
    last, kind = "", None
    for child in element:
        if child.tag is ElementTree.Comment:
            last = child.text
            continue
        if child.tag != kind:
            kind = child.tag
            yield f"{KINDS[kind]}\n{'-' * len(KINDS[kind])}\n"
        yield from member(child, last)


def read_interfaces(path):
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    last = ""
    for child in ElementTree.parse(path, parser).getroot():
        if child.tag is ElementTree.Comment:
            last = child.text
        else:
            yield child.get("name"), interface(child, last)


def main(page, *xml_files):
    interfaces = {f"@{name}@": text for path in xml_files for name, text in read_interfaces(path)}
    with open(page, encoding="utf-8") as file:
        for line in file.read().splitlines():
            print("\n".join(interfaces.pop(line)) if line in interfaces else line)
    assert not interfaces, f"{page} leaves out {', '.join(interfaces)}"


if __name__ == "__main__":
    main(*sys.argv[1:])
