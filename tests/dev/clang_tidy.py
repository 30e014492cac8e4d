# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over the compilation database, two files at a time; clean results are remembered.

A result stays valid while the source, all headers of this repository that it includes, its command
line and .clang-tidy are the same. The headers come from ninja's own record of the clang build.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path.cwd()
BUILD = ROOT / sys.argv[1]
BASE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
CACHE = BASE / "wattspool" / "tidy"


def headers_by_object():
    """Object file -> headers inside the repository, as the compiler reported them to ninja."""
    answer = subprocess.run(["ninja", "-C", str(BUILD), "-t", "deps"], capture_output=True,
                            text=True, check=True).stdout
    found, current = {}, None
    for line in answer.splitlines():
        if line.startswith("    "):
            path = (BUILD / line.strip()).resolve()
            if current is not None and path.is_relative_to(ROOT):
                current.append(path)
        elif ":" in line:
            current = found.setdefault(line.split(":")[0], [])
    return found


def digest(entry, headers):
    source = pathlib.Path(entry["file"])
    state = hashlib.sha256()
    state.update(entry["command"].replace(str(ROOT), "").encode())
    state.update((ROOT / ".clang-tidy").read_bytes())
    for path in [source, *sorted(set(headers))]:
        state.update(str(path.relative_to(ROOT)).encode())
        state.update(path.read_bytes())
    return state.hexdigest()


def check(entry, stamp):
    answer = subprocess.run(["clang-tidy-14", "--quiet", "-p", str(BUILD), entry["file"]],
                            capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        stamp.touch()
    return answer


def main():
    CACHE.mkdir(parents=True, exist_ok=True)
    headers = headers_by_object()
    work = []
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        relative = source.relative_to(ROOT)
        # Tests and benchmarks are held to the warnings of two compilers only.
        if relative.parts[0] not in ("agent", "buffer", "drivers", "proto"):
            continue
        stamp = CACHE / digest(entry, headers.get(entry.get("output", ""), []))
        if not stamp.exists():
            work.append((relative, entry, stamp))
    print(f"clang-tidy: {len(work)} files to check, the rest is unchanged", file=sys.stderr)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {pool.submit(check, entry, stamp): relative for relative, entry, stamp in work}
        for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
            answer = future.result()
            print(f"[{done}/{len(work)}] {futures[future]}", file=sys.stderr)
            if answer.returncode != 0:
                failed += 1
                print(answer.stdout, answer.stderr, sep="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
