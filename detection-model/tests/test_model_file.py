"""Real-world model files: wrong suffixes, other versions of Keras, weights alone."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from detection_model import architectures
from detection_model.card import ModelFacts, assumed_card
from detection_model.inference.detector import Detector, ModelError, load_model

SIDE = 20


def network(*extra: Any) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 255),
            *extra,
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def saved(path: Path, model: Any | None = None) -> Path:
    (model or network()).save(path)
    return path


def pictures(side: int = SIDE) -> Any:
    return np.random.default_rng(0).random((3, side, side, 3), np.float32) * 255


def probabilities(path: Path, batch: Any) -> Any:
    return 1 / (1 + np.exp(-load_model(path).logits.predict(batch, verbose=0)))


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as error:
        load_model(path)
    text = str(error.value)
    assert path.name in text
    assert str(path.parent) not in text
    assert "\n" not in text
    return text


def edited(source: Path, path: Path, change: Any, version: str | None = None) -> Path:
    """A `.keras` file with another architecture, and the version of Keras that it states."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data: Any = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config["config"]["layers"])
                data = json.dumps(config)
            elif name == "metadata.json" and version:
                data = json.dumps({"keras_version": version})
            new.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("true", "names"), [(".keras", ("is.h5", "M.KERAS", "m.hdf5")), (".h5", ("is.keras", "M.HDF5"))]
)
def test_the_content_decides_whatever_the_suffix(
    tmp_path: Path, true: str, names: tuple[str, ...]
) -> None:
    original = saved(tmp_path / f"original{true}")
    expected = probabilities(original, pictures())
    for name in names:
        copy = Path(shutil.copyfile(original, tmp_path / name))
        np.testing.assert_array_equal(probabilities(copy, pictures()), expected)


def keras2_file(path: Path, layers: list[dict[str, Any]], weights: dict[str, Any]) -> Path:
    """An HDF5 file as Keras 2 wrote it: `batch_input_shape`, weight names that end in `:0`."""

    with h5py.File(path, "w") as file:
        config = {"class_name": "Sequential", "config": {"name": "sequential", "layers": layers}}
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.11.0"
        file.attrs["backend"] = "tensorflow"
        write_weights(file.create_group("model_weights"), weights)
    return path


def write_weights(group: Any, weights: dict[str, Any]) -> None:
    group.attrs["layer_names"] = [name.encode() for name in weights]
    for layer, arrays in weights.items():
        own = group.create_group(layer)
        own.attrs["weight_names"] = [f"{layer}/{name}".encode() for name in arrays]
        for name, values in arrays.items():
            own[f"{layer}/{name}"] = values


def layer(kind: str, name: str, **options: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, "dtype": "float32", **options}}


INPUT = layer("InputLayer", "input_1", batch_input_shape=[None, SIDE, SIDE, 3])
DEPTHWISE = {"kernel_size": [3, 3], "padding": "same", "use_bias": False, "groups": 1}
RNG = np.random.default_rng(1)
WEIGHTS: dict[str, Any] = {
    "dw": {"depthwise_kernel:0": RNG.normal(size=(3, 3, 3, 1)).astype(np.float32)},
    "out": {
        "kernel:0": RNG.normal(size=(3, 1)).astype(np.float32),
        "bias:0": np.full(1, 0.5, np.float32),
    },
}
OUT = layer("Dense", "out", units=1, activation="sigmoid")
POOLED = layer("GlobalAveragePooling2D", "gap")


def expected_by_hand(batch: Any) -> Any:
    padded = np.pad(batch, ((0, 0), (1, 1), (1, 1), (0, 0)))
    kernel = WEIGHTS["dw"]["depthwise_kernel:0"][..., 0]
    maps = sum(
        padded[:, y : y + SIDE, x : x + SIDE] * kernel[y, x] for y in range(3) for x in range(3)
    )
    out = WEIGHTS["out"]
    return 1 / (1 + np.exp(-(maps.mean(axis=(1, 2)) @ out["kernel:0"] + out["bias:0"])))


def test_options_of_keras_2_without_an_effect_are_accepted(tmp_path: Path) -> None:
    layers = [INPUT, layer("DepthwiseConv2D", "dw", **DEPTHWISE), POOLED, OUT]
    path = keras2_file(tmp_path / "m.h5", layers, WEIGHTS)
    batch = pictures() / 255
    np.testing.assert_allclose(probabilities(path, batch), expected_by_hand(batch), atol=1e-5)


