"""completion: what the shell needs."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from rollupctl.errors import UsageError

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what lets a shell complete commands and options.

    \b
    Example:
      rollupctl completion bash > ~/.local/share/bash-completion/completions/rollupctl
      rollupctl completion zsh  > ~/.zfunc/_rollupctl
      rollupctl completion fish > ~/.config/fish/completions/rollupctl.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"completion for {shell} is not available")
    root = ctx.find_root().command
    click.echo(found(root, {}, "rollupctl", "_ROLLUPCTL_COMPLETE").source())


COMMANDS = [completion]
