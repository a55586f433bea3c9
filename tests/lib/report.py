# SPDX-License-Identifier: Apache-2.0
"""How a test in Python says what it saw: one line a case, as tests/integration.list wants it, and an exit status."""
import sys

failures = 0


def say(is_right, text):
    global failures
    failures += not is_right
    print(f"{'ok' if is_right else 'not ok'} - {text}", flush=True)


def check(what, is_right, seen=""):
    say(is_right, what if is_right else f"{what}: {str(seen)[:300]}")


def check_equal(what, wanted, got):
    say(wanted == got, what if wanted == got else f"{what}: wanted {wanted!r}, got {got!r}")


def finish():
    sys.exit(failures > 0)
