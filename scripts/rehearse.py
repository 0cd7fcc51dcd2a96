#!/usr/bin/env python3
"""Rehearses a deployment on this machine: builds the functions, deploys infra/template.yaml to ministack
with the ordinary commands of SAM, and drives the stack from the first sign-in to its deletion.

    rehearse.py --command FILE [--binaries DIR] [--ministack DIR]

Ends with exit code 0 if all of it went as it must. Everything is on 127.0.0.1 and below target/rehearsal,
and stopped when this ends. docs/rehearsal.md says what this proves, and what it does not.
"""

import argparse
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import sys
import time
import traceback

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
    # Nothing that is asked of this machine goes by way of another.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    begun = time.monotonic()
    try:
        with alone():
            rehearse(arguments)
    except Failed as error:
        return failed(error)
    except KeyboardInterrupt:
        say("interrupted; everything is stopped")
        return 130
    # Whatever else it is: an answer of another form, a server that has gone.
    except Exception as error:
        traceback.print_exc()
        return failed(f"{type(error).__name__}: {error}")
    say(f"done. Rehearsed in {time.monotonic() - begun:.0f} s; everything is stopped.")
    return 0


def failed(error):
    say(f"error: {error}")
    kept = [path.relative_to(stack.ROOT) for path in (WORK / "aws/ministack.log", WORK / "logs") if path.exists()]
    say(f"The rehearsal FAILED. Logs: {', '.join(map(str, kept)) or 'none yet'}")
    return 1


@contextlib.contextmanager
def alone():
    """Two at once would take each other's files."""
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("another rehearsal is running") from None
        yield


def parsed():
    parser = argparse.ArgumentParser(prog="rehearse.py", description="Rehearses a deployment against ministack.")
    parser.add_argument(
        "--command",
        type=pathlib.Path,
        metavar="FILE",
        required=True,
        help="the signet command; `make rehearse` builds it",
    )
    parser.add_argument(
        "--binaries",
        type=pathlib.Path,
        metavar="DIR",
        help="take the functions from here, built already, in place of `sam build`",
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
    for last in (WORK / "logs", WORK / "aws"):
        shutil.rmtree(last, ignore_errors=True)
    command = arguments.command.resolve()
    if not command.is_file():
        raise Failed(f"no signet command at `{arguments.command}`")
    if arguments.binaries:
        with step("Take the functions that are built already"):
            built = stack.pack(arguments.binaries.resolve(), WORK / "build")
    else:
        with step("Build the functions: `sam build` (some minutes when cold)"):
            built = stack.build(WORK / "build")
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
