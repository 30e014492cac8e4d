# SPDX-License-Identifier: Apache-2.0
"""The form in which a Python part tells its figures: that of table.h."""

import json


def at_most(limit):
    return lambda value: value <= limit, f"<= {limit:g}"


class Figures:
    """Collects figures, prints one JSON object for each as soon as it is known."""

    def __init__(self):
        self.all_met = True

    def add(self, figure, value, unit, must=None, aim=None):
        ok = must[0](value) if must else None
        self.all_met = self.all_met and ok is not False
        print(json.dumps({
            "figure": figure, "value": float(f"{value:.4g}"), "unit": unit, "ratio": None,
            "must": must and must[1], "aim": aim and aim[1],
            "ok": ok, "aim_ok": aim[0](value) if aim else None}), flush=True)

    def exit_code(self):
        return 0 if self.all_met else 1


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
