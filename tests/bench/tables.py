# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables for a terminal and for a document, and the numbers in them."""


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plain(rows):
    """Lines with columns as wide as they must be, the first to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        yield "  ".join([row[0].ljust(widths[0]), *cells]).rstrip()


def markdown(rows, left=1):
    """The first row is the head. LEFT columns hold words, the others numbers."""

    def line(cells):
        return f"| {' | '.join(cells)} |"

    yield line(rows[0])
    yield line(["---"] * left + ["--:"] * (len(rows[0]) - left))
    yield from map(line, rows[1:])


def write_between(path, name, lines):
    """Puts LINES in place of what stands between the comments "NAME: begin" and "NAME: end" in PATH."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, after = text.split(begin)[0], text.split(end)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join([before, begin, "\n", *(f"{line}\n" for line in lines), "\n", end, after]))
