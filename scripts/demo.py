#!/usr/bin/env python3
"""Runs the sign-in hook on this machine: an embedded DynamoDB, the hook under `cargo lambda watch`.

    demo.py demo                 one sample sign-in, shown from claims to decision; then all stops
    demo.py dev                  leaves it running, and says what to send
    demo.py invoke [EVENT]       sends events/saml-hook/EVENT.json to what `dev` left running

Only the Python standard library. Everything listens on 127.0.0.1, on free ports, and is stopped
when this script ends, for whatever reason.
"""

import atexit
import base64
import collections
import hashlib
import json
import os
import pathlib
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
EVENTS = ROOT / "events" / "saml-hook"
STATE = ROOT / "target" / "dev" / "hook.json"
# The header value that all sample events carry. It opens nothing but this demonstration.
SECRET = "signet-local-secret"
PREFIX = "https://aws.amazon.com/SAML/Attributes/"
FUNCTION = "saml-hook"

children = []


def say(text=""):
    print(text, flush=True)


def step(text):
    say(f"==> {text}")


def fail(text):
    say(f"error: {text}")
    sys.exit(1)


def stop_children():
    while children:
        child = children.pop()
        # The child leads its own group, and what it started is in it: none of it may stay behind.
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(child.pid, number)
                child.wait(timeout=patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass


def on_signal(number, _frame):
    sys.exit(128 + number)


def start(command, env=None):
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    children.append(child)
    lines = queue.Queue()

    def read():
        for line in child.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return child, lines


def run(command, env=None):
    """Runs a command that prints its own progress."""
    try:
        subprocess.run(command, cwd=ROOT, env=env, check=True)
    except FileNotFoundError:
        fail(f"`{command[0]}` is not there: run `make setup`")
    except subprocess.CalledProcessError as error:
        fail(f"`{' '.join(map(str, command))}` ended with exit code {error.returncode}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_table():
    child, lines = start([ROOT / "target/debug/signet-local", "dynamodb"])
    line = lines.get(timeout=30)
    found = re.match(r"listening on (http://\S+)", line or "")
    if not found:
        fail(f"the embedded DynamoDB did not start: {line}")
    return found.group(1)


def aws_environment(endpoint):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SIGNET_"))}
    env.update(
        AWS_ENDPOINT_URL_DYNAMODB=endpoint,
        AWS_REGION="eu-central-1",
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",
        SIGNET_TABLE="entitlements",
        SIGNET_HOOK_SECRET_SHA256=hashlib.sha256(SECRET.encode()).hexdigest(),
    )
    return env


class Hook:
    """The hook under `cargo lambda watch`, as an HTTP server."""

    def __init__(self, env):
        cargo_lambda = ROOT / ".venv/bin/cargo-lambda"
        if not cargo_lambda.exists():
            fail("cargo-lambda is not there: run `make setup`")
        self.port = free_port()
        self.logs = []
        self.other = collections.deque(maxlen=30)
        command = [cargo_lambda, "lambda", "watch", "--package", FUNCTION, "--ignore-changes"]
        command += ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        self.child, self.lines = start(command, env)
        self.wait_until_ready()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/lambda-url/{FUNCTION}/"

    def wait_until_ready(self, patience=900):
        """Ready is: it answers 401 to a request without the secret."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.drain(show=True)
            if self.child.poll() is not None:
                self.give_up("`cargo lambda watch` ended")
            try:
                status, text = self.post("{}", secret=None)
                if status == 401:
                    return
                self.give_up(f"the hook answered HTTP {status} instead of 401 to a request without the secret: {text}")
            except OSError:
                pass
            time.sleep(0.2)
        self.give_up(f"the hook did not answer as it should within {patience} s")

    def give_up(self, why):
        self.drain()
        fail("\n    ".join([f"{why}; the last it printed:", *self.other, *map(json.dumps, self.logs[-5:])]))

    def drain(self, show=False):
        while True:
            try:
                line = self.lines.get_nowait()
            except queue.Empty:
                return
            if line is None:
                return
            try:
                self.logs.append(json.loads(line))
            except ValueError:
                self.other.append(line)
                if show and re.search(r"Compiling|Finished|error|warning|panicked", line):
                    say(f"    {line.strip()}")

    def post(self, body, secret=SECRET):
        request = urllib.request.Request(self.url, data=body.encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        if secret:
            request.add_header("Authorization", secret)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def decision(self, patience=10):
        """The log line of the last decision."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.drain()
            decisions = [line for line in self.logs if isinstance(line, dict) and line.get("message") == "decision"]
            if decisions:
                return decisions[-1]
            time.sleep(0.05)
        fail("the hook wrote no decision to its log")


def start_all():
    started = time.monotonic()
    step("building the hook, the signet command and the local stand-ins (the first time takes some minutes)")
    run(["cargo", "build", "--locked", "--package", FUNCTION, "--package", "signet", "--package", "signet-local"])
    step("starting an embedded DynamoDB")
    endpoint = start_table()
    env = aws_environment(endpoint)
    step(f"filling the table from {EVENTS.relative_to(ROOT)}/entitlements.yaml")
    signet = ROOT / "target/debug/signet"
    run([signet, "table", "create"], env)
    run([signet, "apply", EVENTS / "entitlements.yaml", "--yes"], env)
    step("starting the hook under `cargo lambda watch`")
    hook = Hook(env)
    say(f"    ready after {time.monotonic() - started:.0f} s at {hook.url}")
    return endpoint, hook


def envelope(name):
    # A case's name, or the path of its file as a shell completes it.
    path = EVENTS / f"{pathlib.PurePath(name).name.removesuffix('.json')}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in EVENTS.glob("*.json")))
        fail(f"there is no event `{name}`: choose one of {known}")
    return path, json.loads(path.read_text())


def body_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body


def values(claim):
    texts = [str(value.get("value")) for value in claim.get("attributeValues") or []]
    return texts or ["(no value)"]


def show_claims(claims, mark=()):
    for name in sorted(claims):
        sign = "+" if name in mark else " "
        short = name.replace(PREFIX, "aws:")
        for number, text in enumerate(values(claims[name])):
            say(f"  {sign} {short if number == 0 else '':34} {text}")


def why_not(group):
    counts = [(group.get("expired"), "expired"), (group.get("other_app"), "for other apps")]
    return ", ".join(f"{number} {what}" for number, what in counts if number)


def apply_patch(claims, answer):
    """What Okta does with the answer: RFC 6902 `add` and `replace` of whole claims."""
    claims, added = json.loads(json.dumps(claims)), []
    for command in answer.get("commands", []):
        for operation in command["value"]:
            place = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
            if len(place) != 2 or place[0] != "claims":
                fail(f"the answer patches `{operation['path']}`, which this demonstration does not expect")
            claims[place[1]] = operation["value"]
            added.append(place[1])
    return claims, added


def demo():
    _, hook = start_all()
    path, event = envelope("many-groups")
    body = body_of(event)
    request = json.loads(body)
    context = request["data"]["context"]
    claims = request["data"]["assertion"]["claims"]
    step(f"sending the sample sign-in {path.relative_to(ROOT)} over HTTP, as Okta would")
    say(f"    {context['user']['profile']['login']} signs in to app {context['protocol']['issuer']['id']}")
    status, text = hook.post(body)
    if status != 200:
        fail(f"the hook answered HTTP {status}: {text}")
    answer = json.loads(text)
    say()
    say("CLAIMS BEFORE (what the Okta app puts into the assertion)")
    show_claims(claims)
    say()
    if "error" in answer:
        say(f"DENIED: {answer['error']['errorSummary']}")
        exit_code = 1
    else:
        after, added = apply_patch(claims, answer)
        say("CLAIMS AFTER (+ added by Signet; aws: stands for " + PREFIX + ")")
        show_claims(after, added)
        exit_code = 0
    decision = hook.decision()
    say()
    say("DECISION")
    for label, name in [
        ("id", "decision.id"),
        ("outcome", "outcome"),
        ("source identity", "source_identity"),
        ("reason", "reason"),
        ("duration", "duration_ms"),
    ]:
        if decision.get(name) is not None:
            unit = " ms" if name == "duration_ms" else ""
            say(f"    {label:16} {decision[name]}{unit}")
    say()
    say("WHY EACH GROUP DID OR DID NOT COUNT")
    for group in decision.get("groups", []):
        say(f"    {group['key']:28} {group['finding']:14} {group.get('code') or why_not(group)}")
    for note in decision.get("notes", []):
        say(f"    note: {json.dumps(note)}")
    say()
    step("stopping everything")
    stop_children()
    if exit_code == 0:
        say("done. `make dev` leaves it running; `make help` lists what else there is")
    sys.exit(exit_code)


def dev():
    endpoint, hook = start_all()
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({"port": hook.port}))
    atexit.register(lambda: STATE.unlink(missing_ok=True))
    say()
    say("Running until you press Ctrl-C. In another terminal:")
    say("    make invoke EVENT=one-group        # or any other file of events/saml-hook")
    say("or over HTTP, as Okta does, with a hook request of your own:")
    say(f"    curl -sS {hook.url} -H 'Authorization: {SECRET}' -H 'Content-Type: application/json' -d @request.json")
    say("The signet command speaks to the same table with:")
    say(
        f"    export SIGNET_TABLE=entitlements AWS_ENDPOINT_URL_DYNAMODB={endpoint} "
        "AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    )
    say("    target/debug/signet explain --help")
    say()
    while hook.child.poll() is None:
        line = hook.lines.get()
        if line is None:
            break
        say(line)
    fail("`cargo lambda watch` ended")


def invoke(name):
    path, _ = envelope(name)
    if not STATE.exists():
        fail("nothing is running: start `make dev` in another terminal first")
    port = json.loads(STATE.read_text())["port"]
    command = [ROOT / ".venv/bin/cargo-lambda", "lambda", "invoke", FUNCTION]
    run(command + ["--invoke-address", "127.0.0.1", "--invoke-port", str(port), "--data-file", path])
    say()


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    atexit.register(stop_children)
    match sys.argv[1:]:
        case ["demo"]:
            demo()
        case ["dev"]:
            dev()
        case ["invoke"]:
            invoke("one-group")
        case ["invoke", name]:
            invoke(name)
        case _:
            say(__doc__)
            sys.exit(2)


if __name__ == "__main__":
    main()