def test_a_file_of_teachable_machine_loads(tmp_path: Path) -> None:
    """Nested networks, of which only the innermost states the size of its input."""

    def sequential(name: str, *layers: Any) -> dict[str, Any]:
        return {"class_name": "Sequential", "config": {"name": name, "layers": [*layers]}}

    nested = [
        ("input_1", INPUT, []),
        ("dw", layer("DepthwiseConv2D", "dw", **DEPTHWISE), [[["input_1", 0, 0, {}]]]),
        ("gap", POOLED, [[["dw", 0, 0, {}]]]),
    ]
    functional = {
        "name": "model1",
        "layers": [
            {**config, "name": name, "inbound_nodes": nodes} for name, config, nodes in nested
        ],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["gap", 0, 0]],
    }
    first = sequential("features", {"class_name": "Functional", "config": functional})
    flat = layer("InputLayer", "flat", batch_input_shape=[None, 3])
    weights = {
        "features": {f"dw/{name}": values for name, values in WEIGHTS["dw"].items()},
        "head": {f"out/{name}": values for name, values in WEIGHTS["out"].items()},
    }
    layers = [first, sequential("head", flat, OUT)]
    path = keras2_file(tmp_path / "keras_model.h5", layers, weights)
    batch = pictures() / 255
    np.testing.assert_allclose(probabilities(path, batch), expected_by_hand(batch), atol=1e-5)


def test_an_option_with_an_effect_is_named(tmp_path: Path) -> None:
    layers = [INPUT, layer("DepthwiseConv2D", "dw", **{**DEPTHWISE, "groups": 3}), POOLED, OUT]
    text = refusal(keras2_file(tmp_path / "m.h5", layers, WEIGHTS))
    for word in ("groups of DepthwiseConv2D", "2.11.0", "tf-keras"):
        assert word in text


def test_a_newer_version_of_keras_is_named(tmp_path: Path) -> None:
    import keras

    def from_the_future(layers: list[Any]) -> None:
        layers[-1]["config"]["sparkle"] = True

    source = saved(tmp_path / "m.keras")
    text = refusal(edited(source, tmp_path / "new.keras", from_the_future, "4.2.0"))
    for word in ("sparkle of Dense", "4.2.0", keras.__version__, "Update Keras"):
        assert word in text


def test_a_custom_layer_is_named(tmp_path: Path) -> None:
    def own(layers: list[Any]) -> None:
        layers[-2].update(class_name="MyPooling", module="my_layers", registered_name="MyPooling")

    text = refusal(edited(saved(tmp_path / "m.keras"), tmp_path / "own.keras", own))
    assert "the layer MyPooling is not part of Keras" in text
    layers = [INPUT, layer("SpatialAttention", "att", kernel_size=7), POOLED, OUT]
    text = refusal(keras2_file(tmp_path / "own.h5", layers, WEIGHTS))
    assert "SpatialAttention" in text
    assert "2.11.0" in text


def test_a_network_of_a_custom_class_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "own.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "MyModel", "config": {}})
    assert "the network class MyModel is not part of Keras" in refusal(path)


def test_a_network_within_a_network_is_not_called_unknown(tmp_path: Path) -> None:
    """Networks with a pretrained backbone have it as one layer."""
    import keras
    from keras import layers

    def from_the_future(layers: list[Any]) -> None:
        layers[-1]["config"]["sparkle"] = True

    inputs = keras.Input((SIDE, SIDE, 3))
    backbone = keras.Model(inputs, layers.Conv2D(2, 3)(inputs))
    source = saved(tmp_path / "m.keras", network(backbone))
    text = refusal(edited(source, tmp_path / "new.keras", from_the_future, "4.2.0"))
    assert "sparkle of Dense" in text
    assert "Functional" not in text


