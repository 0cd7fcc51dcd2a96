#!/usr/bin/env python3
"""Rehearses a deployment on this machine: builds the functions, deploys infra/template.yaml to ministack
with the ordinary commands of SAM, and drives the stack from the first sign-in to its deletion.

    rehearse.py [--binaries DIR] [--ministack DIR]

Ends with exit code 0 if all of it went as it must. Everything is on 127.0.0.1 and below target/rehearsal,
and stopped when this ends. docs/rehearsal.md says what this proves, and what it does not.
"""

import argparse
import contextlib
import pathlib
import signal
import sys
import time

import botocore.exceptions

from rehearsal import emulator, stack, steps, template
from rehearsal.drive import Rehearsal
from rehearsal.steps import Failed, say, step

WORK = stack.ROOT / "target/rehearsal"


def main():
    arguments = parsed()
    # As an exception, so that everything that was started is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    begun = time.monotonic()
    try:
        rehearse(arguments)
    except (Failed, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        say(f"error: {error}")
        say(f"The rehearsal FAILED. ministack's log: {(WORK / 'aws/ministack.log').relative_to(stack.ROOT)}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; everything is stopped")
        return 130
    say(f"done. Rehearsed in {time.monotonic() - begun:.0f} s; everything is stopped.")
    return 0


def parsed():
    parser = argparse.ArgumentParser(prog="rehearse.py", description="Rehearses a deployment against ministack.")
    parser.add_argument(
        "--binaries",
        type=pathlib.Path,
        metavar="DIR",
        help="take the functions and the signet command from here, built already, in place of `sam build`",
    )
    parser.add_argument(
        "--ministack",
        type=pathlib.Path,
        metavar="DIR",
        default=stack.ROOT / "target/ministack",
        help="the Python environment that has ministack (target/ministack)",
    )
    return parser.parse_args()


def rehearse(arguments):
    if arguments.binaries:
        with step("Take the functions that are built already"):
            binaries = arguments.binaries.resolve()
            built, command = stack.pack(binaries, WORK / "build"), binaries / "signet"
    else:
        with step("Build the functions: `sam build` (some minutes when cold)"):
            built, command = stack.build(WORK / "build"), stack.ROOT / "target/release/signet"
    if not command.is_file():
        raise Failed(f"no signet command at `{command}`; `make rehearse` builds it")
    with contextlib.ExitStack() as running:
        with step("Start ministack"):
            aws = running.enter_context(emulator.running(arguments.ministack / "bin/python", WORK / "aws"))
            steps.until("it answers", lambda: is_ready(aws))
        rehearsal = Rehearsal(aws, built, command, WORK)
        rehearsal.run()
    say()
    say("Not rehearsed, or otherwise than on AWS:")
    for what, names, why in rehearsal.stack.changed:
        say(f"  - {what} ({why}): {', '.join(sorted(names))}")
    for what, why in template.ASIDE:
        say(f"  - {what}: {why}")
    say()


def is_ready(aws):
    if aws.server.poll() is not None:
        raise Failed(f"ministack ended with exit code {aws.server.returncode}:\n{aws.log()[-3000:]}")
    with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
        aws.client("sqs").list_queues()
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
