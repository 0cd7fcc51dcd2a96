"""Building and deploying, with the ordinary commands of SAM."""

import contextlib
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys

from rehearsal import template
from rehearsal.emulator import ACCOUNT, REGION
from rehearsal.steps import Failed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STACK = "signet-rehearsal"
BUCKET = "signet-rehearsal-artifacts"
SAM = pathlib.Path(sys.executable).with_name("sam")
# SAM itself waits for a stack up to an hour.
PATIENCE_S = 300


def architecture():
    """This machine's, in the words of Lambda."""
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), platform.machine())


def run(command, environment=None, quiet=True, ends=0, patience_s=PATIENCE_S):
    """Runs a command, which must end with this exit code in this time. Gives its standard output; of a
    quiet one, what it said is shown if it fails."""
    name = f"`{' '.join(map(str, command[:3]))} …`"
    process = subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE if quiet else None,
        text=True,
        start_new_session=True,
    )
    try:
        told, noted = process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} has not ended in {patience_s} s") from None
    finally:
        # Only where this was interrupted is there anything left: what the command had started, too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode != ends:
        shown = f":\n{told}{noted}" if quiet else ""
        raise Failed(f"{name} ended with exit code {process.returncode}, and {ends} was expected{shown}")
    return told


def build(folder):
    """Builds every function as `make deploy` does, for this machine. Gives the built template."""
    environment = os.environ | {"CARGO_LAMBDA_COMPILER": "cargo-zigbuild", "AWS_DEFAULT_REGION": REGION}
    command = [SAM, "build", "--build-dir", folder, "--parameter-overrides", f"Architecture={architecture()}"]
    run(command, environment, quiet=False, patience_s=3600)
    return folder / "template.yaml"


def pack(binaries, folder):
    """Takes programs that are built already, in the place and form in which `sam build` leaves them."""
    content = template.read(ROOT / "infra/template.yaml")
    shutil.rmtree(folder, ignore_errors=True)
    for name, resource in content["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            (folder / name).mkdir(parents=True)
            program = binaries / resource["Metadata"]["BuildProperties"]["Binary"]
            if not program.is_file():
                raise Failed(f"no program `{program}`")
            shutil.copy(program, folder / name / "bootstrap")
            resource["Properties"]["CodeUri"] = name
    template.write(content, folder / "template.yaml")
    return folder / "template.yaml"


class Stack:
    """The stack in the emulator."""

    def __init__(self, aws, built):
        self.aws, self.built = aws, built
        self.parameters = {}
        self.releases = 0
        self.changed = []
        self.member = self.packaged = None

    def package(self):
        """Puts the functions into a bucket, and makes the copy that is deployed."""
        copy = self.built.with_name("copy.yaml")
        self.changed = template.copied(self.built, copy, template.CHANGES)
        self.member = self.built.with_name("member-account.yaml")
        self.changed += template.copied(ROOT / "infra/member-account.yaml", self.member, template.MEMBER_CHANGES)
        packaged = self.built.with_name("packaged.yaml")
        place = {"LocationConstraint": REGION}
        self.aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        run(
            [SAM, "package", "--template-file", copy, "--s3-bucket", BUCKET, "--output-template-file", packaged],
            self.aws.environment(),
        )
        self.packaged = packaged

    def deploy(self, **changed):
        """Deploys it, with these parameters changed, as another release. A parameter that is not named keeps
        its value; the transform, which is CloudFormation's otherwise, has to know it."""
        self.releases += 1
        changed["Release"] = f"rehearsal-{self.releases}"
        self.parameters |= changed
        ready = self.packaged.with_name("ready.yaml")
        template.write(template.transformed(template.read(self.packaged), self.parameters), ready)
        self.run_deploy(STACK, ready, "CAPABILITY_IAM", changed)

    def deploy_member(self, account, **parameters):
        """Deploys the role by which an account is entered."""
        self.run_deploy(f"{STACK}-member", self.member, "CAPABILITY_NAMED_IAM", parameters, account)

    def run_deploy(self, name, path, capability, parameters, account=ACCOUNT):
        command = [SAM, "deploy", "--stack-name", name, "--template-file", path, "--capabilities", capability]
        command += ["--no-confirm-changeset", "--no-resolve-s3"]
        # The template is longer than a call may be. The other account's is not, and that has no bucket.
        if account == ACCOUNT:
            command += ["--s3-bucket", BUCKET]
        pairs = [f"{key}={value}" for key, value in parameters.items()]
        run([*command, "--parameter-overrides", *pairs], self.aws.environment(account))

    def outputs(self):
        told = self.aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
        if not told["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in told["StackStatus"]:
            raise Failed(f"the stack is in {told['StackStatus']}: {told.get('StackStatusReason')}")
        return {each["OutputKey"]: each["OutputValue"] for each in told["Outputs"]}

    def resources(self):
        pages = self.aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        return [each for page in pages for each in page["StackResourceSummaries"]]

    def names(self):
        """What the stack's resources are called, by their names in the template."""
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in self.resources()}

    def version(self, function):
        """The version of a function that is called."""
        name = self.names()[function]
        return self.aws.client("lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"]

    def delete(self):
        run([SAM, "delete", "--stack-name", STACK, "--no-prompts", "--region", REGION], self.aws.environment())
