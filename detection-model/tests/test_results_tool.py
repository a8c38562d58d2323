"""`make results`: the tables of README.md are computed from the stored evaluations."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from detection_model.card import NoCalibrator
from detection_model.evaluation.evaluate import Result, recalibrated, rows, save
from detection_model.evaluation.records import METRICS, Evaluation, Prediction

TOOL = Path(__file__).parents[2] / "tools" / "results.py"


@pytest.fixture(scope="module")
def tool() -> Any:
    """tools/results.py, loaded as a module."""
    spec = importlib.util.spec_from_file_location("results", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published(
    models: Path,
    name: str,
    pictures: list[tuple[str, str, str, float]],
    generators: list[str] | None = None,
) -> None:
    """An evaluation of (split, delivery, label, log-odds of Fake)."""
    predictions = [
        Prediction("p.png", "Faces", split, delivery, label, 0, logit, generator=generator)
        for (split, delivery, label, logit), generator in zip(
            pictures, generators or [""] * len(pictures), strict=True
        )
    ]
    predictions = recalibrated(predictions, NoCalibrator())
    evaluation = Evaluation(
        model=name,
        model_sha256="a" * 64,
        threshold=0.5,
        created="",
        command="",
        rows=rows(predictions, 0.5),
    )
    save(Result(evaluation, predictions, []), models / f"{name}.eval")


def cells(table: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table.splitlines()
        if line.startswith("|") and "---" not in line
    ]


RIGHT = [("test", "original", "Real", -2.0), ("test", "original", "Fake", 2.0)]
BLURRED = [("test", "blur-1", "Real", 1.0), ("test", "blur-1", "Fake", 0.5)]


def test_an_undefined_metric_is_a_dash(tool: Any, tmp_path: Path) -> None:
    published(tmp_path, "whole", RIGHT)
    published(tmp_path, "fakes", [("all", "original", "Fake", 2.0)])
    heads, fakes, whole = cells(tool.tables(tmp_path))
    assert fakes[:3] == ["fakes", "Faces, all, 0 real + 1 fake", "1 of 1"]
    assert fakes[heads.index("AUC")] == fakes[heads.index("precision")] == "–"
    assert fakes[heads.index("accuracy")] == "1.000 (1.000–1.000)"
    assert whole[:3] == ["whole", "Faces, 1 real + 1 fake", "2 of 2"]
    assert whole[heads.index("AUC")] == "1.000 (1.000–1.000)"


def test_perturbations_have_their_own_table(tool: Any, tmp_path: Path) -> None:
    published(tmp_path, "plain", RIGHT)
    assert "AUC on" not in tool.tables(tmp_path)
    published(tmp_path, "swept", [*RIGHT, *BLURRED])
    originals, perturbed = tool.tables(tmp_path).split("\n\n")
    assert [row[0] for row in cells(originals)] == ["model", "plain", "swept"]
    assert cells(perturbed) == [
        ["AUC on", "swept"],
        ["Faces, test, blur-1", "0.000 (0.000–0.000)"],
    ]


def test_the_summary_has_the_newest_models_test_sets_and_all_models_on_the_first(
    tool: Any, tmp_path: Path
) -> None:
    mixed = [*RIGHT, ("test", "original", "Fake", -3.0), *BLURRED]
    published(tmp_path, "a", mixed, ["", "A", "B", "", "A"])
    published(tmp_path, "b", RIGHT)
    by_set, by_model = map(cells, tool.summary(tmp_path).split("\n\n"))
    right = ["1.000 (1.000–1.000)", "0 (0–0)", "100 (100–100)"]
    assert by_set[0] == ["b on", "pictures", "AUC", "of 100 real, accuses", "of 100 fakes, finds"]
    assert by_set[1:] == [["Faces", "1 real + 1 fake", *right]]
    assert by_model[0][:2] == ["on Faces", "AUC"]
    assert [row[0] for row in by_model[1:]] == ["a", "b"]
    assert by_model[1][2:] == ["0 (0–0)", "50 (0–100)"]
    assert by_model[2][1:] == right


def test_an_evaluation_that_cannot_be_read_is_named(tool: Any, tmp_path: Path) -> None:
    published(tmp_path, "broken", RIGHT)
    (tmp_path / "broken.eval" / METRICS).write_text('{"model": "broken"}')
    with pytest.raises(SystemExit, match=r"^broken\.eval/metrics\.json: model_sha256"):
        tool.tables(tmp_path)


def test_only_the_text_between_the_comments_is_replaced(tool: Any) -> None:
    text = f"before\n{tool.BEGIN}\nold\n{tool.END}\nafter\n"
    new = tool.updated(text, "new")
    assert new == f"before\n{tool.BEGIN}\nnew\n{tool.END}\nafter\n"
    assert tool.updated(new, "new") == new
