"""`python -m rollupctl` is the same as `rollupctl`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line.

    Nothing that is imported becomes garbage. To look for some would take a tenth of the start, so
    that it begins with the command: rollupctl.cli.
    """
    gc.disable()
    from rollupctl import cli

    cli.main()


if __name__ == "__main__":
    main()
