"""`python -m rollupctl` is the same as `rollupctl`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line.

    Imports create next to no garbage, and collecting it would take a tenth of the start. It is
    collected from the command on: see rollupctl.cli.
    """
    gc.disable()
    from rollupctl import cli

    cli.main()


if __name__ == "__main__":
    main()
