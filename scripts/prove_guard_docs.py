"""Proves that guard_docs.py finds what it is for: breaks one thing at a time in a copy of the pages.

Each case must fail with the words that it expects, and the copy as it is must pass. Only the Python
standard library.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = "```"


def block(text, language="sh"):
    return f"\n{FENCE}{language}\n{text}\n{FENCE}\n"


MEMBER = "aws cloudformation deploy --template-file infra/member-account.yaml --parameter-overrides"
# What is added at the end of a page, and what must be said of it.
ADDED = {
    "a page that is not there": ("[x](nowhere.md)", "`nowhere.md` is not there"),
    "a heading that is not there": ("[x](concepts.md#nowhere)", "`concepts.md#nowhere` has no such heading"),
    "a heading of the same page": ("[x](#nowhere)", "`#nowhere` has no such heading"),
    "a path out of the repository": ("[x](../../../etc/hosts)", "`../../../etc/hosts` is not there"),
    "a test that is not there": ("[`no_such_test`](../crates/core/src/code.rs)", "`no_such_test` is not in"),
    "a line of a source": ("[x](../crates/core/src/code.rs#L1)", "names a place of a file that is no page"),
    "a command": (block("signet explode --app x"), "`signet` has no command `explode`"),
    "a command's command": (block("signet --table x trust planned"), "`signet trust` has no command `planned`"),
    "an option": (block("signet trust plan --rolepath /data/"), "`signet trust plan` has no option `--rolepath`"),
    "an option of another command": (block("signet plan x.yaml --yes"), "`signet plan` has no option `--yes`"),
    "an option on the next line": (block("signet apply \\\n    x.yaml --no"), "`signet apply` has no option `--no`"),
    "a command behind another": (block("true && x | signet explode"), "`signet` has no command `explode`"),
    "a command within a text": (block('echo "$(signet explode)"'), "`signet` has no command `explode`"),
    "a command in a sentence": ("`signet audits` does it", "`signet` has no command `audits`"),
    "a target": (block("make everything"), "the Makefile has no target `everything`"),
    "a target in a sentence": ("see `make everything`", "the Makefile has no target `everything`"),
    "a variable of make": (block("make demo APPS=token"), "the Makefile has no variable `APPS`"),
    "a parameter of a deployment": (
        block('make deploy PARAMETERS="RolePath=/data/"'),
        "`template.yaml` has no parameter `RolePath`",
    ),
    "a parameter of another template": (
        block(f"{MEMBER} \\\n  RolePaths=/x/"),
        "`member-account.yaml` has no parameter `RolePaths`",
    ),
    "a template": (block("aws cloudformation deploy --template-file infra/none.yaml"), "there is no infra/none.yaml"),
    "a parameter in a sentence": ("deploy with `TrustDry=true`", "no template has a parameter `TrustDry`"),
    "an output": ("the output `HookUrls` has it", "no template has an output `HookUrls`"),
    "a shell by another name": (block("signet explode", "bash"), "say `sh`, which is checked"),
    "a quotation without an end": (block('echo "x'), "no shell reads this line"),
    "a block without an end": (f"\n{FENCE}sh\ntrue\n", "a block of code that does not end"),
}
# What is fine, and must not be said to be wrong.
FINE = [
    "[x](concepts.md#the-words), [`GroupCode`](../crates/core/src/code.rs), <https://example.com/#x>, `[x](none.md)`",
    block("signet --table NAME trust plan --role-path /data/ ROLE   # signet explode\nX=1 signet audit --json | cat"),
    block("signet explode", "text"),
    "`signet trace` and `signet doctor`, `make demo APP=token`, `TrustDryRun=true`",
    "the outputs `HookUrl` and `TableName`",
]


def copy(to):
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    for name in filter(None, files.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, to / name)


def guard(root):
    command = [sys.executable, ROOT / "scripts/guard_docs.py", root]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def prove(root, what, changes, expected):
    """Breaks a copy, and mends it again. Whether the guard said what it must, and nothing else."""
    before = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in changes}
    for path, text in changes.items():
        path.write_text(text, encoding="utf-8")
    code, said = guard(root)
    for path, text in before.items():
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
    lines = said.splitlines()
    good = (code == 0) if expected is None else (code == 1 and len(lines) == 1 and expected in lines[0])
    if not good:
        print(f"prove-guard-docs: {what}: exit code {code}, and said:\n{said}", file=sys.stderr)
    return good


def main():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        copy(root)
        page, contents, makefile = root / "docs/okta.md", root / "docs/README.md", root / "Makefile"
        text = page.read_text(encoding="utf-8")
        cases = [("the pages as they are", {}, None)]
        cases += [(f"fine: {fine[:40]!r}", {page: f"{text}\n{fine}\n"}, None) for fine in FINE]
        cases += [(what, {page: f"{text}\n{added}\n"}, expected) for what, (added, expected) in ADDED.items()]
        cases.append(("a page that is not listed", {root / "docs/new.md": "# New\n"}, "does not list new.md"))
        listed = contents.read_text(encoding="utf-8").replace("(okta.md)", "(tokens.md)")
        cases.append(("a page that is listed no more", {contents: listed}, "does not list okta.md"))
        renamed = makefile.read_text(encoding="utf-8").replace("\nbench:", "\nbenchmark:")
        failed = [what for what, changes, expected in cases if not prove(root, what, changes, expected)]
        # A target that many pages name: each of them is told.
        before = makefile.read_text(encoding="utf-8")
        makefile.write_text(renamed, encoding="utf-8")
        code, said = guard(root)
        makefile.write_text(before, encoding="utf-8")
        if code != 1 or "README.md" not in said or "no target `bench`" not in said:
            failed.append("a target that was renamed")
        if failed:
            print(f"prove-guard-docs: not proven: {', '.join(failed)}", file=sys.stderr)
            sys.exit(1)
        print(f"prove-guard-docs: {len(cases) + 1} cases: what is broken is found, what is fine is not")


if __name__ == "__main__":
    main()
