#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Executes the commands of a Markdown document in a scratch copy of the tree: README.md here."""

import os
import pathlib
import subprocess
import sys
import tempfile

import document
import shell

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 240


def scratch_tree(folder, build):
    """What a command sees as the root of the repository; what it writes stays in the scratch."""
    names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for top in sorted({name.split("/")[0] for name in names.splitlines()}):
        (folder / top).symlink_to(ROOT / top)
    (folder / "build").mkdir()
    (folder / "build" / "dev").symlink_to(build)


def environment():
    """The caller's, with the shared broker where there is one."""
    result = dict(os.environ, TERM="dumb", NO_COLOR="1")
    kafka = result.get("WATTSPOOL_KAFKA")
    if kafka:
        result["BROKER"] = (pathlib.Path(kafka) / "bootstrap").read_text().strip().split(",")[0]
    return result


def run_block(bash, block, usage):
    """What is wrong with it, in lines."""
    script, checked = document.split_checked(block.script)
    wrong = [f"{line}: {problem}" for line in checked
             if (problem := document.check_line(line, usage))]
    if checked and block.expected is not None:
        return wrong  # nothing was run, so there is nothing to compare
    # An open quote or `if` would swallow the rest of the document.
    syntax = subprocess.run(["bash", "-n"], input=script + "\n", capture_output=True, text=True,
                            check=False)
    if syntax.returncode != 0 or "warning" in syntax.stderr:
        return wrong + syntax.stderr.splitlines()
    failed, printed = bash.run(script)
    wrong += failed
    if block.expected is not None:
        line = document.mismatch(block.expected, printed)
        wrong += [f"should print: {line}"] if line else []
    return wrong + ["    " + line for line in printed[-20:]] if wrong else []


def run_document(path, build):
    """The number of blocks and links that are wrong, or -1 when there is none to run."""
    text = path.read_text(encoding="utf-8")
    blocks = document.blocks_of(text)
    bad = 0
    for link in document.missing_links(text, path.parent):
        bad += 1
        print(f"{path.name}: FAILED: it links to {link}, which is not there")
    usage = subprocess.run([str(ROOT / "dev"), "help"], capture_output=True, text=True,
                           check=True).stdout
    with tempfile.TemporaryDirectory(prefix="docs_") as name:
        folder = pathlib.Path(name)
        scratch_tree(folder, build)
        with shell.Shell(folder, environment(), TIMEOUT_S) as bash:
            for block in blocks:
                wrong = run_block(bash, block, usage)
                title = block.script.strip().split("\n")[0]
                verdict = "FAILED" if wrong else "ok"
                print(f"{path.name}:{block.line}: {verdict}: {title}", flush=True)
                print("".join(f"  {line}\n" for line in wrong), end="")
                bad += 1 if wrong else 0
    return bad if blocks else -1


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run_document.py DOCUMENT BUILD_FOLDER")
    try:
        bad = run_document(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve())
    except (document.DocumentError, shell.ShellError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    if bad < 0:
        sys.exit(f"{sys.argv[1]}: no command in it: sh blocks are run, see tests/docs/README.md")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
