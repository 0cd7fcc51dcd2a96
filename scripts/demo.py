#!/usr/bin/env python3
"""Runs a sign-in function on this machine: an embedded DynamoDB, the function under `cargo lambda watch`.

    demo.py demo [APP]           one sample sign-in, shown from claims to decision; then all stops
    demo.py dev [APP]            leaves it running, and says what to send
    demo.py invoke EVENT         sends EVENT.json of the function's folder of events to what `dev` left running

APP is `saml` (Okta's SAML hook, if nothing is said), `token` (Okta's token hook) or `cognito` (the pre token
generation trigger of a Cognito user pool).

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
STATE = ROOT / "target" / "dev" / "hook.json"
# The header value that all sample events carry. It opens nothing but this demonstration.
SECRET = "signet-local-secret"
PREFIX = "https://aws.amazon.com/SAML/Attributes/"


class App:
    """How people sign in, and the function that answers."""

    def __init__(self, word, function, sample, asks):
        self.word = word
        self.function = function
        self.sample = sample
        self.asks = asks
        self.events = ROOT / "events" / function

    @property
    def is_http(self):
        return self.word != "cognito"


APPS = {
    app.word: app
    for app in (
        App("saml", "saml-hook", "many-groups", "Okta"),
        App("token", "token-hook", "many-groups", "Okta"),
        App("cognito", "pre-token", "v2-hosted-auth", "the user pool"),
    )
}

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


class Function:
    """A function under `cargo lambda watch`."""

    def __init__(self, app, env):
        cargo_lambda = ROOT / ".venv/bin/cargo-lambda"
        if not cargo_lambda.exists():
            fail("cargo-lambda is not there: run `make setup`")
        self.app = app
        self.port = free_port()
        self.logs = []
        self.other = collections.deque(maxlen=30)
        command = [cargo_lambda, "lambda", "watch", "--package", app.function, "--ignore-changes"]
        command += ["--invoke-address", "127.0.0.1", "--invoke-port", str(self.port)]
        self.child, self.lines = start(command, env)
        self.wait_until_ready()

    @property
    def url(self):
        # As a browser sees a function URL, and as AWS services invoke a function.
        path = "lambda-url/{}/" if self.app.is_http else "2015-03-31/functions/{}/invocations"
        return f"http://127.0.0.1:{self.port}/{path.format(self.app.function)}"

    def wait_until_ready(self, patience=900):
        """Ready is: it turns away what is no call for it."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            self.drain(show=True)
            if self.child.poll() is not None:
                self.give_up("`cargo lambda watch` ended")
            try:
                status, text = self.post("{}", secret=None)
                if status == 401 if self.app.is_http else "SignetRejected" in text:
                    return
                self.give_up(f"the function answered HTTP {status} to a call that is not for it: {text}")
            except OSError:
                pass
            time.sleep(0.2)
        self.give_up(f"the function did not answer as it should within {patience} s")

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
        fail("the function wrote no decision to its log")


def start_all(app):
    started = time.monotonic()
    step(f"building {app.function}, the signet command and the local stand-ins (the first time takes some minutes)")
    run(["cargo", "build", "--locked", "--package", app.function, "--package", "signet", "--package", "signet-local"])
    step("starting an embedded DynamoDB")
    endpoint = start_table()
    env = aws_environment(endpoint)
    step(f"filling the table from {app.events.relative_to(ROOT)}/entitlements.yaml")
    signet = ROOT / "target/debug/signet"
    run([signet, "table", "create"], env)
    run([signet, "apply", app.events / "entitlements.yaml", "--yes"], env)
    step(f"starting {app.function} under `cargo lambda watch`")
    function = Function(app, env)
    say(f"    ready after {time.monotonic() - started:.0f} s at {function.url}")
    return endpoint, function


def sample(app, name):
    # A case's name, or the path of its file as a shell completes it.
    path = app.events / f"{pathlib.PurePath(name).name.removesuffix('.json')}.json"
    if not name or not path.exists():
        known = ", ".join(sorted(p.stem for p in app.events.glob("*.json")))
        fail(f"there is no event `{name}`: choose one of {known}")
    return path, json.loads(path.read_text())


def body_of(event):
    body = event.get("body") or ""
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body


def texts(claim):
    """The lines that show a claim: a SAML attribute's values, or whatever a token's claim holds."""
    if isinstance(claim, dict) and ("attributeValues" in claim or "attributes" in claim):
        claim = [value.get("value") for value in claim.get("attributeValues") or []]
    if isinstance(claim, dict):
        return [f"{key}: {json.dumps(value)}" for key, value in claim.items()]
    values = claim if isinstance(claim, list) else [claim]
    return [str(value) for value in values if value is not None] or ["(no value)"]


def show_claims(claims, mark=()):
    for name in sorted(claims):
        sign = "+" if name in mark else " "
        short = name.replace(PREFIX, "aws:")
        lines = texts(claims[name])
        head = f"  {sign} {short:34} "
        if len(short) > 34:
            say(head.rstrip())
            head = " " * 39
        for number, text in enumerate(lines):
            say(f"{head if number == 0 else ' ' * 39}{text}")


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


