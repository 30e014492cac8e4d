#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The structure of the tree, checked: who may include whom, how large a file may be, what it must carry.

Usage: tidy.py [ROOT]    prints one line per finding; exit code 1 when there is any.
"""
import re
import subprocess
import sys
from pathlib import Path

MODULES = ("proto", "drivers", "buffer", "agent")
# One way only (a module may include itself). tests/ and bench/ may include all.
MAY_INCLUDE = {
    "proto": set(),
    "drivers": {"proto"},
    "buffer": {"proto"},
    "agent": {"proto", "drivers", "buffer"},
}
# What drivers may know of proto: the vocabulary. Wire formats are none of their business.
DRIVERS_VOCABULARY = {
    "proto/block.h", "proto/check.h", "proto/clock.h", "proto/exact_sum.h", "proto/gap.h",
    "proto/ids.h", "proto/instrument.h", "proto/result.h", "proto/time_map.h",
}
# A foreign C header -> the only file that may include it, and the folder that may include that file.
FOREIGN = {
    "librdkafka/rdkafka.h": ("agent/kafka/rdkafka_c.h", "agent/kafka/"),
    "librdkafka/rdkafka_mock.h": ("agent/kafka/rdkafka_c.h", "agent/kafka/"),
    "sqlite3.h": ("buffer/sqlite_c.h", "buffer/"),
    "libusb-1.0/libusb.h": ("drivers/usb/libusb_c.h", "drivers/usb/"),
    "libusb.h": ("drivers/usb/libusb_c.h", "drivers/usb/"),
}
# spdlog belongs to the agent; libraries never log.
AGENT_ONLY = ("spdlog/",)

LINES_MAX = {"header": 200, "source": 400, "test": 500, "cmake": 120, "readme": 250}
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
EMPTY_NAMES = {"utils", "util", "common", "manager", "helper", "helpers", "types", "misc"}
# Words of a workplace, not of the product; and debts without a name.
BANNED = [
    (re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b"), "a debt: pay it or write down why it stands"),
    (re.compile(r"(?<![\w.])/(work|root)/|/tmp/bash"), "a path of somebody's machine"),
]

# path -> reason. A breach of a size limit needs a line here.
ALLOW = {}


def tracked(root):
    out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True)
    if out.returncode == 0:
        return [root / line for line in out.stdout.splitlines() if (root / line).is_file()]
    return [path for path in root.rglob("*") if path.is_file()]


def kind_of(name):
    if name.endswith("CMakeLists.txt"):
        return "cmake"
    if name.endswith("README.md"):
        return "readme"
    if name.startswith("tests/"):
        return "test" if name.endswith((".cc", ".h", ".py")) else None
    if name.endswith(".h"):
        return "header"
    if name.endswith((".cc", ".cpp")):
        return "source"
    return None


def check_includes(name, text):
    module = name.split("/")[0]
    if module not in MODULES:
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        header = match.group(1)
        target = header.split("/")[0]
        if target in MODULES and target != module and target not in MAY_INCLUDE[module]:
            yield number, f"{module} must not include {header}: dependencies point one way"
        if module == "drivers" and target == "proto" and header not in DRIVERS_VOCABULARY:
            yield number, f"drivers include the vocabulary of proto only, not {header}"
        if target in ("tests", "bench"):
            yield number, f"product code must not include {header}"
        if header in FOREIGN and name != FOREIGN[header][0]:
            yield number, f"{header} is included by {FOREIGN[header][0]} alone"
        for private, folder in FOREIGN.values():
            if header == private and not name.startswith(folder):
                yield number, f"{header} is private to {folder}"
        if module != "agent" and header.startswith(AGENT_ONLY):
            yield number, f"{module} must not log"


def check_functions(name, text):
    """Length of each function: from a line that opens a body at column 0 or in a class to its brace."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            opens = re.match(r"^(?!namespace|struct|class|enum|union|extern|#|//|\}|\s)\S.*\{$", line) or (
                re.match(r"^\S?.*\)( const)?( noexcept)?( override)?( try)? \{$", line)
                and not line.startswith(" "))
            if opens and "(" in "\n".join(lines[max(0, number - 6):number]):
                start = number
        elif line.startswith("}"):
            length = number - start + 1
            if length > FUNCTION_LINES_MAX:
                yield start, f"function of {length} lines (at most {FUNCTION_LINES_MAX})"
            start = None


def check_file(root, path):
    name = path.relative_to(root).as_posix()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    lines = text.splitlines()
    kind = kind_of(name)
    is_code = name.endswith((".cc", ".h", ".cpp", ".py", ".sh")) or text.startswith("#!")
    if kind and len(lines) > LINES_MAX[kind] and name not in ALLOW:
        yield 1, f"{len(lines)} lines (a {kind} has at most {LINES_MAX[kind]})"
    if is_code:
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            yield 1, "no SPDX-License-Identifier line"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and name.endswith((".cc", ".h")) and "http" not in line:
                yield number, f"{len(line)} columns (at most {COLUMNS_MAX})"
    if name.endswith(".h") and "#pragma once" not in text:
        yield 1, "no #pragma once"
    if path.stem in EMPTY_NAMES:
        yield 1, f"a file called {path.stem} says nothing of what is in it"
    if not name.startswith(("tests/tidy/", "LICENSE", "tests/data/")):
        for number, line in enumerate(lines, 1):
            for pattern, why in BANNED:
                if pattern.search(line):
                    yield number, f"{pattern.search(line).group(0)!r}: {why}"
    if name.endswith((".cc", ".h")):
        yield from check_includes(name, text)
        if not name.startswith("tests/"):
            yield from check_functions(name, text)


def check_tree(root):
    for module in MODULES + ("tests", "bench", "packaging", "ansible"):
        if (root / module).is_dir() and not (root / module / "README.md").is_file():
            yield f"{module}/: a module has a README.md"
    for path in sorted(tracked(root)):
        name = path.relative_to(root).as_posix()
        for number, finding in check_file(root, path):
            yield f"{name}:{number}: {finding}"
    for name in ALLOW:
        if not (root / name).is_file():
            yield f"tests/tidy/tidy.py: {name} is allowed but does not exist"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    findings = list(check_tree(root))
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} finding(s)")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
