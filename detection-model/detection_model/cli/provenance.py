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
    picture: Annotated[Path, typer.Argument(help="A picture.")],
    personal: Annotated[
        bool, typer.Option("--personal", help="Show places, names, serial numbers and comments.")
    ] = False,
    anchors: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) of signers to trust.", dir_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what a picture's file tells of itself: metadata and signed content credentials.

    A file that says it was generated is reported as such. One that says nothing proves nothing:
    metadata is lost on most ways through the web, and anyone can write it; only a signature that
    holds cannot be made up.

      detection-model provenance portrait.jpg

      detection-model provenance portrait.jpg --anchors c2pa-trust-list.pem --json
    """
    from detection_model.provenance.read import read_provenance

    data, _ = common.read_picture(picture)
    try:
        trusted = anchors.read_text(encoding="utf-8") if anchors else None
        found = read_provenance(data, personal=personal, anchors=trusted)
    except OSError as error:
        common.refuse(f"{anchors}: {error.strerror or 'cannot be read'}")
    except ValueError as error:
        common.refuse(str(error))
    if as_json:
        typer.echo(found.model_dump_json())
    else:
        _print(found)


def _print(found: "Provenance") -> None:
    from detection_model.provenance.record import claim_text, credentials_text

    say = common.console.print
    for claim in found.claims:
        said = escape(claim_text(claim))
        say(f"[bold]The file says that it is[/] {said}", soft_wrap=True)
    if not found.claims:
        say("The file does not say that it is generated. That proves nothing.")
    signed = escape(credentials_text(found.credentials))
    say(f"Content credentials (C2PA): {signed}", soft_wrap=True)
    if found.entries:
        table = Table("from", "field", "value")
        for entry in found.entries:
            value = "[dim]masked[/]" if entry.value is None else escape(entry.value[:300])
            table.add_row(entry.source, escape(entry.name), value)
        say(table)
    if found.masked:
        say(f"{found.masked} fields may be personal and are masked; --personal shows them.")
    for problem in found.problems:
        say(f"[yellow]{escape(problem)}[/]")
