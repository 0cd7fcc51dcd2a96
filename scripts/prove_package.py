#!/usr/bin/env python3
"""Proves what `make package` and `make deploy` promise, without building a function: the zip, the checksums,
the bills of materials of all functions and processors, the order of versions, and what stops a deployment.

Wants cyclonedx-python-lib and SAM, as `make setup` installs them, and crates that are fetched.
"""

import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import guard_deploy
import guard_version
import package
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from samcli.cli.types import CfnParameterOverridesType

ROOT = Path(__file__).resolve().parent.parent
STRICT = JsonStrictValidator(SchemaVersion.V1_5)


def zip_is_repeatable(folder):
    """Of one program one zip, whenever it is packed, whatever its file's time and rights."""
    program = folder / "program"
    packed = []
    for name, time, rights in (("first", 0, 0o600), ("second", 1_700_000_000, 0o777)):
        program.write_bytes(b"\x7fELF" + bytes(1_000))
        program.chmod(rights)
        os.utime(program, (time, time))
        package.pack(program, folder / f"{name}.zip")
        packed.append((folder / f"{name}.zip").read_bytes())
    assert packed[0] == packed[1], "two zips of one program differ"
    with zipfile.ZipFile(folder / "first.zip") as archive:
        (entry,) = archive.infolist()
        assert entry.filename == "bootstrap", entry
        assert entry.external_attr >> 16 == 0o100755, oct(entry.external_attr >> 16)
        assert archive.read(entry) == program.read_bytes()


def proc_macros():
    command = ["cargo", "metadata", "--locked", "--format-version", "1"]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    kinds = {each["name"]: {kind for target in each["targets"] for kind in target["kind"]} for each in told["packages"]}
    found = {name for name, kinds in kinds.items() if "proc-macro" in kinds}
    assert "serde_derive" in found, found
    return found


def faults_of(bill, macros):
    """What is wrong with a bill."""
    about, components = bill["metadata"]["component"], bill["components"]
    refs = [about["bom-ref"]] + [each["bom-ref"] for each in components]
    told = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    if len(set(refs)) != len(refs):
        yield "a reference is there twice"
    if set(told) != set(refs) or not {each for taken in told.values() for each in taken} <= set(refs):
        yield "the graph is not closed"
    reached, ahead = set(), [about["bom-ref"]]
    while ahead:
        reached.add(here := ahead.pop())
        ahead += [each for each in told.get(here, []) if each not in reached]
    if reached != set(refs):
        yield f"nothing takes {sorted(set(refs) - reached)}"
    if inside := sorted(each["name"] for each in components if each["name"] in macros):
        yield f"{inside} only run while it is built"
    for each in [about, *components]:
        is_ours = each["name"] == about["name"] or each["name"].startswith("signet")
        if ("purl" in each) == is_ours:
            yield f"{each['name']} is {'in no' if is_ours else 'in a'} registry"
        if not is_ours and not each.get("hashes"):
            yield f"{each['name']} has no checksum"
    if error := STRICT.validate_str(json.dumps(bill)):
        yield f"it is no CycloneDX 1.5: {error}"


def bills(folder):
    macros, seen = proc_macros(), {}
    version = package.tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    assert len(package.FUNCTIONS) == 5, package.FUNCTIONS
    for architecture in package.TARGETS:
        for function in package.FUNCTIONS:
            (folder / "program").write_text(f"{function} {architecture}")
            package.pack(folder / "program", folder / "zip")
            bill = package.bill(function, architecture, version, folder / "zip")
            assert bill == package.bill(function, architecture, version, folder / "zip"), "two bills of one zip differ"
            assert not (found := list(faults_of(bill, macros))), f"{function} {architecture}: {found}"
            assert bill["metadata"]["properties"] == [{"name": "signet:architecture", "value": architecture}]
            seen[bill["serialNumber"], bill["metadata"]["component"]["bom-ref"]] = bill
    assert len({serial for serial, _ in seen}) == len({ref for _, ref in seen}) == 10, list(seen)
    found_out(bill, macros)


