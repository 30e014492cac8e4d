# SPDX-License-Identifier: Apache-2.0
"""Finds function definitions in C++ by their braces: enough to hold sizes, no parser."""

import collections
import re

Function = collections.namedtuple("Function", "name line lines parameters")

KEYWORDS = {"if", "for", "while", "switch", "catch", "return", "sizeof", "alignas", "decltype",
            "constexpr", "noexcept", "requires", "static_assert", "new", "delete"}


def blank_out(text):
    """Comments, strings and characters become spaces; newlines stay."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def matching(text, at, opening, closing):
    depth = 0
    for index in range(at, len(text)):
        if text[index] == opening:
            depth += 1
        elif text[index] == closing:
            depth -= 1
            if depth == 0:
                return index
    return -1


def count_parameters(inside):
    depth, count = 0, 1
    if not inside.strip() or inside.strip() == "void":
        return 0
    for character in inside:
        if character in "(<{[":
            depth += 1
        elif character in ")>}]":
            depth -= 1
        elif character == "," and depth == 0:
            count += 1
    return count


def find(text):
    """Yields the definitions; a lambda counts as part of the function around it."""
    code = re.sub(r"(?m)^[ \t]*#[^\n]*(\\\n[^\n]*)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  blank_out(text))
    end_of_last = 0
    for match in re.finditer(r"(~?[A-Za-z_]\w*|operator\s*[^\s(]+|operator\(\))\s*\(", code):
        name, start = match.group(1), match.start()
        if start < end_of_last or name in KEYWORDS:
            continue
        close = matching(code, match.end() - 1, "(", ")")
        if close < 0:
            continue
        brace = body_start(code, close + 1)
        if brace < 0:
            continue
        end = matching(code, brace, "{", "}")
        if end < 0:
            continue
        first = code.count("\n", 0, start) + 1
        yield Function(name, first, code.count("\n", start, end) + 1,
                       count_parameters(code[match.end():close]))
        end_of_last = end


def body_start(code, at):
    """Where the body opens after a parameter list and what may stand between; or -1."""
    rest = re.compile(r"\s*(const\b|noexcept\b(\s*\([^)]*\))?|override\b|final\b|mutable\b|&&?"
                      r"|->\s*[\w:<>,\s*&]+?(?=\s*\{)|[A-Z_]+\([^)]*\))")
    while True:
        match = rest.match(code, at)
        if not match:
            break
        at = match.end()
    match = re.compile(r"\s*").match(code, at)
    at = match.end()
    if at < len(code) and code[at] == "{":
        return at
    if at < len(code) and code[at] == ":" and code[at:at + 2] != "::":
        return after_initializers(code, at + 1)
    return -1


def after_initializers(code, at):
    item = re.compile(r"\s*[\w:<>,\s]+?\s*([({])")
    while True:
        match = item.match(code, at)
        if not match:
            return -1
        opening = match.group(1)
        end = matching(code, match.end() - 1, opening, ")" if opening == "(" else "}")
        if end < 0:
            return -1
        at = re.compile(r"\s*").match(code, end + 1).end()
        if at < len(code) and code[at] == ",":
            at += 1
            continue
        return at if at < len(code) and code[at] == "{" else -1