def show_change(what, before, after, added):
    say()
    say(f"CLAIMS BEFORE ({what})")
    show_claims(before)
    say()
    short = f"; aws: stands for {PREFIX}" if any(name.startswith(PREFIX) for name in added) else ""
    say(f"CLAIMS AFTER (+ added by Signet{short})")
    show_claims(after, added)


def show_okta(app, function, event):
    """Sends a hook request, and shows what Okta makes of the answer. Whether it lets the person in."""
    body = body_of(event)
    data = json.loads(body)["data"]
    protocol = data["context"]["protocol"]
    target = protocol["issuer"]["id"] if app.word == "saml" else protocol["client"]["id"]
    say(f"    {data['context']['user']['profile']['login']} signs in to app {target}")
    status, text = function.post(body)
    if status != 200:
        fail(f"the function answered HTTP {status}: {text}")
    answer = json.loads(text)
    if "error" in answer:
        say()
        say(f"DENIED: {answer['error']['errorSummary']}")
        return False
    token, what = ("assertion", "what the Okta app puts into the assertion")
    if app.word == "token":
        token, what = ("identity", "what the authorization server puts into the ID token")
    before = data[token]["claims"]
    show_change(what, before, *apply_patch(before, answer))
    return True


def show_cognito(_app, function, event):
    """Invokes the trigger, and shows what a user pool makes of the answer. Whether it lets the person in."""
    attributes = event["request"]["userAttributes"]
    say(f"    {attributes.get('email')} signs in to app client {event['callerContext']['clientId']}")
    _, text = function.post(json.dumps(event), secret=None)
    answer = json.loads(text)
    if "errorMessage" in answer:
        say()
        say(f"DENIED: PreTokenGeneration failed with error {answer['errorMessage']}")
        return False
    response = answer["response"]
    details = response.get("claimsAndScopeOverrideDetails") or response.get("claimsOverrideDetails") or {}
    added = details.get("idTokenGeneration", details).get("claimsToAddOrOverride", {})
    groups = event["request"]["groupConfiguration"]["groupsToOverride"]
    before = {name: value for name, value in attributes.items() if name != "identities"} | {"cognito:groups": groups}
    show_change("attributes and groups of the user in the pool", before, before | added, added)
    tokens = [name for name in ("idTokenGeneration", "accessTokenGeneration") if details.get(name)]
    say()
    say(f"CHANGED TOKENS: {', '.join(tokens) or 'idTokenGeneration'}")
    if roles := details.get("groupOverrideDetails", {}).get("iamRolesToOverride"):
        say("ROLES FOR THE IDENTITY POOL")
        for role in roles:
            say(f"    {role}")
    return True


def demo(app):
    _, function = start_all(app)
    path, event = sample(app, app.sample)
    way = "over HTTP" if app.is_http else "by invocation"
    step(f"sending the sample sign-in {path.relative_to(ROOT)} {way}, as {app.asks} would")
    is_in = (show_okta if app.is_http else show_cognito)(app, function, event)
    decision = function.decision()
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
    if is_in:
        others = " and ".join(f"`make demo APP={word}`" for word in APPS if word != app.word)
        say(f"done. {others} show the others; `make dev` leaves it running; `make help` lists the rest")
    sys.exit(0 if is_in else 1)


def dev(app):
    endpoint, function = start_all(app)
    STATE.parent.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({"app": app.word, "port": function.port}))
    atexit.register(lambda: STATE.unlink(missing_ok=True))
    say()
    say("Running until you press Ctrl-C. In another terminal:")
    say(f"    make invoke EVENT={app.sample}        # or any other file of events/{app.function}")
    if app.is_http:
        say("or over HTTP, as Okta does, with a hook request of your own:")
        say(
            f"    curl -sS {function.url} -H 'Authorization: {SECRET}' -H 'Content-Type: application/json' "
            "-d @request.json"
        )
    say("The signet command speaks to the same table with:")
    say(
        f"    export SIGNET_TABLE=entitlements AWS_ENDPOINT_URL_DYNAMODB={endpoint} "
        "AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    )
    say("    target/debug/signet explain --help")
    say()
    while function.child.poll() is None:
        line = function.lines.get()
        if line is None:
            break
        say(line)
    fail("`cargo lambda watch` ended")


def invoke(name):
    if not STATE.exists():
        fail("nothing is running: start `make dev` in another terminal first")
    state = json.loads(STATE.read_text())
    app = APPS[state["app"]]
    path, _ = sample(app, name)
    command = [ROOT / ".venv/bin/cargo-lambda", "lambda", "invoke", app.function]
    run(command + ["--invoke-address", "127.0.0.1", "--invoke-port", str(state["port"]), "--data-file", path])
    say()


def app_of(word):
    if word not in APPS:
        fail(f"there is no APP `{word}`: choose one of {', '.join(APPS)}")
    return APPS[word]


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    atexit.register(stop_children)
    match sys.argv[1:]:
        case ["demo"]:
            demo(APPS["saml"])
        case ["demo", word]:
            demo(app_of(word))
        case ["dev"]:
            dev(APPS["saml"])
        case ["dev", word]:
            dev(app_of(word))
        case ["invoke", name]:
            invoke(name)
        case _:
            say(__doc__)
            sys.exit(2)


if __name__ == "__main__":
    main()
