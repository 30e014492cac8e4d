# SPDX-License-Identifier: Apache-2.0
"""The commands of a Markdown document, and what of them is checked and not run. See README.md."""

import dataclasses
import re
import shlex
import subprocess

RUN = ("sh", "console")
# Words behind `sh` that say where a block is run when not here, by the test of that place.
ELSEWHERE = ("controller",)
NOT_RUN = ("", "text", "toml", "json", "sql", "python", "cpp", "mermaid", "ini", "yaml")


class DocumentError(Exception):
    """The document breaks the convention."""


@dataclasses.dataclass
class Block:
    """Shell text to run; `expected` is None for an sh block, else the lines it should print."""

    line: int
    script: str
    expected: list = None


def fences(text):
    """(line number, language, lines, what follows the language) of each fenced block."""
    found, current = [], None
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"^\s*```(\S*) *(.*?)\s*$", line)
        if current is not None:
            if re.match(r"^\s*```\s*$", line):
                found.append(current)
                current = None
            else:
                current[2].append(line)
        elif fence:
            current = (number, fence.group(1), [], fence.group(2))
    if current is not None:
        raise DocumentError(f"line {current[0]}: the block never ends")
    return found


def console_blocks(number, lines):
    """Each `$ command` with the output below it."""
    blocks = []
    for offset, line in enumerate(lines, 1):
        if line.startswith("$ "):
            blocks.append(Block(number + offset, line[2:], []))
        elif blocks and line.startswith("> "):
            blocks[-1].script += "\n" + line[2:]
        elif blocks:
            blocks[-1].expected.append(line)
        else:
            raise DocumentError(f"line {number + offset}: a console block begins with `$ command`")
    return blocks


def blocks_of(text, where=""):
    """What is run there; "": in the folder of the document."""
    blocks = []
    for number, language, lines, place in fences(text):
        if place not in ("", *(ELSEWHERE if language == "sh" else ())):
            raise DocumentError(f"line {number}: no test runs a block in {language} {place}")
        if place != where:
            continue
        if language == "sh":
            blocks.append(Block(number + 1, "\n".join(lines)))
        elif language == "console":
            blocks += console_blocks(number, lines)
        elif language not in NOT_RUN:
            raise DocumentError(f"line {number}: a block in {language}: write sh or console for "
                                f"what is run, or one of {', '.join(NOT_RUN[1:])}")
    return blocks


def missing_links(text, folder):
    """Files that the document links to and that are not there."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [link for link in links
            if not re.match(r"[a-z]+:", link) and not (folder / link).exists()]


def only_checked(line):
    """Does this line install, or build and test everything? Then it is not run from a test."""
    return re.match(r"^(\./dev|(sudo )?apt(-get)?)(\s|$)", line) is not None


def check_dev(words, usage):
    """Why `./dev words` makes no sense; empty: it does. `usage` is what ./dev help prints."""
    if not words:
        return "./dev needs a command"
    entry = re.search(rf"^  {re.escape(words[0])}\b.*(?:\n {{4,}}.*)*", usage, re.MULTILINE)
    if not entry:
        return f"./dev knows no command {words[0]}"
    for word in words[1:]:
        if word.startswith("-L") or word.startswith("-R"):
            return ""  # what follows belongs to ctest
        if word.startswith("-") and not re.search(re.escape(word) + r"(?![\w-])", entry.group()):
            return f"./dev {words[0]} knows no {word}"
    return ""


def check_packages(words):
    """Why `apt words` makes no sense; only names that this Debian knows of are right."""
    packages = [word for word in words[1:] if not word.startswith("-")]
    if words[:1] not in (["install"], ["update"]):
        return f"apt {words[:1]} is not checked"
    for package in packages:
        answer = subprocess.run(["apt-cache", "show", "--no-all-versions", package],
                                capture_output=True, check=False)
        installed = subprocess.run(["dpkg-query", "-W", package], capture_output=True, check=False)
        if answer.returncode != 0 and installed.returncode != 0:
            return f"no Debian package {package}"
    return ""


def check_line(line, usage):
    words = shlex.split(line, comments=True)
    if words[0] == "sudo":
        words = words[1:]
    return check_dev(words[1:], usage) if words[0] == "./dev" else check_packages(words[1:])


def split_checked(script):
    """(script without the lines that are only checked, those lines)."""
    lines = script.split("\n")
    checked = [line for line in lines if only_checked(line)]
    return "\n".join(":" if only_checked(line) else line for line in lines), checked


def masked(line):
    """Numbers, ids, times and the width of columns do not matter."""
    line = re.sub(r"\b[0-9a-f]{8,}\b", "#", line)
    line = re.sub(r"[-+]?\d[\d,.:]*", "#", line)
    return re.sub(r"\s+", " ", line).strip()


def mismatch(expected, printed):
    """The first expected line that is missing in its order; empty: none. `...` is any lines."""
    rest = iter([masked(line) for line in printed])
    for line in expected:
        wanted = masked(line)
        if wanted in ("", "..."):
            continue
        if wanted not in rest:
            return line
    return ""
