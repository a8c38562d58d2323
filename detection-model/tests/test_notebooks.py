"""Every notebook runs from top to bottom, and its stored outputs are complete and portable."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from detection_model import architectures, predict
from detection_model.card import file_sha256, read_card
from detection_model.data.audit.checks import inspect_data
from detection_model.data.audit.report import data_report
from detection_model.data.folders import find_data
from detection_model.data.issues import REPORT, report_folder
from detection_model.data.write import synthetic_picture, write_synthetic
from detection_model.evaluation.records import Evaluation
from detection_model.inference.detector import Detector
from detection_model.training.run import RECORD, RunRecord
from detection_model.training.study import TABLE

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "detection-model" / "models"
NOTEBOOKS = sorted((ROOT / "detection-model" / "notebooks").glob("*.ipynb"))
STEMS = [path.stem for path in NOTEBOOKS]
VERSIONS = ["v1", "v2", "v3"]
Cell = dict[str, Any]
CellsOf = Callable[[str], list[Cell]]
FirstCell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small copy of the repository: notebooks, published models and runs, data."""
    root = tmp_path_factory.mktemp("repository")
    library = root / "detection-model"
    for folder in ("models", "notebooks"):
        shutil.copytree(MODELS.parent / folder, library / folder)
    shutil.rmtree(library / "notebooks" / "models", ignore_errors=True)
    shutil.copy(MODELS.parent / "pyproject.toml", library)
    for version in VERSIONS:
        shutil.copytree(ROOT / "logs" / version, root / "logs" / version)
    write_synthetic(root / "data" / "Dataset", per_class=12)
    # The first notebook writes this report too, but they run two at a time.
    audit = data_report(inspect_data(find_data(root / "data" / "Dataset")))
    report = report_folder(root / "logs", audit.data, audit.fingerprint)
    report.mkdir(parents=True)
    (report / REPORT).write_text(audit.model_dump_json())
    (root / "data" / "Diffusion").mkdir()
    for number in range(3):
        picture = Image.fromarray(synthetic_picture("Fake", number, side=512))
        picture.save(root / "data" / "Diffusion" / f"portrait-{number}.png")
    (root / "data" / "Diffusion" / "notes.txt").write_text("made with my program")
    return root


@pytest.fixture(scope="module")
def executed(repository: Path) -> dict[str, "subprocess.CompletedProcess[str]"]:
    """The processes of `make notebooks`, one for each notebook, with one epoch, two at a time."""
    tool = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--epochs", "1"]

    def execute(stem: str) -> "subprocess.CompletedProcess[str]":
        path = repository / "detection-model" / "notebooks" / f"{stem}.ipynb"
        return subprocess.run([*tool, str(path)], capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(STEMS, pool.map(execute, STEMS), strict=True))


@pytest.fixture
def cells_of(repository: Path, executed: dict[str, "subprocess.CompletedProcess[str]"]) -> CellsOf:
    """A function that returns the code cells of a finished notebook."""

    def cells(stem: str) -> list[Cell]:
        assert executed[stem].returncode == 0, executed[stem].stderr[-3000:]
        return code_cells(repository / "detection-model" / "notebooks" / f"{stem}.ipynb")

    return cells


def code_cells(path: Path) -> list[Cell]:
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def tags(cell: Cell) -> list[str]:
    result: list[str] = cell["metadata"].get("tags", [])
    return result


def texts(cells: list[Cell]) -> str:
    """The printed text and tables of cells."""
    parts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in cells
        for output in cell["outputs"]
    ]
    return "\n".join("".join(part) for part in parts)


def pictures(cells: list[Cell]) -> int:
    return sum("image/png" in o.get("data", {}) for cell in cells for o in cell["outputs"])