def test_an_hdf5_file_of_other_data_is_not_called_weights(tmp_path: Path) -> None:
    path = tmp_path / "table.h5"
    with h5py.File(path, "w") as file:
        file["columns"] = np.zeros(5)
    assert "HDF5 file without a Keras model" in refusal(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_lambda_layer_is_named(tmp_path: Path, suffix: str) -> None:
    from keras import layers

    path = saved(tmp_path / f"m{suffix}", network(layers.Lambda(lambda x: x, name="mine")))
    text = refusal(path)
    assert "its layer mine is a Lambda" in text
    assert "never run" in text


def test_a_file_of_keras_1_is_refused_with_its_version(tmp_path: Path) -> None:

    path = keras2_file(tmp_path / "m.h5", [INPUT, POOLED, OUT], {"out": WEIGHTS["out"]})
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = "1.2.2"
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps({**config, "config": config["config"]["layers"]})
    assert "was saved by Keras 1.2.2" in refusal(path)


@pytest.mark.slow
def test_weights_without_a_network_are_named(tmp_path: Path) -> None:

    network().save_weights(tmp_path / "new.weights.h5")
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["keras_version"] = "2.11.0"
        write_weights(file, WEIGHTS)
    for path in tmp_path.glob("*.h5"):
        text = refusal(path)
        assert "holds weights without a network" in text
        assert "model.save('NAME.keras')" in text
    assert "Keras 2.11.0" in refusal(tmp_path / "old.h5")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><title>Virus scan warning</title>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "git lfs pull"),
        (b"PK\x03\x04 and nothing more", "incomplete .keras"),
        (b"\x80\x02pickle", "PyTorch"),
        (b"\x00\x00\x00\x00TFL3", "LiteRT"),
        (b"text", "not a Keras file"),
    ],
)
def test_files_that_are_not_models_are_named(tmp_path: Path, content: bytes, word: str) -> None:
    for name in ("m.keras", "m.h5"):
        (tmp_path / name).write_bytes(content)
        assert word in refusal(tmp_path / name)


def test_a_truncated_file_is_called_incomplete(tmp_path: Path) -> None:
    for suffix in (".keras", ".h5"):
        data = saved(tmp_path / f"m{suffix}").read_bytes()
        (tmp_path / f"cut{suffix}").write_bytes(data[: len(data) // 2])
        assert "incomplete" in refusal(tmp_path / f"cut{suffix}")


def test_a_repacked_model_loads(tmp_path: Path) -> None:
    source = saved(tmp_path / "m.keras")
    with zipfile.ZipFile(source) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    for name, prefix in (("mac.keras", ""), ("folder.keras", "m/")):
        with zipfile.ZipFile(tmp_path / name, "w") as new:
            for member, data in contents.items():
                new.writestr(prefix + member, data)
            new.writestr("__MACOSX/._config.json", b"x")
    batch = pictures()
    expected = probabilities(source, batch)
    np.testing.assert_array_equal(probabilities(tmp_path / "mac.keras", batch), expected)
    assert "packed with its folder m" in refusal(tmp_path / "folder.keras")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = network()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * np.nan, bias])
    assert "not all finite" in refusal(saved(tmp_path / "m.keras", model))


def test_the_assumed_class_order_is_flagged() -> None:
    facts = ModelFacts(
        height=8, width=8, units=1, activation="sigmoid", rescales=True, parameters=1
    )
    _, assumptions = assumed_card("m", "0" * 64, facts)
    assert any(assumption.code == "class_folders" for assumption in assumptions)


def convolution(rng: Any, size: int, inputs: int, filters: int) -> dict[str, Any]:
    kernel = rng.normal(0, 0.3, (size, size, inputs, filters)).astype(np.float32)
    return {"kernel:0": kernel, "bias:0": rng.normal(0, 0.1, filters).astype(np.float32)}


def normalization(rng: Any, size: int) -> dict[str, Any]:
    names = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")
    return {name: rng.uniform(0.5, 1.5, size).astype(np.float32) for name in names}


def dense(rng: Any, inputs: int, outputs: int) -> dict[str, Any]:
    kernel = rng.normal(0, 0.05, (inputs, outputs)).astype(np.float32)
    return {"kernel:0": kernel, "bias:0": np.zeros(outputs, np.float32)}


