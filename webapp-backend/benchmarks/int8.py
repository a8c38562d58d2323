"""What int8 would save for a model: speed against parity, by the layers that stay in float.

`python int8.py MODEL.keras DATA…` prints Markdown; `pip install ai-edge-quantizer` first. Weights
are int8 for each channel, activations int8 for each tensor, calibrated on crops of the training
split. The head always stays in float. The engines run in turns on one thread.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core import native_logs
from detection_model.card import Card, card_path, read_card
from detection_model.data.folders import SplitName, find_data
from detection_model.data.preprocessing import Pictures, load_pictures
from detection_model.evaluation.metrics import Labels, estimate
from detection_model.faces import face_or_whole
from detection_model.imaging import scale
from detection_model.inference.detector import load_model
from detection_model.inference.probability import calibrate
from detection_model.inference.runtime import LiteRT

Array = NDArray[np.float32]
CALIBRATION = 150
TURNS = 60
HEAD = ".*head_(level|fake).*"
# Layers of EfficientNet-Lite0 that stay in float besides the head, as regular expressions. A
# block's projection ends in the sum of the residual connection, the noisiest place for int8.
VARIANTS: dict[str, tuple[str, ...]] = {
    "stem, block 0": (r".*(conv_stem|blocks\.0\.).*",),
    "stem, blocks 0 to 2": (r".*(conv_stem|blocks\.[0-2]\.).*",),
    "stem, blocks 0 to 4": (r".*(conv_stem|blocks\.[0-4]\.).*",),
    "stem, block 0, projections and sums": (r".*(conv_stem|blocks\.0\.).*", ".*project_conv.*"),
    "stem, blocks 0 to 4, projections and sums": (
        r".*(conv_stem|blocks\.[0-4]\.).*",
        ".*project_conv.*",
    ),
}


def pictures(folders: Sequence[Path], split: SplitName, card: Card, most: int | None) -> Pictures:
    """The crops of a split of all folders, or `most` of them drawn at random."""
    examples = [example for folder in folders for example in find_data(folder).split(split)]
    if most is not None:
        examples = random.Random(0).sample(examples, most)
    margin = card.input.face_margin
    return load_pictures(
        examples, card.input, change=lambda pixels, _sha256: face_or_whole(pixels, margin)
    )


def int8_model(model: Path, crops: Array, in_float: Sequence[str]) -> bytes:
    """The model with int8 convolutions, except layers whose names match `in_float`."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import qtyping, quantizer, recipe_manager

    ((signature, names),) = Interpreter(str(model)).get_signature_list().items()
    weights = qtyping.TensorQuantizationConfig(
        num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
    )
    config = qtyping.OpQuantizationConfig(
        activation_tensor_config=qtyping.TensorQuantizationConfig(num_bits=8, symmetric=False),
        weight_tensor_config=weights,
        compute_precision=qtyping.ComputePrecision.INTEGER,
        explicit_dequantize=False,
    )
    kinds = qtyping.TFLOperationName
    recipe = recipe_manager.RecipeManager()
    sums = [] if ".*project_conv.*" in in_float else [(".*add.*", kinds.ADD)]
    for names_of, kind in [(".*", kinds.CONV_2D), (".*", kinds.DEPTHWISE_CONV_2D), *sums]:
        recipe.add_quantization_config(names_of, kind, op_config=config)
    for names_of in (HEAD, *in_float):
        recipe.add_quantization_config(names_of, kinds.ALL_SUPPORTED, algorithm_key="no_quantize")
    work = quantizer.Quantizer(str(model), recipe.get_quantization_recipe())
    ranges = work.calibrate({signature: [{names["inputs"][0]: crop[None]} for crop in crops]})
    return bytes(work.quantize(ranges).quantized_model)


def cpu_milliseconds(engines: Sequence[LiteRT], crops: Array) -> list[float]:
    """Median CPU time of one call of each engine; they run in turns."""
    times_by_engine: list[list[float]] = [[] for _ in engines]
    for crop in crops[:TURNS]:
        for times, engine in zip(times_by_engine, engines, strict=True):
            engine(crop[None])
            start = time.process_time()
            engine(crop[None])
            times.append((time.process_time() - start) * 1000)
    return [statistics.median(times) for times in times_by_engine]


def table(files: dict[str, bytes], card: Card, inputs: Array, labels: Labels) -> Iterator[str]:
    """Rows of Markdown; the first file is the reference."""
    yield "| in float | MB | CPU ms a call | AUC | same side | deviation of the logit |"
    yield "| --- | --- | --- | --- | --- | --- |"
    engines = [LiteRT(content) for content in files.values()]
    costs = cpu_milliseconds(engines, inputs)
    outputs = [np.concatenate([engine(crop[None])[:, 0] for crop in inputs]) for engine in engines]
    reference = outputs[0]
    sides = is_fake(reference, card)
    for name, milliseconds, logits in zip(files, costs, outputs, strict=True):
        # Stands for a calibrator refitted for the quantised model.
        linear_fit = np.polyval(np.polyfit(logits, reference, 1), logits)
        auc = estimate(labels, 1 / (1 + np.exp(-logits.astype(float))), 0.5)["auc"].value
        cells = [
            name,
            f"{len(files[name]) / 1e6:.1f}",
            f"{milliseconds:.2f}",
            f"{auc:.4f}",
            f"{np.mean(is_fake(linear_fit, card) == sides):.2%}",
            f"{np.std(logits - reference):.3f}",
        ]
        yield f"| {' | '.join(cells)} |"


def is_fake(logits: NDArray[Any], card: Card) -> Labels:
    """The side of the card's threshold for each logit."""
    scores = [calibrate(float(logit), card.calibrator) for logit in logits]
    return np.array(scores) >= card.threshold.value


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a .keras file of an EfficientNet-Lite0, a card")
    parser.add_argument("data", type=Path, nargs="+", help="folders with the three splits")
    options = parser.parse_args()
    native_logs.load_tensorflow()
    card = read_card(card_path(options.model))
    calibration = pictures(options.data, "train", card, CALIBRATION)
    validation = pictures(options.data, "validation", card, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "float.tflite")
        load_model(options.model).logits.export(path, format="litert", verbose=False)
        files: dict[str, bytes] = {"everything": path.read_bytes()}
        crops = scale(calibration.pixels, card.input)
        for name, in_float in VARIANTS.items():
            files[name] = int8_model(path, crops, in_float)
    print(f"{options.model.stem}, {len(validation.examples)} validation pictures\n")
    inputs = scale(validation.pixels, card.input)
    for line in table(files, card, inputs, validation.targets > 0):
        print(line)


if __name__ == "__main__":
    main()
