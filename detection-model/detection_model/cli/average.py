"""`detection-model average`."""

from typing import Annotated

import typer

from detection_model.card import (
    NoCalibrator,
    Threshold,
    card_path,
    file_sha256,
    read_card,
    write_card,
)
from detection_model.cli import common


def command(
    name: Annotated[str, typer.Argument(help="Publish under this name.")],
    of: Annotated[
        list[str],
        typer.Argument(
            help="Two or more published names, each with its share.", metavar="MODEL=SHARE…"
        ),
    ],
    models: common.ModelsOption = common.MODELS,
    force: Annotated[bool, typer.Option("--force", help="Replace a published model.")] = False,
) -> None:
    """Publish the mean of the weights of networks that were fine-tuned from the same start.

    One network, as fast as each of them (an ensemble asks all). Its card is that of the first,
    without what was measured of that one: calibrate and evaluate the mean.

      detection-model average v4 v4-b=0.75 v4-a=0.25
    """
    from detection_model.inference.detector import load_original
    from detection_model.training.averaging import averaged
    from detection_model.training.checkpoints import save_weights_only

    path = models / f"{name}.keras"
    if path.exists() and not force:
        common.refuse(f"{path.name} exists; --force replaces it")
    with common.refusals():
        shares = {
            one: common.listed(share, float, one)[0] for one, share in common.pairs(of).items()
        }
        if len(shares) < 2 or min(shares.values()) <= 0:
            common.refuse("name two or more models, each with a share above 0")
        files = [common.model_path(one, models) for one in shares]
        cards = [read_card(card_path(file)) for file in files]
        if len({(one.input, one.output) for one in cards}) > 1:
            common.refuse("their cards differ in input or output: they do not judge alike")
        mean = averaged([load_original(file) for file in files], [*shares.values()])
    save_weights_only(mean, path)
    total = sum(shares.values())
    said = ", ".join(f"{share / total:.2f} of {one}" for one, share in shares.items())
    changes = {
        "name": name,
        "sha256": file_sha256(path),
        "summary": f"{cards[0].summary} Its weights are the mean of {said}.",
        "calibrator": NoCalibrator(),
        "threshold": Threshold(),
        "conformal": None,
        "scope": None,
        "steadiness": None,
        "known_failures": (),
    }
    write_card(cards[0].model_copy(update=changes), card_path(path))
    common.console.print(
        f"Published {path}. Next: detection-model calibrate {name} --data FOLDER",
        highlight=False,
        soft_wrap=True,
    )
