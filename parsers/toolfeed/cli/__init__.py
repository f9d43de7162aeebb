"""The `toolfeed` command: `formats`, `detect`, `parse`, `demo`, `serve` … It needs the extra `cli` (click and rich)."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line; without its extra, say what to install."""
    if find_spec("click") is None or find_spec("rich") is None:
        sys.exit("toolfeed: the command line needs click and rich: pip install 'toolfeed[cli]'")
    from .app import commands

    commands(prog_name="toolfeed")
