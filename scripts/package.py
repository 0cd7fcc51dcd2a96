#!/usr/bin/env python3
"""Packs a release: for each function and each processor of Lambda a deployment package and its bill of
materials, and the checksums of all.

    package.py [ARCHITECTURE…]      arm64 and x86_64, unless told

They are below target/package/signet-VERSION. Nothing in zip and bill depends on when they were made. Wants
cargo-lambda in PATH, as `make package` has it. Only the Python standard library.

The bill is of CycloneDX 1.5, made from `cargo tree` of each package alone, as it is built: what runs while it is
built, build scripts and procedural macros, is not in the function and not in the bill. cargo-cyclonedx is not used:
it takes the features of the whole workspace together, and so lists crates that are not in the function.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib
import uuid
import zipfile

import guard_version

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml"))
# The first that a zip can have.
EPOCH = (1980, 1, 1, 0, 0, 0)
SUMS = "SHA256SUMS"


def run(command, folder=ROOT, **environment):
    subprocess.run(list(map(str, command)), cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL, check=True)


def has_library(target):
    """Rust's standard library is there. cargo-lambda would download it into the machine's toolchain unasked."""
    asked = ["rustc", "--print", "target-libdir", "--target", target]
    folder = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    return pathlib.Path(folder).is_dir()


def build(function, architecture, folder):
    """The function's program, built alone, in the folder of its package, against the C library of Lambda."""
    command = ["cargo", "lambda", "build", "--release", "--locked", "--bin", function]
    command += ["--target", TARGETS[architecture], "--lambda-dir", folder]
    run(command, ROOT / "functions" / function, CARGO_LAMBDA_COMPILER="cargo-zigbuild")
    return folder / function / "bootstrap"


def pack(program, package):
    entry = zipfile.ZipInfo("bootstrap", EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100755 << 16
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(entry, program.read_bytes(), compresslevel=9)


def bill(function, architecture, version, package):
    """The crates in a function, what each takes in, and the package that they are in."""
    command = ["cargo", "tree", "--locked", "--package", function, "--target", TARGETS[architecture]]
    command += ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "|{p}|{l}"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    locked = {(each["name"], each["version"]): each for each in lock}
    crates, above = {}, []
    for line in told.splitlines():
        depth, crate, licence = line.removesuffix(" (*)").split("|")
        name, number = crate.split()[:2]
        entry = locked[name, number.removeprefix("v")]
        # One of this workspace is in no registry, so that nobody could look it up there.
        purl = f"pkg:cargo/{name}@{entry['version']}" if "source" in entry else None
        # The function itself is another one for each processor.
        reference = purl or f"{name}@{entry['version']}" + ("" if above else f"/{architecture}")
        about = {"name": name, "version": entry["version"], "licence": licence, "purl": purl}
        crates.setdefault(reference, about | {"checksum": entry.get("checksum"), "takes": set()})
        del above[int(depth) :]
        if above:
            crates[above[-1]]["takes"].add(reference)
        above.append(reference)
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    root = f"{function}@{version}/{architecture}"
    about = component(root, crates[root] | {"checksum": digest}, "application")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # One package has one bill, whoever makes it.
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"sha256:{digest}").urn,
        "version": 1,
        "metadata": {"component": about, "properties": [{"name": "signet:architecture", "value": architecture}]},
        "components": [
            component(reference, crates[reference], "library") for reference in sorted(crates) if reference != root
        ],
        "dependencies": [{"ref": each, "dependsOn": sorted(crates[each]["takes"])} for each in sorted(crates)],
    }


def component(reference, crate, kind):
    """A crate as CycloneDX has it. One of this workspace has no checksum."""
    told = {"type": kind, "bom-ref": reference, "name": crate["name"], "version": crate["version"]}
    if crate["purl"]:
        told["purl"] = crate["purl"]
    if crate["licence"]:
        # The slash is an old way to say `OR`.
        told["licenses"] = [{"expression": crate["licence"].replace(" / ", "/").replace("/", " OR ")}]
    if crate["checksum"]:
        told["hashes"] = [{"alg": "SHA-256", "content": crate["checksum"]}]
    return told


def write_sums(folder):
    """The checksums of all files of a release, as `sha256sum --check` reads them. How many there are."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / SUMS).write_text("".join(sums), encoding="utf-8")
    return len(sums)


def main():
    architectures = sys.argv[1:] or list(TARGETS)
    if unknown := [each for each in architectures if each not in TARGETS]:
        sys.exit(f"package: an architecture is arm64 or x86_64, not `{unknown[0]}`")
    if faults := list(guard_version.faults()):
        sys.exit("\n".join(f"package: {fault}" for fault in faults))
    for target in map(TARGETS.get, architectures):
        if not has_library(target):
            sys.exit(f"package: Rust's standard library for {target} is missing; run `rustup target add {target}`")
    version = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["version"]
    folder = ROOT / "target/package" / f"signet-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for architecture in architectures:
        for function in FUNCTIONS:
            package = folder / f"{function}-{architecture}.zip"
            pack(build(function, architecture, ROOT / "target/package/build" / architecture), package)
            materials = bill(function, architecture, version, package)
            text = json.dumps(materials, indent=1) + "\n"
            package.with_suffix(".cdx.json").write_text(text, encoding="utf-8")
            crates = len(materials["components"])
            print(f"{package.name}: {package.stat().st_size / 1e6:.2f} MB, {crates} crates", flush=True)
    print(f"{write_sums(folder)} files and {SUMS} in {folder.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"package: `{' '.join(error.cmd[:3])} …` ended with exit code {error.returncode}")
