"""`detection-model eval benchmark`: every published model on every data set."""

import shutil
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from detection_model.card import TrainingRun, file_sha256, read_card, write_card
from detection_model.data.decoding import fingerprint
from detection_model.data.folders import find_data
from detection_model.evaluation import records
from detection_model.evaluation.records import Evaluation

Here = Callable[..., Result]


def test_every_model_is_measured_on_every_set_its_own_first(
    bright_data: Path, bright_models: Path, tmp_path: Path, here: Here
) -> None:
    dark = tmp_path / "Dark"
    for split in ("Train", "Test"):
        shutil.copytree(bright_data / split / "Real", dark / split / "Real")
        shutil.copytree(bright_data / split / "Fake" / "GanA", dark / split / "Fake")
    card = read_card(bright_models / "green.json")
    own = fingerprint((one, file_sha256(one.path)) for one in find_data(dark).split("train"))
    training = TrainingRun(data="", data_fingerprint=own, split="", seed=0, epochs=1)
    write_card(card.model_copy(update={"training": training}), bright_models / "green.json")
    words = ("--data", bright_data, "--data", f"{dark}=Dim,Late", "--delivery", "original")
    done = here("benchmark", *words, "--models", bright_models, "--logs", tmp_path)
    assert done.exit_code == 0, done.output
    assert "Bright was not inspected" in done.stderr
    found = {
        name: Evaluation.model_validate_json(
            (bright_models / f"{name}.eval" / records.METRICS).read_bytes()
        )
        for name in ("red", "green")
    }
    rows = {name: [(row.dataset, row.generator) for row in one.rows] for name, one in found.items()}
    bright = [("Bright", None), ("Bright", "GanA"), ("Bright", "GanB")]
    assert rows == {"red": [*bright, ("Late", "Dim")], "green": [("Late", "Dim"), *bright]}
    assert found["red"].command == (
        "detection-model eval benchmark --data data/Bright --data data/Dark=Dim,Late --model red "
        "--perturb original"
    )
    path = bright_models / "red.eval" / records.PREDICTIONS
    again = here("evaluate", "red", "--from-predictions", path, "--models", bright_models)
    assert again.exit_code == 0, again.output
    same = Evaluation.model_validate_json((path.with_name(records.METRICS)).read_bytes())
    assert same == found["red"]
