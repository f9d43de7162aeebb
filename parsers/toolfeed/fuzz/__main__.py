"""`python -m toolfeed.fuzz`: the same as `toolfeed fuzz`."""

from __future__ import annotations

import sys

from toolfeed.cli import main

sys.argv.insert(1, "fuzz")
main()
