"""Starts the release build of a sign-in function and watches what it does: guard_start.py BOOTSTRAP

The function gets a Lambda Runtime API and a table on loopback, and a trap in place of the machine's
trusted roots: a named pipe, which `SSL_CERT_FILE` points at. It must begin TLS with the table during
its start, so that the first sign-in does not pay for it, and must not open the pipe: reading the
roots of a machine takes longer than the rest of the start.
"""

import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LIMIT_SECONDS = 20
# A record of the TLS handshake protocol (RFC 8446, section 5.1).
TLS_HANDSHAKE = b"\x16\x03"


class Seen:
    """What the function has done so far."""

    def __init__(self):
        self.polled = threading.Event()
        self.tls = threading.Event()
        self.roots = threading.Event()
        self.stop = threading.Event()
        self.init_error = None


def runtime_api(seen):
    """A Lambda Runtime API that never has an invocation."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.polled.set()
            seen.stop.wait(LIMIT_SECONDS)
            self.close_connection = True

        def do_POST(self):
            length = int(self.headers.get("Content-Length", "0"))
            seen.init_error = self.rfile.read(length).decode("utf-8", "replace")
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def table(seen):
    """A table that hangs up once it has seen how the function begins."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed: the check is over
            with connection:
                connection.settimeout(2)
                try:
                    if connection.recv(5).startswith(TLS_HANDSHAKE):
                        seen.tls.set()
                except OSError:
                    pass  # said nothing: not a TLS connection, and counted as none

    threading.Thread(target=serve, daemon=True).start()
    return listener


def watch(trap, seen):
    """Notices a reader: only then can a pipe be opened for writing without waiting."""
    while not seen.stop.is_set():
        try:
            os.close(os.open(trap, os.O_WRONLY | os.O_NONBLOCK))
            seen.roots.set()
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        time.sleep(0.001)


def environment(runtime_port, table_port, trap):
    """Nothing of the caller's: what Lambda sets, the function's own, and the trap."""
    return {
        "AWS_ACCESS_KEY_ID": "guard",
        "AWS_ENDPOINT_URL_DYNAMODB": f"https://127.0.0.1:{table_port}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": "guard",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "guard",
        "AWS_LAMBDA_LOG_STREAM_NAME": "guard",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_port}",
        "AWS_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "guard",
        "AWS_SESSION_TOKEN": "guard",
        "SIGNET_HOOK_SECRET_SHA256": hashlib.sha256(b"guard").hexdigest(),
        "SIGNET_TABLE": "guard",
        "SSL_CERT_FILE": str(trap),
    }


def faults(process, seen):
    """What is wrong, once both things have been seen or the time is over."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if seen.polled.is_set() and seen.tls.is_set():
            break
        time.sleep(0.005)
    # The connection's certificate store is made before the first byte is sent; the pause is for
    # the thread that watches the trap.
    time.sleep(0.1)
    if seen.roots.is_set():
        yield "it reads the machine's trusted roots; give its client a `TrustStore` of its own"
    if seen.init_error is not None:
        yield f"it reports a failed start: {seen.init_error}"
    if process.poll() is not None:
        yield f"it ended by itself with exit code {process.returncode}"
    if not seen.polled.is_set():
        yield f"it did not ask for its first event within {LIMIT_SECONDS} s"
    if not seen.tls.is_set():
        yield "it opened no TLS connection to the table during its start, so its first sign-in pays for that"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    bootstrap = Path(sys.argv[1]).resolve()
    if not bootstrap.is_file():
        sys.exit(f"guard-start: there is no `{sys.argv[1]}`; run `make build` first")
    seen = Seen()
    runtime, listener = runtime_api(seen), table(seen)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        trap = Path(folder, "roots.pem")
        os.mkfifo(trap)
        watcher = threading.Thread(target=watch, args=(trap, seen), daemon=True)
        watcher.start()
        process = subprocess.Popen(
            [bootstrap],
            env=environment(runtime.server_address[1], listener.getsockname()[1], trap),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            found = list(faults(process, seen))
        finally:
            process.kill()
            process.wait()
            seen.stop.set()
            watcher.join()
            listener.close()
            runtime.shutdown()
        if found:
            log.seek(0)
            for fault in found:
                print(f"guard-start: {bootstrap.parent.name}: {fault}", file=sys.stderr)
            print(f"guard-start: what it logged:\n{log.read().decode('utf-8', 'replace')}", file=sys.stderr)
            sys.exit(1)
        print(f"guard-start: {bootstrap.parent.name}: begins TLS with the table in its start, reads no roots of the machine")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
