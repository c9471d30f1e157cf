# SPDX-License-Identifier: GPL-2.0-only
"""Reads files that a script gathered: each may be missing or empty where what should have written it failed."""

import json


def text(path):
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def values(path):
    """The last JSON value in a file: an answer may come after progress, a line each."""
    for candidate in [text(path), *reversed(text(path).splitlines())]:
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}