def found_out(good, macros):
    """What these checks are for is found."""

    def broken(change):
        bill = copy.deepcopy(good)
        change(bill)
        return " ".join(faults_of(bill, macros))

    assert "twice" in broken(lambda bill: bill["components"].append(bill["components"][0]))
    assert "closed" in broken(lambda bill: bill["components"].pop())
    assert "closed" in broken(lambda bill: bill["dependencies"].pop())
    assert "nothing takes" in broken(lambda bill: [each.update(dependsOn=[]) for each in bill["dependencies"]])
    assert "serde_derive" in broken(lambda bill: bill["components"][0].update(name="serde_derive"))
    assert "registry" in broken(lambda bill: bill["metadata"]["component"].update(purl="pkg:cargo/x@1"))
    assert "CycloneDX" in broken(lambda bill: bill.update(serialNumber="1"))
    assert "CycloneDX" in broken(lambda bill: bill["components"][0].update(unknown=1))


def sums_are_of_all(folder):
    """Each file of a release is in the sums, by name, and no other; as `sha256sum --check` reads them."""
    release = folder / "release"
    release.mkdir()
    # Two sums that are known: of `abc` (FIPS 180-2, B.1) and of nothing.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for name, content in (("b.zip", b"abc"), ("b.cdx.json", b""), ("a.zip", b"abc")):
        (release / name).write_bytes(content)
    wanted = f"{abc}  a.zip\n{nothing}  b.cdx.json\n{abc}  b.zip\n"
    # The second time the sums are there as well, and are not of themselves.
    for _ in range(2):
        assert package.write_sums(release) == 3
        assert (release / package.SUMS).read_bytes() == wanted.encode(), (release / package.SUMS).read_text()
    (release / "b.zip").write_bytes(b"")
    package.write_sums(release)
    assert f"{nothing}  b.zip\n" in (release / package.SUMS).read_text(), "the sums are of what was there before"


def versions():
    order = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1-rc.1", "1.0.1"]
    ranks = [guard_version.rank(each) for each in order]
    assert all(older < newer for older, newer in zip(ranks, ranks[1:])), ranks
    for odd in ("1.0", "1.0.0-", "v1.0.0", "1.0.0-rc..1", "1.0.0 "):
        assert guard_version.rank(odd) is None, odd


def what_stops_a_deployment(folder):
    settings = folder / "samconfig.local.toml"
    settings.write_text('version = 0.1\n[default.deploy.parameters]\nprofile = "x"\n')
    assert guard_deploy.check_settings(settings) is None
    for command in ("deploy", "build", "global"):
        settings.write_text(f'version = 0.1\n[default.{command}.parameters]\nparameter_overrides = "A=b"\n')
        assert f"default.{command}.parameters" in guard_deploy.check_settings(settings)
    head = b"\x7fELF\x02\x01\x01" + bytes(11)
    for architecture, number in guard_deploy.MACHINES.items():
        program = folder / architecture
        program.write_bytes(head + number.to_bytes(2, "little") + bytes(40))
        for asked in guard_deploy.MACHINES:
            fault = guard_deploy.check_machine(asked, program)
            assert (fault is None) == (asked == architecture), fault
    (folder / "page").write_text("<html>this is no program at all</html>")
    assert "no program" in guard_deploy.check_machine("arm64", folder / "page")


# What PARAMETERS can say, in the quotes that it takes, and what SAM must understand by it.
SAID = """RolePaths=/data/ RoleTag= RedriveRoleArn='' ExternalId=""
    SweepSchedule='cron(0 3 * * ? *)' "AlertEndpoint=https://example.com/$HOME?a=1&b='2';#(c)"
"""
UNDERSTOOD = {
    **{"RolePaths": "/data/", "RoleTag": "", "RedriveRoleArn": "", "ExternalId": ""},
    **{"SweepSchedule": "cron(0 3 * * ? *)", "AlertEndpoint": "https://example.com/$HOME?a=1&b='2';#(c)"},
}
REFUSED = {
    "RolePath=/data/": "no parameter `RolePath`",
    "SweepSchedule=cron(0 3 * * ? *)": "`3` in PARAMETERS is no NAME=VALUE",
    "file://parameters.yaml": "is no NAME=VALUE",
    "ParameterKey=RoleTag,ParameterValue=x": "no parameter `ParameterKey`",
    "RoleTag='a": "a quotation without an end",
    "RoleTag=a\\b": "a backslash",
    """RoleTag='a"b'""": "the value of `RoleTag` has a double quote",
}


def what_sam_understands(words):
    return CfnParameterOverridesType().convert(tuple(words), None, None)


