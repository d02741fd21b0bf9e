"""`python -m rollupctl` is the same as `rollupctl`."""

from __future__ import annotations

import sys

from rollupctl.cli import main

if __name__ == "__main__":
    sys.exit(main())
