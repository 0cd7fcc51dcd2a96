"""Holds the documentation to what is there: links, commands, targets, parameters, outputs, names.

guard_docs.py [ROOT]      the repository, unless told

Reads every Markdown file and compares it with the help texts of the command
(crates/cli/src/snapshots), the Makefile, the templates of infra/ and the files that it links to. What
it cannot know is whether a sentence is true; a name that is nowhere it finds. Only the Python
standard library. What each rule finds is proven by prove_guard_docs.py.
"""

import re
import shlex
import sys
from pathlib import Path
from urllib.parse import unquote

SKIPPED = {".git", ".venv", "target", "node_modules"}
# Words in the form of a parameter that belong to other tools.
OTHER_WORDS = {"ParameterKey", "ParameterValue", "OrganizationalUnitIds", "DataLakePrincipalIdentifier"}
OTHER_WORDS |= {"Enabled", "RetainStacksOnAccountRemoval"}
NAMED_VALUE = re.compile(r"^([A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*)=")
OUTPUTS = re.compile(r"\b[Oo]utputs?\s+(`[A-Z]\w+`(?:(?:, | and |, and )`[A-Z]\w+`)*)")
LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)*)\)")
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


class Page:
    """A Markdown file: its lines without what is fenced, what is fenced, its headings."""

    def __init__(self, root, path):
        self.path = path
        self.name = str(path.relative_to(root))
        self.blocks = []  # (line number, language, lines)
        lines, fence = [], None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            mark = re.match(r"\s*(`{3,}|~{3,})\s*(\S*)", line)
            if fence is None and mark:
                fence = mark[1]
                self.blocks.append((number + 1, mark[2], []))
                lines.append("")
            elif fence is not None:
                if mark and mark[1].startswith(fence) and not mark[2]:
                    fence = None
                else:
                    self.blocks[-1][2].append(line)
                lines.append("")
            else:
                lines.append(line)
        self.is_open = fence is not None
        self.lines = lines
        self.text = "\n".join(lines)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def anchors(self):
        """The anchors of the headings, as a repository page makes them."""
        seen, anchors = {}, set()
        for line in self.lines:
            heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
            if not heading:
                continue
            text = LINK.sub(r"\1", heading[1]).replace("`", "").lower()
            slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = seen[slug] = seen.get(slug, -1) + 1
            anchors.add(slug if count == 0 else f"{slug}-{count}")
        return anchors


class Command:
    """One command of `signet`: its own commands, and its options with whether they take a value."""

    def __init__(self, text):
        self.options = {"--help": False, "-h": False}
        self.commands = {}
        section = ""
        for line in text.splitlines():
            if re.match(r"\S.*:$", line):
                section = line
            elif "Options" in section and (found := re.match(r"\s{2,6}(?:(-\w), )?(--[\w-]+)( <)?", line)):
                takes = bool(found[3])
                self.options[found[2]] = takes
                if found[1]:
                    self.options[found[1]] = takes
            elif section == "Commands:" and (found := re.match(r"  ([a-z][\w-]*)", line)):
                self.commands[found[1]] = None


def commands(root):
    """The command's grammar, from the snapshots of its help."""
    folder = root / "crates/cli/src/snapshots"
    texts = {path.stem.rpartition("__help")[2].lstrip("_"): path for path in folder.glob("*__help*.snap")}
    texts = {name: path.read_text(encoding="utf-8").split("\n---\n", 1)[1] for name, path in texts.items()}
    whole = Command(texts.pop(""))
    for name, text in texts.items():
        first, *parts = re.split(r"^--- (\S+)$", text, flags=re.MULTILINE)
        whole.commands[name] = command = Command(first)
        for part, inner in zip(parts[::2], parts[1::2]):
            command.commands[part] = Command(inner)
    return whole


def faults_of_call(words, whole):
    """What is wrong with the words after `signet`."""
    command, called, rest = whole, "signet", list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return
        if word.startswith("-") and word != "-":
            option, has_value, _ = word.partition("=")
            if option not in command.options:
                yield f"`{called}` has no option `{option}`"
            elif command.options[option] and not has_value and rest:
                rest.pop(0)
        elif command.commands:
            if word in command.commands:
                command, called = command.commands[word] or Command(""), f"{called} {word}"
            elif re.fullmatch(r"[a-z][\w-]*", word):
                yield f"`{called}` has no command `{word}`"
                return


class Facts:
    """What is there."""

    def __init__(self, root):
        self.root = root
        self.command = commands(root)
        makefile = (root / "Makefile").read_text(encoding="utf-8")
        self.targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
        self.variables = set(re.findall(r"^([A-Z_]+) \?=", makefile, re.MULTILINE))
        self.templates = {}
        for path in sorted((root / "infra").glob("*.yaml")):
            text = path.read_text(encoding="utf-8")
            self.templates[path.name] = (members(text, "Parameters"), members(text, "Outputs"))
        self.parameters = set().union(*(parameters for parameters, _ in self.templates.values()))
        self.outputs = set().union(*(outputs for _, outputs in self.templates.values()))
        self.pages = {}

    def page(self, path):
        if path not in self.pages:
            self.pages[path] = Page(self.root, path)
        return self.pages[path]


def members(template, section):
    found = re.search(rf"^{section}:\n((?:[ #].*\n|\n)*)", template, re.MULTILINE)
    return set(re.findall(r"^  (\w+):", found[1], re.MULTILINE)) if found else set()


