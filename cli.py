"""One command for the people who run Heliograph. Each subcommand is a file in commands/."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError

from commands import feeds, jobs, media, migrate, moderation, people, sdl, seed, shards, sponsor, storage, up
from core.embedded.faults import StartupError, settings_fault

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("migrate")(migrate.run)
app.command("seed")(seed.seed)
app.add_typer(feeds.app, name="feeds")
app.add_typer(jobs.app, name="jobs")
app.add_typer(media.app, name="media")
app.add_typer(moderation.app, name="moderation")
app.add_typer(people.app, name="people")
app.add_typer(shards.app, name="shards")
app.add_typer(sponsor.app, name="sponsor")
app.add_typer(storage.app, name="storage")


@app.callback()
def commands() -> None:
    """Heliograph: photo and video sharing behind one GraphQL API."""


@app.command("sdl")
def write_sdl(
    *, check: Annotated[bool, typer.Option(help="Compare only; exit with 1 where they differ.")] = False
) -> None:
    """Print the schema into schema.graphql."""
    from resolvers.root import build_schema

    sdl.keep(build_schema().as_str() + "\n", check=check)


def main() -> None:
    try:
        app()
    except ValidationError as error:
        sys.exit(str(settings_fault(error)))
    except StartupError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