def study_rows(repository: Path, name: str) -> dict[str, dict[str, str]]:
    with (repository / "detection-model/notebooks/models" / name / TABLE).open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def table_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if "│" in line]
    return [[part.strip() for part in line.split("│")[1:-1]] for line in lines]


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_data_notebook_shows_the_contents_of_the_folders(cells_of: CellsOf) -> None:
    cells = cells_of("1-data")
    rows = table_rows(texts(cells))
    assert ["train", "12", "12"] in rows
    assert ["test", "3", "3"] in rows
    assert ["Real", "18", "PNG (18)", "256 x 256 (18)"] in [row[:4] for row in rows]
    assert "0 leaks in 36 of 36 pictures." in texts(cells)
    assert pictures(cells) == 4
    (faces,) = [cell for cell in cells if "faces" in tags(cell)]
    assert "not kept in the repository" in texts([faces])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_training_notebook_leaves_the_published_models_unchanged(
    repository: Path, cells_of: CellsOf, version: str
) -> None:
    cells = cells_of(STEMS[VERSIONS.index(version) + 1])
    published = repository / "detection-model" / "models"
    assert hashes(published) == hashes(MODELS)
    card = read_card(repository / "detection-model/notebooks/models" / f"notebook-{version}.json")
    assert card.training is not None
    assert (card.name, card.training.epochs) == (f"notebook-{version}", 1)
    assert card.parameters == read_card(published / f"{version}.json").parameters
    assert card.sha256 == file_sha256(
        repository / "detection-model/notebooks/models" / f"notebook-{version}.keras"
    )
    (file,) = (repository / "logs" / f"notebook-{version}").glob(f"*/{RECORD}")
    record = RunRecord.model_validate_json(file.read_bytes())
    assert record.status == "finished"
    assert record.examples["train/Fake"] == 12
    text = texts(cells)
    assert f"Trained for 1 of the recipe's {architectures.RECIPES[version].epochs} epochs." in text
    assert ["pictures", "3 real + 3 fake", "100 real + 100 fake"] in table_rows(text)


def test_the_first_training_shows_the_audit_and_the_settings(cells_of: CellsOf) -> None:
    cells = cells_of("2-v1")
    text = texts(cells)
    assert "Inspected: no leak was found." in text
    assert "optimizer: adam" in text
    assert "epochs: 1" in text
    assert pictures(cells) == 2


def test_the_second_training_injects_faults_and_shows_their_effect(
    repository: Path, cells_of: CellsOf
) -> None:
    cells = cells_of("3-v2")
    rows = study_rows(repository, "faults")
    assert list(rows) == ["none", "shuffled labels", "wrong loss"]
    assert {row["status"] for row in rows.values()} == {"trained"}
    assert float(rows["wrong loss"]["loss"]) == 0
    assert pictures(cells) == 4


def test_the_third_training_compares_a_backbone_and_runs_a_sweep(
    repository: Path, cells_of: CellsOf
) -> None:
    cells = cells_of("4-v3")
    rows = study_rows(repository, "backbones")
    assert {name: row["epochs"] for name, row in rows.items()} == {
        "v3": "1",
        "efficientnet-lite0": "1",
    }
    text = texts(cells)
    assert all(
        f"{name}: {recipe.summary}" in text for name, recipe in architectures.RECIPES.items()
    )
    assert text.count("'learning_rate':") == 2
    assert pictures(cells) == 3


def test_the_comparison_shows_the_published_figures_and_scores_portraits(
    repository: Path, cells_of: CellsOf
) -> None:
    cells = cells_of("5-comparison")
    text = texts(cells)
    rows = {row[0]: row[1:] for row in reversed(table_rows(text))}  # of equal names the first
    evaluations = [
        Evaluation.model_validate_json((MODELS / f"{version}.eval/metrics.json").read_bytes())
        for version in VERSIONS
    ]
    confusions = [evaluation.rows[0].confusion for evaluation in evaluations]
    assert rows["right"] == [
        f"{confusion.correct} of {confusion.total}" for confusion in confusions
    ]
    assert pictures(cells) == 4
    pairs = [row for row in table_rows(text) if row[0] in ("v2 - v1", "v3 - v1", "all - v3")]
    assert [row[:2] for row in pairs] == [
        [pair, metric]
        for pair in ("v2 - v1", "v3 - v1", "all - v3")
        for metric in ("accuracy", "AUC", "ECE")
    ]
    assert "v1 stays as it is: v1 gives fakes lower probabilities than reals" in text
    assert "v3: largest Youden's J on Dataset, validation" in text
    folder = repository / "data" / "Diffusion"
    detector = Detector.load(MODELS / "v1.keras")
    calls = [predict(detector, path).verdict for path in sorted(folder.glob("*.png"))]
    fakes = sum(call.prediction == "Fake" for call in calls)
    assert rows["portrait-1.png"][0] == f"{calls[1].prediction} ({calls[1].fake:.2f})"
    assert rows["called Fake"][0] == f"{fakes} of 3"
    assert "left out: notes.txt" in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=STEMS)