def meso_weights(*, inception: bool) -> dict[str, Any]:
    """Layers in the order in which Keras 2 wrote the authors' networks: by depth, then creation."""
    rng = np.random.default_rng(2)
    layers: list[Any] = []
    maps = 3
    for branches in ((1, 4, 4, 2), (2, 4, 4, 2)) if inception else ():
        layers += [convolution(rng, 1, maps, count) for count in branches[1:]]
        layers += [convolution(rng, 1, maps, branches[0])]
        layers += [convolution(rng, 3, count, count) for count in branches[1:]]
        maps = sum(branches)
        layers += [normalization(rng, maps)]
    for size, filters in ((5, 16), (5, 16)) if inception else ((3, 8), (5, 8), (5, 16), (5, 16)):
        layers += [convolution(rng, size, maps, filters), normalization(rng, filters)]
        maps = filters
    layers += [dense(rng, 8 * 8 * 16, 16), dense(rng, 16, 1)]
    return {f"layer_{position:02}": arrays for position, arrays in enumerate(layers)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file_name", "parameters"),
    [("meso4", "Meso4_DF.h5", 28_073), ("mesoinception4", "MesoInception_F2F.h5", 28_725)],
)
def test_weights_of_the_mesonets_authors_load(
    tmp_path: Path, name: str, file_name: str, parameters: int
) -> None:

    weights = meso_weights(inception=name == "mesoinception4")
    with h5py.File(tmp_path / file_name, "w") as file:
        file.attrs["keras_version"] = "2.1.5"
        write_weights(file, weights)
    loaded = Detector.load(tmp_path / file_name)
    assert loaded.card.parameters == parameters
    assert (loaded.card.input.height, loaded.card.input.value_range) == (256, (0, 255))
    # The authors number their folders df and real by name.
    assert loaded.card.output.classes == ("Fake", "Real")
    model = architectures.RECIPES[name].build()
    assert model.count_params() == parameters
    kernels = [
        layer.get_weights()[0].shape for layer in model.layers if layer.name.startswith("conv2d")
    ]
    shapes = [arrays["kernel:0"].shape for arrays in weights.values() if "kernel:0" in arrays]
    assert kernels == shapes[: len(kernels)]
    batch = pictures(256)
    logits = np.asarray(load_model(tmp_path / file_name).logits(batch))
    np.testing.assert_allclose(logits, meso_by_hand(weights, batch / 255), rtol=1e-3, atol=1e-4)


def meso_by_hand(weights: dict[str, Any], x: Any) -> Any:
    """The logits of the layers as the paper describes them, with plain TensorFlow."""
    import tensorflow as tf

    rest = list(weights.values())

    def convolve(x: Any, part: dict[str, Any], dilation: int = 1) -> Any:
        return tf.nn.relu(
            tf.nn.conv2d(x, part["kernel:0"], 1, "SAME", dilations=dilation) + part["bias:0"]
        )

    def pool(x: Any, size: int) -> Any:
        part = rest.pop(0)
        x = (x - part["moving_mean:0"]) / np.sqrt(part["moving_variance:0"] + 1e-3)
        x = x * part["gamma:0"] + part["beta:0"]
        return tf.nn.max_pool2d(x, size, size, "SAME")

    inception = len(rest) > 10
    if inception:
        for _ in range(2):
            *firsts, single = [rest.pop(0) for _ in range(4)]
            seconds = [rest.pop(0) for _ in range(3)]
            branches = [convolve(x, single)]
            for dilation, (first, second) in enumerate(zip(firsts, seconds, strict=True), 1):
                branches.append(convolve(convolve(x, first), second, dilation))
            x = pool(tf.concat(branches, -1), 2)
    for size in (2, 4) if inception else (2, 2, 2, 4):
        x = pool(convolve(x, rest.pop(0)), size)
    hidden, out = rest
    x = tf.reshape(x, (len(x), -1)) @ hidden["kernel:0"] + hidden["bias:0"]
    return (tf.maximum(x, 0.1 * x) @ out["kernel:0"] + out["bias:0"]).numpy()


@pytest.mark.slow
def test_the_mesonets_can_be_trained_by_name() -> None:
    for name in ("meso4", "mesoinception4"):
        model = architectures.RECIPES[name].build(side=64)
        model.compile("adam", "binary_crossentropy", run_eagerly=True)
        before = [weight.numpy() for weight in model.trainable_weights]
        model.train_on_batch(pictures(64), np.ones((3, 1)))
        after = [weight.numpy() for weight in model.trainable_weights]
        assert sum(not np.array_equal(*pair) for pair in zip(before, after, strict=True)) > 4
