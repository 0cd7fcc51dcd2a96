"""Holds the sign-in functions' dependencies to what their start and their size were measured with.

Reads `cargo tree` for each package alone, as it is deployed, for both processors of Lambda. Fails on
a crate that must not be there, on a crate in two versions, and on a feature of a watched crate that
nobody has allowed. A new dependency of the sign-in path is a decision: allow it here, with a reason.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("saml-hook", "token-hook", "pre-token")
TARGETS = ("aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu")

FORBIDDEN = {
    "aws-config": "the default credential chain; Lambda gives credentials in the environment",
    "aws-lc-rs": "a second cryptography library beside ring; each start pays for its entropy",
    "aws-lc-sys": "a second cryptography library beside ring; each start pays for its entropy",
    "aws-sdk-sso": "belongs to the default credential chain",
    "aws-sdk-ssooidc": "belongs to the default credential chain",
    "aws-sdk-sts": "belongs to the default credential chain",
    "boring": "a second TLS stack",
    "chrono": "a second time library",
    "lambda_http": "the payload type of its own costs 0.24 MB less",
    "native-tls": "a second TLS stack",
    "openssl": "a second TLS stack",
    "openssl-sys": "a second TLS stack",
    "regex": "0.5 MB for what a few comparisons do",
    "reqwest": "a second HTTP client",
    "s2n-tls": "a second TLS stack",
    "signet-cases": "for tests",
    "signet-local": "stand-ins for tests",
    "signet-spec": "for tests",
    "tracing-subscriber": "log lines are written without it",
    "webpki-roots": "the roots are Amazon's alone",
}

# Every feature that these may have. What is not in a list fails, so drift shows.
ALLOWED_FEATURES = {
    "aws-sdk-dynamodb": {"rt-tokio"},
    "aws-smithy-http-client": {"__rustls", "default-client", "rt-tokio", "rustls-ring"},
    "aws-smithy-runtime": {"client"},
    "hyper-rustls": {"http1", "http2", "native-tokio", "rustls-native-certs", "tls12"},
    "lambda_runtime": set(),
    "metrics": set(),
    "metrics_cloudwatch_embedded": set(),
    "ring": {"alloc", "default", "dev_urandom_fallback"},
    "rustls": {"ring", "std", "tls12"},
    "serde_json": {"default", "std"},
    # `rt-multi-thread` is lambda_runtime's own wish, and unused; the manifests below may not ask.
    "tokio": {
        "bytes", "default", "fs", "io-util", "libc", "macros", "mio", "net", "rt", "rt-multi-thread",
        "socket2", "sync", "time", "tokio-macros",
    },
}  # fmt: skip

# In two versions, and nobody here can end it.
KNOWN_DUPLICATES = {"base64", "getrandom"}

UNWANTED_OF_TOKIO = {"full", "rt-multi-thread", "process", "signal", "test-util"}

# The sources whose TLS client is the sign-in functions'.
TLS_SOURCES = ("crates/hook/src", *(f"functions/{package}/src" for package in PACKAGES))
NATIVE_ROOTS = re.compile(r"with_native_roots\(\s*true|TrustStore::default\(|rustls_native_certs")


def run(*command):
    """Standard output of a command; the run ends, with what it said, if it fails."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"guard-features: `{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout


def tree(package, target):
    """Crates of a sign-in function for one target: name to {version: set of features}."""
    # Proc macros are left out: they run at compile time.
    text = run(
        "cargo", "tree", "--locked", "-p", package, "--target", target, "-e", "normal,no-proc-macro",
        "--prefix", "none", "--no-dedupe", "--format", "{p}|{f}",
    )  # fmt: skip
    crates = {}
    for line in text.splitlines():
        crate, bar, features = line.partition("|")
        if not bar:
            sys.exit(f"guard-features: `cargo tree` printed a line that cannot be read: `{line}`")
        name, version = crate.split()[:2]
        crates.setdefault(name, {}).setdefault(version, set()).update(filter(None, features.split(",")))
    if package not in crates or "aws-sdk-dynamodb" not in crates:
        sys.exit(f"guard-features: `{package}` or its DynamoDB client is missing from its own tree; nothing is proven")
    return crates


def faults_of_tree(crates):
    for name, reason in FORBIDDEN.items():
        if name in crates:
            yield f"`{name}` is in the tree: {reason}"
    for name, versions in crates.items():
        if len(versions) > 1 and name not in KNOWN_DUPLICATES:
            yield f"`{name}` is there in {len(versions)} versions: {', '.join(sorted(versions))}"
    for name, allowed in ALLOWED_FEATURES.items():
        for features in crates.get(name, {}).values():
            for feature in sorted(features - allowed):
                yield f"`{name}` has the feature `{feature}`, which is not allowed for it"


def faults_of_manifests(crates):
    """lambda_runtime switches on what we do not ask for, so our own manifests are read as well."""
    metadata = json.loads(run("cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"))
    for package in metadata["packages"]:
        if package["name"] not in crates:
            continue
        for dependency in package["dependencies"]:
            if dependency["name"] == "tokio" and dependency["kind"] is None:
                for feature in sorted(UNWANTED_OF_TOKIO & set(dependency["features"])):
                    yield f"`{package['name']}` asks tokio for `{feature}`; the sign-in function runs on one thread"


def faults_of_sources():
    """`rustls-native-certs` is in the tree whatever one does; what counts is that nobody uses it."""
    own_store = False
    for folder in TLS_SOURCES:
        files = sorted((ROOT / folder).rglob("*.rs"))
        if not files:
            yield f"`{folder}` has no Rust source; this guard looks in the wrong place"
        for file in files:
            text = file.read_text(encoding="utf-8")
            own_store |= "TrustStore::empty()" in text
            for number, line in enumerate(text.splitlines(), 1):
                if NATIVE_ROOTS.search(line):
                    yield f"{file.relative_to(ROOT)}:{number}: reads the machine's trusted roots: `{line.strip()}`"
    if not own_store:
        yield f"no `TrustStore::empty()` in {' or '.join(TLS_SOURCES)}: the SDK's default reads the machine's trusted roots"


def main():
    faults = []
    everything = {}
    for package in PACKAGES:
        for target in TARGETS:
            crates = tree(package, target)
            everything |= crates
            faults += [f"{package} on {target}: {fault}" for fault in faults_of_tree(crates)]
            print(f"guard-features: {package} on {target}: {len(crates)} crates")
    faults += faults_of_manifests(everything)
    faults += faults_of_sources()
    for fault in faults:
        print(f"guard-features: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print("guard-features: no forbidden crate, no new feature, no scan of the machine's roots")


if __name__ == "__main__":
    main()
