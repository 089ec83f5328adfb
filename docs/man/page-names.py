#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints a manual page that rst2man has made with more names in its NAME section, which rst2man gives one, the
page's title: `page-names.py PAGE NAME...`. man-db and mandoc index a page by the names there."""

import re
import sys

page, *names = sys.argv[1:]
with open(page, encoding="utf-8") as file:
    text, found = re.subn(r"^(\.SH NAME\n\S+) \\- ", lambda match: ", ".join([match[1], *names]) + r" \- ",
                          file.read(), flags=re.IGNORECASE | re.MULTILINE)
assert found == 1, f"{page} has no section NAME with a title"
print(text, end="")
