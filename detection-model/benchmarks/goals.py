"""The goals of v5 from its stored predictions: `python detection-model/benchmarks/goals.py [NAME]`.

Takes the test pictures of All and Broad in models/NAME.eval/predictions.csv; each group of
fakes is measured against all photographs of these sets. Brackets hold 95 % bootstrap intervals.
"""

import sys
from collections.abc import Collection
from pathlib import Path

from detection_model.card import read_card
from detection_model.evaluation import metrics
from detection_model.evaluation.records import PREDICTIONS, Estimate, Prediction, read_predictions

MODELS = Path(__file__).parents[1] / "models"
SETS = ("All", "Broad")
MET = "sdxl flux1-schnell flux1-dev stylegan2 StyleGAN2 generated-photos Studio"
GROUPS = {
    "generators met in training": MET.split(),
    "StyleGAN at 256 pixels": ["StyleGAN", "stylegan1", "stylegan1-b"],
    "swaps": ["faceswap-dfl"],
    "composites": ["Composites"],
    "Emu": ["emu"],
    "tuned StyleGAN2": ["stylegan2-tuned"],
}


def bracketed(estimate: Estimate) -> str:
    """A value with its interval."""
    return f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def group(rows: Collection[Prediction], generators: Collection[str]) -> list[Prediction]:
    """All photographs, and the fakes of some generators."""
    return [row for row in rows if row.label == "Real" or row.generator in generators]


def main() -> None:
    """Print a table in Markdown."""
    name = sys.argv[1] if len(sys.argv) > 1 else "v5"
    threshold = read_card(MODELS / f"{name}.json").threshold.value
    predictions = read_predictions(MODELS / f"{name}.eval" / PREDICTIONS)
    rows = [row for row in predictions if row.dataset in SETS]
    original = [row for row in rows if row.delivery == "original"]
    print(f"| {name} | fakes | AUC | found |\n| --- | --- | --- | --- |")
    for title, generators in GROUPS.items():
        labels, scores = metrics.labels_and_scores(group(original, generators))
        estimates = metrics.estimate(labels, scores, threshold)
        auc, recall = bracketed(estimates["auc"]), bracketed(estimates["fake_accuracy"])
        print(f"| {title} | {int(labels.sum())} | {auc} | {recall} |")
    for perturbation in ("original", "jpeg-q40", "resize-0.5"):
        labels, scores = metrics.labels_and_scores(
            [row for row in rows if row.delivery == perturbation]
        )
        auc_value = metrics.all_metrics(labels, scores, threshold)["auc"]
        print(f"| all, {perturbation} | {int(labels.sum())} | {auc_value:.3f} | |")
    labels, scores = metrics.labels_and_scores(original)
    weights = metrics.source_weights(original)[None]
    ece = metrics.counted_metrics(labels, scores, threshold, weights)["ece"][0]
    print(f"\nECE with every source weighted alike: {ece:.3f}")


if __name__ == "__main__":
    main()
