"""Serves ministack on a socket that is handed over, for scripts/rehearsal/emulator.py; with ministack's Python.

    python server.py DESCRIPTOR

Calls are plain HTTP, on 127.0.0.1. They are taken for what a proxy before it has decrypted, unless they say
otherwise: the policies of the stack's topics and queues refuse what comes without TLS.

It ends, with every function that it started, when its standard input ends.
"""

import asyncio
import os
import signal
import sys
import threading

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

FORWARDED = b"x-forwarded-proto"


async def behind_tls(scope, receive, send):
    if scope["type"] == "http" and all(name != FORWARDED for name, _ in scope["headers"]):
        scope = scope | {"headers": [*scope["headers"], (FORWARDED, b"https")]}
    await app(scope, receive, send)


def end_with_input():
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    config = Config()
    config.bind = [f"fd://{int(sys.argv[1])}"]
    asyncio.run(serve(behind_tls, config, shutdown_trigger=asyncio.Event().wait))
