"""One command for the people who run Heliograph. Each subcommand is a file in commands/."""

import sys

import typer
from pydantic import ValidationError

from commands import up
from core.embedded.faults import StartupError, settings_fault

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)


@app.callback()
def commands() -> None:
    """Heliograph: photo and video sharing behind one GraphQL API."""


def main() -> None:
    try:
        app()
    except ValidationError as error:
        sys.exit(str(settings_fault(error)))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
