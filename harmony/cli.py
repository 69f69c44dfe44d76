"""The command `harmony`. Each command imports what it needs when it runs, so that `--help` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harmony.commands import jobs, models, queues
from harmony.commands.submit import submit
from harmony.commands.workers import workers

app = typer.Typer(
    help="Harmony Speech Engine: start it, give it work, look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.add_typer(queues.app, name="queues")
app.command()(submit)
app.command()(workers)

DataDir = Annotated[Path | None, typer.Option(help="Database, artifacts, secrets; default: HARMONY_DATA_DIR or data.")]
Config = Annotated[Path | None, typer.Option(help="The models; default: HARMONY_CONFIG or config.yml.")]


@app.callback()
def check() -> None:
    from harmony.settings import check_names

    check_names()


@app.command()
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: HARMONY_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes a free one; default: HARMONY_PORT or 8000.")] = None,
    data_dir: DataDir = None,
    config: Config = None,
    slots: Annotated[str | None, typer.Option(help="Slots by queue: cpu=2,io=1; default: one of each.")] = None,
) -> None:
    """Start the one-machine stack and keep it running until Ctrl-C."""
    from api.settings import ApiSettings
    from harmony import local
    from storage.settings import StorageSettings

    storage, api = StorageSettings(), ApiSettings()
    local.up(
        host=host or api.host,
        port=api.port if port is None else port,
        data_dir=data_dir or storage.data_dir,
        config=config or storage.config,
        slots=slots,
    )


@app.command()
def doctor(data_dir: DataDir = None, config: Config = None) -> None:
    """Say what is missing on this machine, and how to get it."""
    from api.settings import ApiSettings
    from harmony.doctor import examine
    from storage.settings import StorageSettings

    settings = StorageSettings()
    if not examine(data_dir or settings.data_dir, config or settings.config, ApiSettings().port):
        raise typer.Exit(1)


@app.command("webhook-secret")
def webhook_secret(data_dir: DataDir = None) -> None:
    """Print the secret that signs webhooks whose job brought none."""
    from storage.secrets import webhook_secret as read
    from storage.settings import StorageSettings

    print(read(StorageSettings() if data_dir is None else StorageSettings(data_dir=data_dir)))


def main() -> None:
    """The entry point: what a person can mend is one line, what only we can mend is a traceback."""
    try:
        app()
    except Exception as error:
        from harmony.console import err, sentences

        lines = sentences(error)
        if lines is None:
            raise
        for line in lines:
            err.print(line if line.startswith("  ") else f"harmony: {line}", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
