"""Every notebook runs from top to bottom, and what is kept of them reads well on its own."""

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
from detection_model.data.synthetic import synthetic_picture, write_synthetic
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
Ran = Callable[[str], list[Cell]]
FirstCell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as a user has it, small: notebooks, published models and runs, data."""
    root = tmp_path_factory.mktemp("house")
    library = root / "detection-model"
    for folder in ("models", "notebooks"):
        shutil.copytree(MODELS.parent / folder, library / folder)
    shutil.rmtree(library / "notebooks" / "models", ignore_errors=True)
    shutil.copy(MODELS.parent / "pyproject.toml", library)
    for version in VERSIONS:
        shutil.copytree(ROOT / "logs" / version, root / "logs" / version)
    write_synthetic(root / "data" / "Dataset", per_class=12)
    # As the first notebook does, which may come later: two of them run at a time.
    found = data_report(inspect_data(find_data(root / "data" / "Dataset")))
    report = report_folder(root / "logs", found.data, found.fingerprint)
    report.mkdir(parents=True)
    (report / REPORT).write_text(found.model_dump_json())
    (root / "data" / "Diffusion").mkdir()
    for number in range(3):
        picture = Image.fromarray(synthetic_picture("Fake", number, side=512))
        picture.save(root / "data" / "Diffusion" / f"portrait-{number}.png")
    (root / "data" / "Diffusion" / "notes.txt").write_text("made with my program")
    return root


@pytest.fixture(scope="module")
def executed(house: Path) -> dict[str, "subprocess.CompletedProcess[str]"]:
    """How `make notebooks` fared with each notebook, for one epoch; two at a time."""
    tool = [sys.executable, str(ROOT / "tools" / "notebooks.py"), "--epochs", "1"]

    def execute(stem: str) -> "subprocess.CompletedProcess[str]":
        path = house / "detection-model" / "notebooks" / f"{stem}.ipynb"
        return subprocess.run([*tool, str(path)], capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(STEMS, pool.map(execute, STEMS), strict=True))


@pytest.fixture
def ran(house: Path, executed: dict[str, "subprocess.CompletedProcess[str]"]) -> Ran:
    """The code cells of a notebook that ran to its end."""

    def cells(stem: str) -> list[Cell]:
        assert executed[stem].returncode == 0, executed[stem].stderr[-3000:]
        return code_cells(house / "detection-model" / "notebooks" / f"{stem}.ipynb")

    return cells


def code_cells(path: Path) -> list[Cell]:
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def tags(cell: Cell) -> list[str]:
    found: list[str] = cell["metadata"].get("tags", [])
    return found


def texts(cells: list[Cell]) -> str:
    """What cells print and the tables they show."""
    parts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in cells
        for output in cell["outputs"]
    ]
    return "\n".join("".join(part) for part in parts)


def pictures(cells: list[Cell]) -> int:
    return sum("image/png" in o.get("data", {}) for cell in cells for o in cell["outputs"])


def study_rows(house: Path, name: str) -> dict[str, dict[str, str]]:
    with (house / "detection-model/notebooks/models" / name / TABLE).open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def table_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if "│" in line]
    return [[part.strip() for part in line.split("│")[1:-1]] for line in lines]


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: file_sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_data_notebook_shows_what_is_in_the_folders(ran: Ran) -> None:
    cells = ran("1-data")
    rows = table_rows(texts(cells))
    assert ["train", "12", "12"] in rows
    assert ["test", "3", "3"] in rows
    assert ["Real", "18", "PNG (18)", "256 x 256 (18)"] in [row[:4] for row in rows]
    assert "0 leaks in 36 of 36 pictures." in texts(cells)
    assert pictures(cells) == 4
    (faces,) = [cell for cell in cells if "faces" in tags(cell)]
    assert "not kept in the repository" in texts([faces])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_training_notebook_trains_beside_the_published_model(
    house: Path, ran: Ran, version: str
) -> None:
    cells = ran(STEMS[VERSIONS.index(version) + 1])
    published = house / "detection-model" / "models"
    assert hashes(published) == hashes(MODELS)
    card = read_card(house / "detection-model/notebooks/models" / f"notebook-{version}.json")
    assert card.training is not None
    assert (card.name, card.training.epochs) == (f"notebook-{version}", 1)
    assert card.parameters == read_card(published / f"{version}.json").parameters
    assert card.sha256 == file_sha256(
        house / "detection-model/notebooks/models" / f"notebook-{version}.keras"
    )
    (written,) = (house / "logs" / f"notebook-{version}").glob(f"*/{RECORD}")
    record = RunRecord.model_validate_json(written.read_bytes())
    assert record.status == "finished"
    assert record.examples["train/Fake"] == 12
    said = texts(cells)
    assert f"Trained for 1 of the recipe's {architectures.ZOO[version].epochs} epochs." in said
    assert ["pictures", "3 real + 3 fake", "100 real + 100 fake"] in table_rows(said)


def test_the_first_training_says_what_is_known_of_the_data_and_how_it_is_trained(ran: Ran) -> None:
    cells = ran("2-v1")
    said = texts(cells)
    assert "Inspected: no leak was found." in said
    assert "optimizer: adam" in said
    assert "epochs: 1" in said
    assert pictures(cells) == 2


def test_the_second_training_plants_faults_and_shows_their_damage(house: Path, ran: Ran) -> None:
    cells = ran("3-v2")
    rows = study_rows(house, "faults")
    assert list(rows) == ["none", "shuffled labels", "wrong loss"]
    assert {row["status"] for row in rows.values()} == {"trained"}
    assert float(rows["wrong loss"]["loss"]) == 0
    assert pictures(cells) == 4


def test_the_third_training_sets_a_backbone_beside_it_and_sweeps(house: Path, ran: Ran) -> None:
    cells = ran("4-v3")
    rows = study_rows(house, "backbones")
    assert {name: row["epochs"] for name, row in rows.items()} == {
        "v3": "1",
        "efficientnet-lite0": "1",
    }
    said = texts(cells)
    assert all(f"{name}: {recipe.summary}" in said for name, recipe in architectures.ZOO.items())
    assert said.count("'learning_rate':") == 2
    assert pictures(cells) == 3


def test_the_comparison_shows_the_published_figures_and_judges_portraits(
    house: Path, ran: Ran
) -> None:
    cells = ran("5-comparison")
    said = texts(cells)
    rows = {row[0]: row[1:] for row in table_rows(said)}
    evaluations = [
        Evaluation.model_validate_json((MODELS / f"{version}.eval/metrics.json").read_bytes())
        for version in VERSIONS
    ]
    confusions = [evaluation.rows[0].confusion for evaluation in evaluations]
    assert rows["right"] == [f"{found.correct} of {found.total}" for found in confusions]
    assert pictures(cells) == 4
    pairs = [row for row in table_rows(said) if row[0] in ("v2 - v1", "v3 - v1", "all - v3")]
    assert [row[:2] for row in pairs] == [
        [pair, metric]
        for pair in ("v2 - v1", "v3 - v1", "all - v3")
        for metric in ("accuracy", "AUC", "ECE")
    ]
    assert "v1 stays as it is: v1 gives fakes lower probabilities than reals" in said
    assert "v3: largest Youden's J on Dataset, validation" in said
    folder = house / "data" / "Diffusion"
    detector = Detector.load(MODELS / "v1.keras")
    calls = [predict(detector, path).verdict for path in sorted(folder.glob("*.png"))]
    found = sum(call.prediction == "Fake" for call in calls)
    assert rows["portrait-1.png"][0] == f"{calls[1].prediction} ({calls[1].fake:.2f})"
    assert rows["called Fake"][0] == f"{found} of 3"
    assert "left out: notes.txt" in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=STEMS)
def test_what_is_kept_reads_well_on_its_own(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert [tags(cell) for cell in cells[:2]] == [["setup"], ["parameters"]]
    assert all(cell["outputs"] for cell in cells[2:])
    kinds = {output["output_type"] for cell in cells for output in cell["outputs"]}
    assert "error" not in kinds
    assert not [o for cell in cells for o in cell["outputs"] if o.get("name") == "stderr"]
    assert pictures([cell for cell in cells if "faces" in tags(cell)]) == 0
    # Prompts have focal lengths; a measured figure has a point, and belongs into a cell.
    stored = json.loads(path.read_text())
    prose = "".join("".join(c["source"]) for c in stored["cells"] if c["cell_type"] == "markdown")
    assert not re.findall(r"\d\.\d", prose)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=STEMS)
def test_what_is_kept_is_small_and_says_nothing_of_a_machine(path: Path) -> None:
    assert path.stat().st_size < 400_000
    # The letters of a picture may spell anything.
    stored = re.sub(r'"image/png": "[^"]*"', "", path.read_text())
    assert "iVBOR" not in stored
    assert not re.findall(r"/work|/root|/tmp|/home|/Users|/srv|[A-Z]:\\\\", stored)


def test_no_figure_is_claimed_for_portraits_that_nobody_made() -> None:
    assert "the extra test waits for yours" in texts(code_cells(NOTEBOOKS[-1]))


def test_the_first_cell_is_the_same_in_all() -> None:
    assert len(STEMS) == 5
    assert len({"".join(code_cells(path)[0]["source"]) for path in NOTEBOOKS}) == 1


@pytest.fixture
def first_cell(tmp_path: Path) -> FirstCell:
    """Runs the first cell in a folder; `%pip` only says what it would install."""
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
        # No profile of the machine's user may take part.
        (tmp_path / "profiles").mkdir()
        ipython = [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path / "profiles")]
        return subprocess.run(
            [*ipython, str(script)], cwd=folder, capture_output=True, text=True, check=False
        )

    return execute


def test_the_first_cell_does_nothing_where_nothing_is_missing(
    first_cell: FirstCell, house: Path
) -> None:
    done = first_cell(house / "detection-model" / "notebooks")
    assert done.stdout.split() == ["ROOT", "../.."], done.stdout + done.stderr


@pytest.mark.parametrize("folder", ["detection-model/notebooks", "detection-model", ".", ".."])
def test_the_first_cell_finds_the_repository_and_installs_it(
    first_cell: FirstCell, house: Path, folder: str
) -> None:
    done = first_cell(house / folder, "detection_model", "tensorflow")
    root = (house / folder / done.stdout.split("ROOT")[-1].strip()).resolve()
    assert root == house.resolve(), done.stdout + done.stderr
    assert "PIP install" in done.stdout
    assert done.stdout.split("\n")[0].endswith('/detection-model[train]"')


def test_the_first_cell_leaves_a_tensorflow_alone(first_cell: FirstCell, house: Path) -> None:
    done = first_cell(house, "detection_model")
    assert '/detection-model[tools]"' in done.stdout


def test_the_first_cell_stops_with_a_sentence_where_it_stands_alone(
    first_cell: FirstCell, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    done = first_cell(alone, "detection_model")
    assert "Set REPOSITORY to the address of the repository, or upload" in done.stdout + done.stderr
    assert "PIP" not in done.stdout
    assert "ROOT" not in done.stdout