def deploys(folder):
    """Makes a place in which the recipe of `make deploy` runs, and is heard. Gives what starts it."""
    for name in ("scripts", "tests", "infra", "Cargo.lock", "samconfig.toml"):
        (folder / name).symlink_to(ROOT / name)
    tools, heard = folder / ".venv/bin", folder / "heard"
    tools.mkdir(parents=True)
    say = f"import json, sys; open({str(heard)!r}, 'a').write(json.dumps(sys.argv[1:]) + chr(10))"
    for name, does in (("sam", f"{sys.executable} -c \"{say}\" \"$@\""), ("cargo", ":"), ("rustc", "pwd")):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    for function in ("SamlHook", "TokenHook", "PreToken"):
        program = folder / "target/sam/build" / function / "bootstrap"
        program.parent.mkdir(parents=True)
        program.write_bytes(b"\x7fELF".ljust(18, b"\0") + (183).to_bytes(2, "little") + bytes(40))
    (folder / "target/ministack").mkdir()
    for stamp in (".venv/.stamp", "target/ministack/.stamp", "target/.fetched"):
        (folder / stamp).write_text(str(folder))
    mine = {name: value for name, value in os.environ.items() if not re.match(r"M(AKE|FLAGS)|PARAMETERS|ARCHIT", name)}

    def deploy(said):
        """Whether it ended well, and what it said to `sam build` and `sam deploy`."""
        heard.write_text("")
        command = ["make", "--file", ROOT / "Makefile", "deploy", f"PYTHON={sys.executable}", f"PARAMETERS={said}"]
        done = subprocess.run(command, cwd=folder, env=mine, capture_output=True, text=True)
        return done, [json.loads(line) for line in heard.read_text().splitlines()]

    return deploy


def parameters_reach_sam(folder):
    assert what_sam_understands(guard_deploy.arguments(SAID)) == UNDERSTOOD
    for text, expected in REFUSED.items():
        try:
            assert not guard_deploy.arguments(text), text
        except ValueError as fault:
            assert expected in str(fault), fault
    deploy, releases = deploys(folder), []
    for said, understood in ((SAID, UNDERSTOOD), ("RoleTag=", {"RoleTag": ""}), ("", {}), (SAID, UNDERSTOOD)):
        done, heard = deploy(said)
        assert done.returncode == 0, done.stderr
        assert [words[0] for words in heard] == ["build", "deploy"], heard
        built, given = (words[words.index("--parameter-overrides") + 1 :] for words in heard)
        given = what_sam_understands(given)
        releases.append(given.pop("Release"))
        assert what_sam_understands(built) == given == {"Architecture": "arm64"} | understood, heard
    assert releases[0] == releases[3] and len(set(releases)) == 3, releases
    done, heard = deploy("RolePath=/data/")
    assert done.returncode != 0 and "no parameter `RolePath`" in done.stderr and not heard, done.stderr


def a_stale_lock_is_found(folder):
    """The very command of the Makefile, on a workspace whose lock file lacks a crate."""
    (line,) = re.findall(r"^\t@(cargo metadata .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for crate, needs in (("one", 'two = { path = "../two" }'), ("two", "")):
        (folder / crate / "src").mkdir(parents=True)
        (folder / crate / "src/lib.rs").touch()
        manifest = f'[package]\nname = "{crate}"\nversion = "0.1.0"\nedition = "2024"\n[dependencies]\n{needs}\n'
        (folder / crate / "Cargo.toml").write_text(manifest)

    def passes():
        return subprocess.run(["sh", "-c", line], cwd=folder / "one", capture_output=True).returncode == 0

    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=folder / "one", capture_output=True, check=True)
    assert passes(), "a lock file that fits is refused"
    lock = folder / "one/Cargo.lock"
    without = lock.read_text().replace('[[package]]\nname = "two"\nversion = "0.1.0"\n', "").replace('"two",', "")
    lock.write_text(without)
    assert not passes(), "a stale lock file passes"


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        zip_is_repeatable(folder)
        sums_are_of_all(folder)
        versions()
        what_stops_a_deployment(folder)
        (folder / "deploys").mkdir()
        parameters_reach_sam((folder / "deploys").resolve())
        a_stale_lock_is_found(folder)
        bills(folder)
    print("prove-package: zips, checksums, bills of materials, versions and what stops a deployment are as promised")


if __name__ == "__main__":
    sys.exit(main())
