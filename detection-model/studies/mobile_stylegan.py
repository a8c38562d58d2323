"""Fakes by a generator that no model has met: MobileStyleGAN, made here from published weights.

    pip install openvino && pip install --no-deps random-face==2021.7.21.1
    python studies/mobile_stylegan.py make ../data/MobileStyleGAN
    python studies/mobile_stylegan.py measure ../data/MobileStyleGAN > studies/mobile_stylegan.md

MobileStyleGAN (Belousov, "MobileStyleGAN: a lightweight convolutional neural network for
high-fidelity image synthesis", 2021) is distilled from StyleGAN2, draws wavelets instead of pixels,
and makes faces of 1,024 pixels. The package `random-face` carries its weights (Apache-2.0, learned
from FFHQ). Like Broad's pictures, each is the largest face with 0.6 face widths around it, at most
256 pixels wide, saved as JPEG of a quality from 68 to 88. One takes about a second.

`measure` compares them with the test photographs of All and Broad, whose scores the models'
predictions.csv has. Brackets hold 95 % bootstrap intervals.
"""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image

from detection_model import faces, load, predict
from detection_model.evaluation import metrics
from detection_model.evaluation.records import PREDICTIONS, read_predictions

MODELS = Path(__file__).parent.parent / "models"
MARGIN, LARGEST, QUALITY = 0.6, 256, (68, 88)
# Share of the way from the mean face to the sampled one: lower is plainer and has fewer faults.
TRUNCATION = (0.5, 0.9)

Pixels = NDArray[np.uint8]
app = typer.Typer(add_completion=False)


class Generator:
    """The mapping and the synthesis network of MobileStyleGAN."""

    def __init__(self) -> None:
        import openvino

        core = openvino.Core()
        # The package itself needs an OpenVINO that is no longer published, so it is not imported.
        weights = Path(str(distribution("random-face").locate_file("random_face/data")))
        mapping = core.read_model(weights / "MappingNetwork.xml")
        mapping.reshape({"var": [1, 512]})
        self._mapping = core.compile_model(mapping, "CPU")
        synthesis = core.read_model(weights / "SynthesisNetwork.xml")
        self._synthesis = core.compile_model(synthesis, "CPU")
        rng = np.random.default_rng(0)
        self._mean = np.mean([self._style(rng) for _ in range(1024)], axis=0)

    def _style(self, rng: np.random.Generator) -> NDArray[np.float32]:
        noise = rng.normal(size=(1, 512)).astype(np.float32)
        style: NDArray[np.float32] = self._mapping([noise])[0]
        return style

    def face(self, seed: int) -> Pixels:
        """A random portrait, uint8 RGB (1024, 1024, 3)."""
        rng = np.random.default_rng(seed)
        style = self._mean + rng.uniform(*TRUNCATION) * (self._style(rng) - self._mean)
        values = self._synthesis([style])[0][0].transpose(1, 2, 0)
        pixels: Pixels = np.clip((values + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
        return pixels


@app.command()
def make(folder: Path, pictures: int = 200) -> None:
    """Write NUMBER.jpg for the seeds from 0; those that are there already are kept."""
    generator = Generator()
    folder.mkdir(parents=True, exist_ok=True)
    without_face = 0
    for seed in range(pictures):
        path = folder / f"{seed:04d}.jpg"
        if path.exists():
            continue
        pixels = generator.face(seed)
        found = faces.find_faces(pixels)
        if not found:
            without_face += 1
            continue
        largest = max(found, key=lambda face: face.side)
        box = faces.crop_box(largest, MARGIN, height=pixels.shape[0], width=pixels.shape[1])
        image = Image.fromarray(faces.crop(pixels, box))
        image.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
        image.save(path, quality=QUALITY[0] + seed % (QUALITY[1] - QUALITY[0] + 1))
    typer.echo(f"{pictures} faces, {without_face} of them not saved: no face found", err=True)


@app.command()
def measure(folder: Path, models: list[str] = ["v1", "v2", "v3", "v4", "v5"]) -> None:  # noqa: B006
    """Print a table in Markdown."""
    typer.echo("| model | AUC | found | uncertain |\n| --- | --- | --- | --- |")
    for name in models:
        model = load(MODELS / f"{name}.keras")
        verdicts = [predict(model, path).verdict for path in sorted(folder.glob("*.jpg"))]
        photographs = [
            row.fake
            for row in read_predictions(MODELS / f"{name}.eval" / PREDICTIONS)
            if row.label == "Real"
            and row.delivery == "original"
            and row.dataset in ("All", "Broad")
        ]
        scores = np.array([*photographs, *(verdict.fake for verdict in verdicts)])
        labels = np.arange(len(scores)) >= len(photographs)
        estimates = metrics.estimate(labels, scores, model.threshold)
        auc, found = (
            f"{estimates[key].value:.3f} ({estimates[key].low:.3f}–{estimates[key].high:.3f})"
            for key in ("auc", "fake_accuracy")
        )
        unsure = np.mean([verdict.verdict in ("uncertain", "out_of_scope") for verdict in verdicts])
        typer.echo(f"| {name} | {auc} | {found} | {unsure:.3f} |")
    typer.echo(f"\n{len(verdicts)} fakes, {len(photographs)} photographs.")


if __name__ == "__main__":
    app()
