"""Serves ministack on a socket that is handed over, for scripts/rehearsal/emulator.py; with ministack's Python.

    python server.py DESCRIPTOR

Calls are plain HTTP, on 127.0.0.1. They are taken for what a proxy before it has decrypted, unless they say
otherwise: the policies of the stack's topics and queues refuse what comes without TLS.
"""

import asyncio
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

FORWARDED = b"x-forwarded-proto"


async def behind_tls(scope, receive, send):
    if scope["type"] == "http" and all(name != FORWARDED for name, _ in scope["headers"]):
        scope = scope | {"headers": [*scope["headers"], (FORWARDED, b"https")]}
    await app(scope, receive, send)


if __name__ == "__main__":
    config = Config()
    config.bind = [f"fd://{int(sys.argv[1])}"]
    asyncio.run(serve(behind_tls, config, shutdown_trigger=asyncio.Event().wait))
