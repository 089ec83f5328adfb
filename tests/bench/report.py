# SPDX-License-Identifier: LGPL-2.1-or-later
"""The result for people and for programs."""

import json
import os
import platform
import subprocess

from peers import COLUMNS, LIBSOUP, RAW, RELAY, WHY_MISSING, WSBROKER
from tables import markdown, number, plain

_PACKAGES = ("libglib2.0-0", "libsoup-3.0-0", "libgnutls30", "libwebsockets-dev", "squid", "dbus-daemon")


def _output(*command):
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout.strip()


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine():
    """Where and of what the figures are."""
    versions = _output("dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *_PACKAGES)
    return {
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
        "versions": dict(line.split(" ", 1) for line in versions.splitlines() if " " in line)
        | {"node": _output("node", "--version")},
    }


def as_json(figures, about):
    values = {figure.key: figure.value for figure in figures}
    rows = {figure.key: figure.as_json() for figure in figures}
    return json.dumps(values | {"rows": rows, "machine": about}, indent=2, ensure_ascii=False) + "\n"


def _verdict(figure):
    return "not measured" if figure.failure else "reached" if figure.reached else "missed"


def _figures(figures):
    rows = [("figure", "value", "from", "to", "bound", "")]
    for figure in figures:
        spread = (min(figure.values), max(figure.values)) if figure.values else (None, None)
        rows.append((figure.key, *map(number, (figure.value, *spread)), str(figure.bound), _verdict(figure)))
    return rows


def _failures(figures):
    for figure in figures:
        if figure.failure:
            yield f"{figure.key}: {figure.failure}"


def _peers(figures, columns):
    """What each did, and in brackets how wsbroker stands to it."""

    def cell(figure, peer):
        text = number(figure.median(peer))
        ratio = figure.against(peer) if peer != WSBROKER else None
        return f"{text} ({number(ratio)})" if ratio else text

    rows = [("", "unit", *columns)]
    for figure in figures:
        shown = [cell(figure, peer) for peer in columns]
        if any(figure.columns.get(peer) for peer in columns if peer != WSBROKER):
            rows.append((figure.key, figure.unit, *shown))
    return rows


def _more(figures):
    """Columns that a single row has, and what no broker could be better than."""
    for figure in figures:
        for peer in figure.columns:
            if peer not in (*COLUMNS, RAW, RELAY):
                yield f"{figure.key}: {peer} {number(figure.median(peer))} {figure.unit}"
        if figure.floor is not None:
            hop = f"a bare client through a process that only passes bytes on, {number(figure.relayed)} {figure.unit}"
            yield f"{figure.key}: {hop}, so the least there can be is {number(figure.floor)}"


def _server(figures):
    """The part of one processor that the server took, and what a bare client gets out of it."""
    rows = [("", "with wsbroker", "with libsoup", "bare client to wsbroker", "to libsoup")]
    for figure in figures:
        shares = [figure.as_json()["server_processor_share"].get(peer) for peer in (WSBROKER, LIBSOUP)]
        if None in shares or not figure.median(RAW):
            continue
        multiples = [figure.median(RAW) / figure.median(peer) for peer in (WSBROKER, LIBSOUP)]
        rows.append((figure.key, *(f"{share:.0%}" for share in shares), *map(number, multiples)))
    return rows


def _where(about):
    processors = f"{about['processors']} x {about['processor']}"
    return f"{processors}, Linux {about['kernel']}, load {about['load_before']:.2f} before"


def as_text(figures, about, available):
    yield _where(about)
    if about["load_before"] > 0.5:
        yield "Something else is running on this machine: expect these figures to be worse and wider apart."
    for peer in COLUMNS:
        if peer not in available:
            yield f"No column for {peer}: {WHY_MISSING[peer]}."
    sections = (
        ("wsbroker to libsoup in the program: median, least and most of the pairs", plain(_figures(figures))),
        ("Not measured", _failures(figures)),
        ("Medians of each, and in brackets wsbroker's to it", plain(_peers(figures, available))),
        ("More", _more(figures)),
        ("The server: its part of one processor, and what a bare client gets", plain(_server(figures))),
    )
    for title, lines in sections:
        lines = list(lines)
        if lines:
            yield from ("", f"== {title}", *lines)


def as_markdown(figures, about, available):
    """For docs/performance.md."""
    about_peers = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    yield from (f"{_where(about)}. {about_peers}.", "")
    what = [("figure", "what"), *((f"`{figure.key}`", figure.bound.what) for figure in figures)]
    yield from markdown([(*said, *row[1:]) for said, row in zip(what, _figures(figures))], left=2)
    yield from ("", "What each of them did, and in brackets how wsbroker stands to it:", "")
    yield from markdown(_peers(figures, available))
    yield from ("", *(f"- {line}" for line in _more(figures)))
    yield from ("", "The server's part of one processor, and what a bare client gets out of it:", "")
    yield from markdown(_server(figures))
