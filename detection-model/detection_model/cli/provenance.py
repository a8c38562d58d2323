"""`detection-model provenance`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from detection_model.cli import common

if TYPE_CHECKING:
    from detection_model.provenance.record import Provenance


def command(
    picture: Annotated[Path, typer.Argument(help="An image file.")],
    personal: Annotated[
        bool,
        typer.Option("--personal", help="Also show places, names, serial numbers and comments."),
    ] = False,
    anchors: Annotated[
        Path | None,
        typer.Option(help="PEM file with certificates of trusted signers.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show an image file's metadata and signed content credentials (C2PA).

    A file that declares itself generated is reported as such. Missing metadata proves nothing:
    most web sites strip it, and anyone can write it. Only a valid signature cannot be forged.

      detection-model provenance portrait.jpg

      detection-model provenance portrait.jpg --anchors c2pa-trust-list.pem --json
    """
    from detection_model.provenance.read import read_provenance

    data, _ = common.read_picture(picture)
    try:
        trusted = anchors.read_text(encoding="utf-8") if anchors else None
        record = read_provenance(data, personal=personal, anchors=trusted)
    except OSError as error:
        common.refuse(f"{anchors}: {error.strerror or 'cannot be read'}")
    except ValueError as error:
        common.refuse(str(error))
    if as_json:
        typer.echo(record.model_dump_json())
    else:
        _print(record)


def _print(record: "Provenance") -> None:
    from detection_model.provenance.record import claim_text, credentials_text

    say = common.console.print
    for claim in record.claims:
        text = escape(claim_text(claim))
        say(f"[bold]The file declares itself[/] {text}", soft_wrap=True)
    if not record.claims:
        say("The file does not declare itself generated. That proves nothing.")
    credentials = escape(credentials_text(record.credentials))
    say(f"Content credentials (C2PA): {credentials}", soft_wrap=True)
    if record.entries:
        table = Table("from", "field", "value")
        for entry in record.entries:
            value = "[dim]masked[/]" if entry.value is None else escape(entry.value[:300])
            table.add_row(entry.source, escape(entry.name), value)
        say(table)
    if record.masked:
        say(f"{record.masked} fields may be personal and are hidden; --personal shows them.")
    for problem in record.problems:
        say(f"[yellow]{escape(problem)}[/]")
