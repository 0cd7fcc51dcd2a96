"""How the rehearsal says what it does, and what it found."""

import contextlib
import time


class Failed(Exception):
    """Something is not as it must be. The text says what."""


def say(text=""):
    print(text, flush=True)


@contextlib.contextmanager
def step(text):
    """A part of the rehearsal, with how long it took."""
    say(f"==> {text}")
    begun = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"<== {text}: FAILED after {time.monotonic() - begun:.1f} s")
        raise
    say(f"<== {text}: done in {time.monotonic() - begun:.1f} s")


def check(holds, text, found=None):
    """One thing that must hold."""
    if not holds:
        raise Failed(f"not so: {text}" + ("" if found is None else f"; found {found}"))
    say(f"    {text}")


def until(text, holds, patience_s=60, pause_s=0.5):
    """Waits until something holds. Gives what `holds` gave."""
    begun = time.monotonic()
    while not (found := holds()):
        if time.monotonic() - begun > patience_s:
            raise Failed(f"after {patience_s} s not yet so: {text}")
        time.sleep(pause_s)
    say(f"    {text}, after {time.monotonic() - begun:.1f} s")
    return found
