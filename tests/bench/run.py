#!/usr/bin/python3 -B
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures what tools/bench has built. Every process it starts is ended by its id, whatever happens."""

import argparse
import dataclasses
import os
import resource
import signal
import sys
import tempfile

import connections
import messages
import peers
import profiles
import report
import tables
from children import Failed
from figure import Figure
from plan import Plan
from stage import Stage


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__, allow_abbrev=False)
    parser.add_argument("--build", default="build-bench", help="the build folder")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="the figures")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, in under three minutes")
    parser.add_argument("--profile", action="store_true", help="where the service's time goes")
    parser.add_argument("--write", metavar="DOCUMENT", help="put the tables into it")
    parser.add_argument("--only", action="append", metavar="KEY", help="these figures alone")
    for field in dataclasses.fields(Plan):
        name = "--" + field.name.replace("_", "-")
        parser.add_argument(name, type=field.type, metavar="N", help=argparse.SUPPRESS)
    return parser.parse_args()


def make_plan(arguments):
    plan = Plan.quick() if arguments.quick else Plan()
    said = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Plan)}
    return dataclasses.replace(plan, **{name: value for name, value in said.items() if value is not None})


def measurements(stage, plan):
    """What gives which keys, in the order of the result."""
    for key in messages.ROWS:
        yield (key,), lambda key=key: [messages.measure(stage, plan, key)]
    yield (messages.SIGNALS_KEY,), lambda: [messages.measure_signals(stage, plan)]
    for keys, measure in connections.MEASUREMENTS:
        yield keys, lambda measure=measure: measure(stage, plan)


def measure_all(stage, plan, only):
    for keys, measure in measurements(stage, plan):
        if only and not set(only) & set(keys):
            continue
        print(f"measuring {' '.join(keys)}", file=sys.stderr, flush=True)
        try:
            yield from measure()
        except Failed as failure:
            for key in keys:
                yield Figure(key, "", failure=str(failure))


def write_json(text, destination):
    if destination == "-":
        sys.stdout.write(text)
        return
    with open(destination, "w", encoding="utf-8") as file:
        file.write(text)


def measure_and_report(stage, arguments, about):
    """Whether all of it was measured."""
    figures = list(measure_all(stage, make_plan(arguments), arguments.only))
    result = figures, about, peers.available(stage)
    # Standard output is for one reader: with the figures in it, the table goes beside it.
    print("\n".join(report.as_text(*result)), file=sys.stderr if arguments.json == "-" else sys.stdout)
    if arguments.json:
        write_json(report.as_json(figures, about), arguments.json)
    if arguments.write:
        tables.write_between(arguments.write, "figures", report.as_markdown(*result))
    return not any(figure.failure for figure in figures)


def profile_and_report(stage, arguments):
    rows = profiles.measure(stage)
    print("\n".join(tables.plain(rows)))
    if arguments.write:
        tables.write_between(arguments.write, "profile", tables.markdown(rows, left=2))


def main():
    arguments = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    about = report.machine()
    try:
        temporary = tempfile.TemporaryDirectory(prefix="wsbroker-bench-")
        with temporary as folder, Stage(arguments.build, folder) as stage:
            if arguments.profile:
                profile_and_report(stage, arguments)
                return 0
            return 0 if measure_and_report(stage, arguments, about) else 1
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