def faults_of_links(page, facts):
    plain = CODE.sub(lambda code: " " * len(code[0]) if "](" in code[0] else code[0], page.text)
    for link in LINK.finditer(plain):
        label, target = link[1], link[2].strip("<>")
        line = page.line_of(link.start())
        if re.match(r"[a-z][a-z+.-]*:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        path = (page.path.parent / file).resolve() if file else page.path
        if not path.is_relative_to(facts.root) or not path.exists():
            yield line, f"`{target}` is not there"
        elif anchor and path.suffix != ".md":
            yield line, f"`{target}` names a place of a file that is no page"
        elif anchor and anchor not in facts.page(path).anchors():
            yield line, f"`{target}` has no such heading"
        elif path.is_file() and path.suffix != ".md" and (name := re.fullmatch(r"`(\w+)`", label)):
            if not re.search(rf"\b{name[1]}\b", path.read_text(encoding="utf-8")):
                yield line, f"`{name[1]}` is not in {file}"


def faults_of_make(words, facts):
    for word in words:
        name, is_set, value = word.partition("=")
        if is_set:
            if name not in facts.variables:
                yield f"the Makefile has no variable `{name}`"
            elif name == "PARAMETERS":
                yield from faults_of_parameters(shlex.split(value), facts, "template.yaml")
        elif re.fullmatch(r"[a-z][a-z-]*", word) and word not in facts.targets:
            yield f"the Makefile has no target `{word}`"


def faults_of_parameters(words, facts, template):
    known, _ = facts.templates.get(template, (set(), set()))
    for word in words:
        named = re.match(r"ParameterKey=(\w+)", word) or NAMED_VALUE.match(word)
        if named and named[1] not in known | OTHER_WORDS:
            yield f"`{template}` has no parameter `{named[1]}`"


def faults_of_aws(words, facts):
    files = [Path(word.removeprefix("file://")).name for word in words if re.search(r"infra/\w[\w-]*\.yaml$", word)]
    if files and files[0] not in facts.templates:
        yield f"there is no infra/{files[0]}"
    elif files:
        yield from faults_of_parameters(words, facts, files[0])


def faults_of_words(words, facts):
    while words and re.match(r"^[A-Za-z_]\w*=", words[0]):
        words = words[1:]
    if not words:
        return
    if words[0].rpartition("/")[2] == "signet":
        yield from faults_of_call(words[1:], facts.command)
    elif words[0] == "make":
        yield from faults_of_make(words[1:], facts)
    elif words[0] == "aws":
        yield from faults_of_aws(words[1:], facts)


def simple_commands(text):
    """The simple commands of a shell text, each as its words; substitutions as commands of their own."""
    for inner in re.findall(r"\$\(([^()]*)\)", text):
        yield from simple_commands(inner)
    reader = shlex.shlex(re.sub(r"\$\([^()]*\)", "VALUE", text), posix=True, punctuation_chars=";|&()<>\n")
    reader.whitespace = " \t\r"
    reader.whitespace_split = True
    words = []
    for word in reader:
        if set(word) <= set(";|&()\n"):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def faults_of_blocks(page, facts):
    if page.is_open:
        yield page.blocks[-1][0], "a block of code that does not end"
    for number, language, lines in page.blocks:
        if language in {"bash", "shell", "console", "zsh"}:
            yield number, f"a block of `{language}`: say `sh`, which is checked"
        if language != "sh":
            continue
        start, whole = number, ""
        for offset, line in enumerate(lines):
            whole += line
            if whole.endswith("\\"):
                whole = whole[:-1] + " "
                continue
            if whole.count("'") % 2 and "#" not in whole and offset + 1 < len(lines):
                whole += "\n"
                continue
            try:
                for words in simple_commands(whole):
                    yield from ((start, what) for what in faults_of_words(words, facts))
            except ValueError as error:
                yield start, f"no shell reads this line: {error}"
            start, whole = number + offset + 1, ""


def faults_of_code(page, facts):
    for code in CODE.finditer(page.text):
        line, words = page.line_of(code.start()), code[2].split()
        if words[:1] == ["signet"] or words[:1] == ["make"]:
            yield from ((line, what) for what in faults_of_words(words, facts))
        named = NAMED_VALUE.match(code[2].strip())
        if named and named[1] not in facts.parameters | OTHER_WORDS:
            yield line, f"no template has a parameter `{named[1]}`"
    for outputs in OUTPUTS.finditer(page.text):
        for name in re.findall(r"`(\w+)`", outputs[1]):
            if name not in facts.outputs:
                yield page.line_of(outputs.start()), f"no template has an output `{name}`"


def faults_of_contents(facts):
    """Every page of the book is in its table of contents."""
    contents = facts.page(facts.root / "docs/README.md")
    listed = {(contents.path.parent / link[2].partition("#")[0]).resolve() for link in LINK.finditer(contents.text)}
    for path in sorted((facts.root / "docs").glob("*.md")):
        if path != contents.path and path not in listed:
            yield f"docs/README.md: does not list {path.name}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    facts = Facts(root)
    faults = []
    paths = [path for path in sorted(root.rglob("*.md")) if not SKIPPED & set(path.relative_to(root).parts)]
    for path in paths:
        page = facts.page(path)
        for rule in (faults_of_links, faults_of_blocks, faults_of_code):
            faults += [f"{page.name}:{line}: {what}" for line, what in sorted(set(rule(page, facts)))]
    faults += faults_of_contents(facts)
    for fault in faults:
        print(f"guard-docs: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"guard-docs: {len(paths)} pages: links, commands, targets, parameters and outputs are there")


if __name__ == "__main__":
    main()
