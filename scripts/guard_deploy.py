#!/usr/bin/env python3
"""What `make deploy` must not do unseen.

    guard_deploy.py settings FILE                     fails if SAM would pass over parameters of a file
    guard_deploy.py machine ARCHITECTURE BOOTSTRAP…   fails if a program is not for arm64 or x86_64, as asked
    guard_deploy.py run COMMAND…                      runs a command of SAM with the parameters of DEPLOY_PARAMETERS

Only the Python standard library.
"""

import os
import shlex
import sys
import tomllib
from pathlib import Path

from guard_docs import members

TEMPLATE = Path(__file__).resolve().parent.parent / "infra/template.yaml"

# The byte order of both is little-endian; `e_machine` of an ELF header is at byte 18 (ELF-64 Object File Format).
MACHINES = {"arm64": 183, "x86_64": 62}


def overrides(settings):
    """Where a file of SAM's settings has `parameter_overrides`: the names of its tables."""
    found = []
    for environment, commands in settings.items():
        for command, sections in commands.items() if isinstance(commands, dict) else ():
            for section, values in sections.items() if isinstance(sections, dict) else ():
                if isinstance(values, dict) and "parameter_overrides" in values:
                    found.append(f"{environment}.{command}.{section}")
    return found


def check_settings(path):
    found = overrides(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    if found:
        return (
            f"`{path}` has `parameter_overrides` in [{'], ['.join(found)}], and SAM takes the command line's in their "
            "place, unsaid: take them out, and say them as PARAMETERS=\"NAME=VALUE …\""
        )
    return None


def machine(program):
    """The processor that a program is for, by its ELF header; None for what is none."""
    head = program[:20]
    return int.from_bytes(head[18:20], "little") if len(head) == 20 and head[:4] == b"\x7fELF" else None


def check_machine(architecture, path):
    wanted, found = MACHINES[architecture], machine(Path(path).read_bytes())
    if found == wanted:
        return None
    names = {number: name for name, number in MACHINES.items()}
    what = "no program for Linux" if found is None else f"for {names.get(found, f'machine {found}')}"
    return f"`{path}` is {what}, and ARCHITECTURE is {architecture}: Lambda could not start it"


def arguments(text):
    """The words of PARAMETERS as SAM takes them: an argument each, with its value in double quotes. Without those
    it would refuse an empty value, and cut one with spaces at the first. Raises ValueError."""
    # Within the quotes SAM takes a backslash for its own, and has no other way to say one.
    if "\\" in text:
        raise ValueError("PARAMETERS has a backslash, which cannot be passed on to SAM")
    known = members(TEMPLATE.read_text(encoding="utf-8"), "Parameters")
    try:
        words = [word.partition("=") for word in shlex.split(text)]
    except ValueError:
        raise ValueError("PARAMETERS has a quotation without an end") from None
    for name, is_set, value in words:
        if not is_set:
            example = "SweepSchedule='cron(0 3 * * ? *)'"
            raise ValueError(f"`{name}` in PARAMETERS is no NAME=VALUE; one with spaces stands in quotes: {example}")
        if name not in known:
            raise ValueError(f"infra/template.yaml has no parameter `{name}`, and SAM would pass over it, unsaid")
        if '"' in value:
            raise ValueError(f"the value of `{name}` has a double quote, which cannot be passed on to SAM")
    return [f'{name}="{value}"' for name, _, value in words]


def main(args):
    match args:
        case ["settings", path]:
            faults = [check_settings(path)]
        case ["machine", architecture, *paths] if architecture in MACHINES and paths:
            faults = [check_machine(architecture, path) for path in paths]
        case ["run", *command] if command:
            try:
                said = arguments(os.environ.get("DEPLOY_PARAMETERS", ""))
            except ValueError as fault:
                faults = [str(fault)]
            else:
                os.execvp(command[0], [*command, *said])
        case _:
            sys.exit(__doc__)
    faults = [fault for fault in faults if fault]
    for fault in faults:
        print(f"make deploy: {fault}", file=sys.stderr)
    return 2 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
