# SPDX-License-Identifier: Apache-2.0
"""The audit of a spool's file, without any broker (tests/system/spool_audit.cc)."""

import subprocess

from harness.audit import Audit
from harness.programs import program


def audit_spool(path):
    answer = subprocess.run([program("spool_audit"), path], capture_output=True, text=True,
                            check=False)
    assert answer.returncode in (0, 1), answer.stderr
    return Audit(answer.returncode, answer.stdout)
