# SPDX-License-Identifier: Apache-2.0
"""Filters of the role: a configuration as TOML, missing rights, the table of the fleet."""

import datetime
import hashlib
import json
import re
import shlex

from ansible.errors import AnsibleFilterError

# What a reload applies; everything else waits for a restart: wattspool.toml(5).
RELOADED = ("log.", "kafka.security.")
BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(key, value):
    # What templates make is a string by another name.
    if isinstance(value, str):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(key, one) for one in value) + "]"
    raise AnsibleFilterError(
        f"wattspool_settings: {key} is neither text, number, truth value nor a list of those")


def flat(settings, prefix=""):
    """(dotted key, value) of a dictionary, nested or with dotted names."""
    for name, value in settings.items():
        # The names of [kafka.settings] are librdkafka's, with dots of their own.
        inner = prefix == "kafka.settings."
        part = json.dumps(str(name)) if inner and not BARE.fullmatch(name) else str(name)
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{part}.")
        else:
            yield f"{prefix}{part}", value


def setting(settings, key):
    """What one dotted key is set to, however it is written; empty when it is not."""
    return dict(flat(settings)).get(key, "")


def to_site_toml(settings, instruments=()):
    """One key a line, so that a person and needs_restart() can compare two versions."""
    lines = [f"{key} = {toml_value(key, value)}" for key, value in sorted(flat(settings))]
    for instrument in instruments:
        lines += ["", "[[instrument]]"]
        lines += [f"{key} = {toml_value(key, value)}" for key, value in flat(instrument)]
    return "\n".join(lines) + "\n"


def needs_restart(old, new):
    """Whether anything differs that a reload would not apply."""
    def rest(text):
        return [line for line in text.splitlines()
                if line and not line.startswith("#") and not line.startswith(RELOADED)]
    return rest(old) != rest(new)


def taken(settings, variables):
    """Keys that have a variable of their own, however they are spelt, each with that variable."""
    keys = {re.sub(r"[\"'\s]", "", key) for key, _ in flat(settings)}
    return [f"{key} (set {variables[key]} instead)" for key in sorted(keys & variables.keys())]


def differing(sums, files):
    """Names of the files that are not there, or not with this content, by lines of sha256sum. A
    file without content is not meant to be there."""
    there = {name: digest for digest, name in (line.split(None, 1) for line in sums)}
    return [name for name, text in files.items()
            if text and there.get(name) != hashlib.sha256(str(text).encode("utf-8")).hexdigest()]


def parsed_rights(command):
    """The program's words up to --add, and (operation, kind, name, principal) of each right."""
    words = shlex.split(command)
    operation = words[words.index("--operation") + 1].upper()
    principal = words[words.index("--allow-principal") + 1]
    kinds = {"--topic": "TOPIC", "--transactional-id": "TRANSACTIONAL_ID", "--group": "GROUP"}
    return {(operation, kinds[word], words[index + 1], principal)
            for index, word in enumerate(words) if word in kinds}


def missing_rights(printed, listed):
    """Of the commands of `wattspool topics create --print-acls`, those with a right that is not in
    what `kafka-acls.sh --list` said; as lists of words without the program."""
    have, resource = set(), None
    for line in listed.splitlines():
        of = re.search(r"resourceType=(\w+), name=(.*), patternType=LITERAL", line)
        right = re.search(r"principal=(.*), host=\*, operation=(\w+), permissionType=ALLOW", line)
        if "resourceType=" in line:
            resource = of.groups() if of else None
        elif right and resource:
            have.add((right.group(2), *resource, right.group(1)))
    commands = [line for line in printed.splitlines() if line and not line.startswith("#")]
    return [shlex.split(line)[1:] for line in commands if not parsed_rights(line) <= have]


def agents_of(hosts, hostvars):
    """[{host, id}]: under which name each host's agent goes to the brokers."""
    return [{"host": host, "id": str(hostvars[host].get("wattspool_agent_id", host))}
            for host in hosts]


def first_alike(hosts, hostvars, host, *names):
    """The first of the hosts for which these variables are what they are for this one. Of a list of
    names the first that is not empty counts."""
    def value(name, keys):
        values = (str(hostvars[name].get(key, "")) for key in keys)
        return next((text for text in values if text not in ("", "[]")), "")

    def given(name):
        return [value(name, [key] if isinstance(key, str) else key) for key in names]
    return next(name for name in hosts if given(name) == given(host))


def unsent(printed):
    """How much is not delivered, batches and state values, of what `wattspool spool info --json`
    printed."""
    spool = json.loads(printed)
    rows = sum(lane["unacked_rows"] for lane in spool["lanes"].values())
    return rows + spool["state_values_unacked"]


def repeated(words):
    """Those that are there more than once, each once."""
    return sorted({word for word in words if list(words).count(word) > 1})


def wave(hosts, hostvars):
    """The hosts of an upgrade by how far it has come with them."""
    stages = {"begun": [], "done": [], "later": []}
    for host in hosts:
        stages[str(hostvars[host].get("__wattspool_stage", "later"))].append(host)
    return stages


def reported(hosts, hostvars):
    """What each host has said of itself; of one that said nothing, that."""
    silent = {"agent_id": "", "site": "", "class": "", "status": None,
              "problem": ["unknown", "what happened to it is shown above"]}
    said = [hostvars[host].get("__wattspool_bench", {"bench": host, **silent}) for host in hosts]
    # Templates make text of nothing.
    return [{**bench, "status": bench["status"] or None} for bench in said]


def wave_newest(hosts, hostvars):
    """What the first bench of an upgrade that was to take the newest version took for it; as long
    as none is done, nothing."""
    done = (hostvars[host] for host in wave(hosts, hostvars)["done"])
    return next((str(bench["__wattspool_newest"]) for bench in done
                 if bench.get("__wattspool_newest")), "")


def age(status, when):
    """How long before the status was put together."""
    if not when:
        return "-"
    at, now = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
               for text in (when, status["updated_at"]))
    seconds = (now - at).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


COLUMNS = ("bench", "site", "class", "version", "health", "instruments", "lost", "unsent",
           "last ack", "what")


def fleet_row(bench):
    status = bench.get("status")
    words = [bench["bench"], bench.get("site") or "-", bench.get("class") or "-"]
    if not status:
        health, why = bench["problem"]
        return [*words, "-", health, "-", "-", "-", "-", " ".join(why.split())]
    instruments = status["instruments"]
    streaming = sum(one["state"] == "streaming" for one in instruments)
    reasons = status["reasons"]
    return [*words, status["version"], status["health"], f"{streaming} of {len(instruments)}",
            str(sum(one["values_lost_total"] for one in instruments)),
            str(status["spool"]["unacked_rows"]), age(status, status["kafka"]["last_ack_at"]),
            reasons[0]["message"] if reasons else ""]


def fleet_table(benches):
    """One line for each bench, the worst first."""
    order = {"critical": 0, "unreachable": 1, "unknown": 1, "degraded": 2, "healthy": 3}
    rows = sorted((fleet_row(bench) for bench in benches),
                  key=lambda row: (order.get(row[4], 1), row[0]))
    rows = [list(COLUMNS), *rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


class FilterModule:
    def filters(self):
        return {"to_site_toml": to_site_toml, "needs_restart": needs_restart,
                "missing_rights": missing_rights, "fleet_table": fleet_table,
                "agents_of": agents_of, "first_alike": first_alike, "setting": setting,
                "repeated": repeated, "reported": reported, "unsent": unsent, "wave": wave,
                "wave_newest": wave_newest, "taken": taken, "differing": differing}