def test_stored_outputs_are_complete(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [tags(cell) for cell in cells[:2]] == [["setup"], ["parameters"]]
    assert all(cell["outputs"] for cell in cells[2:])
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds
    assert not [o for cell in cells for o in cell["outputs"] if o.get("name") == "stderr"]
    assert pictures([cell for cell in cells if "faces" in tags(cell)]) == 0
    # Measured figures have a decimal point and belong in cells; focal lengths have none.
    notebook = json.loads(path.read_text())
    prose = "".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
    assert not re.findall(r"\d\.\d", prose)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=STEMS)
def test_stored_outputs_are_small_and_name_no_local_path(path: Path) -> None:
    assert path.stat().st_size < 400_000
    # A picture in base64 may spell anything.
    text = re.sub(r'"image/png": "[^"]*"', "", path.read_text())
    assert "iVBOR" not in text
    assert not re.findall(r"/work|/root|/tmp|/home|/Users|/srv|[A-Z]:\\\\", text)


def test_no_figure_is_stored_for_missing_portraits() -> None:
    assert "the extra test waits for yours" in texts(code_cells(NOTEBOOKS[-1]))


def test_the_first_cell_is_the_same_in_all() -> None:
    assert len(STEMS) == 5
    assert len({"".join(code_cells(path)[0]["source"]) for path in NOTEBOOKS}) == 1


@pytest.fixture
def first_cell(tmp_path: Path) -> FirstCell:
    """Run the first cell in a folder; `%pip` prints its arguments instead of installing."""
    setup = "".join(code_cells(NOTEBOOKS[0])[0]["source"])
    pip = 'get_ipython().register_magic_function(lambda line: print("PIP", line), "line", "pip")'

    def execute(folder: Path, *missing: str) -> "subprocess.CompletedProcess[str]":
        script = tmp_path / "first.ipy"
        hidden = (
            "import importlib.util\nfind = importlib.util.find_spec\n"
            f"hidden = {missing}\n"
            "importlib.util.find_spec = lambda name: None if name in hidden else find(name)\n"
        )
        ending = '\nprint("ROOT", ROOT)'
        script.write_text(f"{hidden}{pip}\n{setup.replace('%matplotlib inline', '')}{ending}\n")
        # An empty folder instead of the user's IPython profile.
        (tmp_path / "profiles").mkdir()
        ipython = [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path / "profiles")]
        return subprocess.run(
            [*ipython, str(script)], cwd=folder, capture_output=True, text=True, check=False
        )

    return execute


def test_the_first_cell_does_nothing_when_nothing_is_missing(
    first_cell: FirstCell, repository: Path
) -> None:
    result = first_cell(repository / "detection-model" / "notebooks")
    assert result.stdout.split() == ["ROOT", "../.."], result.stdout + result.stderr


@pytest.mark.parametrize("folder", ["detection-model/notebooks", "detection-model", ".", ".."])
def test_the_first_cell_finds_the_repository_and_installs_it(
    first_cell: FirstCell, repository: Path, folder: str
) -> None:
    result = first_cell(repository / folder, "detection_model", "tensorflow")
    root = (repository / folder / result.stdout.split("ROOT")[-1].strip()).resolve()
    assert root == repository.resolve(), result.stdout + result.stderr
    assert "PIP install" in result.stdout
    assert result.stdout.split("\n")[0].endswith('/detection-model[train]"')


def test_the_first_cell_keeps_an_installed_tensorflow(
    first_cell: FirstCell, repository: Path
) -> None:
    result = first_cell(repository, "detection_model")
    assert '/detection-model[tools]"' in result.stdout


def test_the_first_cell_stops_with_a_message_outside_the_repository(
    first_cell: FirstCell, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    result = first_cell(alone, "detection_model")
    assert (
        "Set REPOSITORY to the address of the repository, or upload"
        in result.stdout + result.stderr
    )
    assert "PIP" not in result.stdout
    assert "ROOT" not in result.stdout
