#!/usr/bin/env python3
"""Holds the version to one: Cargo.toml's, Cargo.lock's, the changelog's newest, the quick start's.

The changelog's headings are `## VERSION, unreleased` or `## VERSION, DATE`; only the newest may be
unreleased, and they go down, a pre-release such as 1.0.0-rc.1 before its release. Only the Python standard
library.
"""

import datetime
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADING = re.compile(r"^## (\S+?), (\S+)$")
VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?")


def rank(version):
    """Where a version stands among others, by Semantic Versioning 2.0, 11; None for what is no version."""
    parts = VERSION.fullmatch(version)
    if parts is None:
        return None
    *numbers, before = parts.groups()
    names = [(not name.isdigit(), int(name) if name.isdigit() else 0, name) for name in (before or "").split(".")]
    return [int(number) for number in numbers], before is None, names


def faults():
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    lines = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    headings = [HEADING.match(line) for line in lines]
    if not headings or not all(headings):
        wrong = [line for line, heading in zip(lines, headings) if not heading]
        yield f"CHANGELOG.md: {wrong or 'no version'}; a heading is `## 1.2.3, unreleased` or `## 1.2.3, 2026-01-31`"
        return
    told = [heading.groups() for heading in headings]
    if told[0][0] != version:
        yield f"CHANGELOG.md begins with {told[0][0]}, and Cargo.toml says {version}"
    if odd := [each for each, _ in told if rank(each) is None]:
        yield f"CHANGELOG.md: {odd} is no version; `1.2.3` or `1.2.3-rc.1` is expected"
    else:
        order = [rank(each) for each, _ in told]
        if any(newer <= older for newer, older in zip(order, order[1:])):
            yield "CHANGELOG.md: the versions do not go down"
    for place, (each, when) in enumerate(told):
        if when == "unreleased" and place == 0:
            continue
        try:
            datetime.date.fromisoformat(when)
        except ValueError:
            yield f"CHANGELOG.md: {each} is of `{when}`, which is no date"
    members = {
        tomllib.loads(path.read_text())["package"]["name"]
        for folder in ("crates", "functions")
        for path in (ROOT / folder).glob("*/Cargo.toml")
    }
    for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]:
        if package["name"] in members and package["version"] != version:
            yield f"Cargo.lock has {package['name']} {package['version']}; build once"
    if f"`signet {version}`" not in (ROOT / "docs/quick-start.md").read_text():
        yield f"docs/quick-start.md does not say that `signet --version` prints `signet {version}`"


def main():
    found = list(faults())
    for fault in found:
        print(f"guard-version: {fault}", file=sys.stderr)
    if not found:
        print("guard-version: Cargo.toml, Cargo.lock, CHANGELOG.md and the quick start have one version")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
