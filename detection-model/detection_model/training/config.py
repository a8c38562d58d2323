"""Training configuration from flags and YAML files; stored in run.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from detection_model import architectures
from detection_model.architectures import HeadName
from detection_model.card import ClassName

Share = Annotated[float, Field(ge=0, le=1)]
Precision = Literal["float32", "mixed_float16", "mixed_bfloat16"]


class ConfigError(ValueError):
    """An invalid configuration; the message names the setting."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def chosen(self) -> dict[str, Any]:
        """Settings that differ from their defaults."""
        return self.model_dump(exclude_defaults=True)


class Augmentation(_Settings):
    """Augmentation of training pictures, drawn again in each epoch.

    JPEG, blur, scaling, noise and WebP imitate sharing (Wang et al., "CNN-generated images are
    surprisingly easy to spot... for now", 2020); each is applied to a `share` of the pictures.
    `erase` is random erasing (Zhong et al., "Random erasing data augmentation", 2020).
    """

    flip: bool = Field(False, description="left to right, every second picture")
    rotation: float = Field(0, ge=0, le=180, description="largest angle in degrees, either way")
    zoom: float = Field(0, ge=0, lt=1, description="in or out by up to this share")
    brightness: Share = Field(0, description="times 1 plus or minus up to this")
    colour: Share = Field(
        0, description="saturation and contrast, times 1 plus or minus up to this"
    )
    erase: Share = Field(
        0, description="largest share of the area covered by noise, in every second picture"
    )
    jpeg: int = Field(100, ge=1, le=100, description="encoded at a quality from here to 100")
    blur: float = Field(0, ge=0, le=20, description="largest sigma of a Gaussian blur, in pixels")
    scaling: float = Field(1, gt=0, le=1, description="down by a factor from here to 1, and up")
    noise: float = Field(0, ge=0, le=255, description="Gaussian, deviation up to this of 255")
    webp: int = Field(100, ge=1, le=100, description="the same as WebP, instead of JPEG")
    share: Share = Field(0.5, description="of the pictures for each of the last five")


class FaceCropSettings(_Settings):
    """Training on face crops from several data sets (`portraits` in recipes and run.json).

    Half of the crops in an epoch are real. `real` and `fake` are the weights of data sets (folders
    below `data`) within their class. A data set with subfolders below its classes has a source for
    each, `<data set>/<subfolder>`, with the data set's weight unless the source has its own.
    """

    real: dict[str, float] = Field(min_length=1)
    fake: dict[str, float] = Field(min_length=1)
    forged: dict[Literal["blended", "swapped", "generated"], Share] = Field(
        {},
        description="shares of training fakes: self-blended images, face swaps, and swaps with the "
        "face of a fake",
    )
    left_out: tuple[str, ...] = Field((), description="sources left out of training and validation")
    enough: int = Field(
        1, ge=1, description="sources with fewer pictures get a proportionally smaller weight"
    )
    pictures: int = Field(ge=2, description="number of crops in an epoch")
    margins: tuple[float, float] = Field(
        (0.0, 0.4), description="smallest and largest training margin, in face widths"
    )
    margin: float = Field(0.3, ge=0, description="margin in validation and serving")

    @property
    def names(self) -> list[str]:
        """All data sets."""
        names = sorted({*self.real, *self.fake})
        return [
            name for name in names if not name.startswith(tuple(f"{parent}/" for parent in names))
        ]

    def weight(self, label: ClassName, source: str, pictures: int) -> float:
        """Weight of a source with this number of pictures within its class; 0: not used."""
        weights = self.real if label == "Real" else self.fake
        named = [name for name in weights if f"{source}/".startswith(f"{name}/")]
        if not named:
            return 0.0
        return weights[max(named, key=len)] * min(1.0, pictures / self.enough)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if min([*self.real.values(), *self.fake.values()]) <= 0:
            raise ValueError("weights must be above 0")
        if sum(self.forged.values()) >= 1:
            raise ValueError("forged must leave some of the fakes to the data sets")
        return self


class ProbeSettings(_Settings):
    """A linear probe: the last layer, fitted to the frozen backbone before fine-tuning."""

    pictures: int = Field(ge=2, description="number of augmented pictures")
    penalty: float = Field(
        1e-3, gt=0, description="scikit-learn's C, the inverse regularisation strength"
    )


class Faults(_Settings):
    """Faults to inject, to study their effect on a training."""

    label_noise: Share = Field(0, description="share of training labels flipped")
    input_noise: float = Field(0, ge=0, le=255, description="standard deviation of noise, of 255")
    shuffled_labels: bool = Field(False, description="shuffle the training labels")
    wrong_loss: bool = Field(False, description="categorical cross-entropy over one output")
    skip_gradients: int = Field(0, ge=0, description="skip the update of every Nth batch")
    reset_weights: int = Field(0, ge=0, description="re-initialise a random layer every N batches")


class TrainConfig(BaseModel):
    """The configuration of a training."""

    model_config = ConfigDict(extra="forbid")

    recipe: str
    name: str
    data: str
    epochs: int = Field(ge=0, description="of the head alone; 0 needs `probe` or `start`")
    probe: ProbeSettings | None = Field(None, description="none: random initial head")
    batch_size: int = Field(32, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    seed: int = Field(0, ge=0, lt=2**32)
    data_licences: tuple[str, ...] = ()
    image_size: int | None = Field(None, ge=8, le=4096, description="none: the recipe's own")
    weights: str | None = Field(None, description="of the backbone; none: the recipe's own")
    start: str | None = Field(
        None, description="a .keras file of the same network with the initial weights"
    )
    head: HeadName | None = Field(None, description="none: the recipe's own")
    fine_tune_epochs: int = Field(0, ge=0, description="of the second stage")
    fine_tuned: int = Field(30, ge=1, description="number of backbone layers to fine-tune")
    fine_tuning_rate: float | None = Field(
        None, gt=0, description="of the second stage; none: a tenth of the first's"
    )
    normalized: int = Field(
        0, ge=0, description="number of those layers that also update batch statistics"
    )
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant", description="decay of the learning rate to 0 over the epochs of a stage"
    )
    warmup: int = Field(0, ge=0, description="warm-up batches in the first epoch of a stage")
    label_smoothing: float = Field(0, ge=0, lt=1, description="half of it is the target of Real")
    clip: float | None = Field(None, gt=0, description="largest norm of the gradient")
    early_stopping: int | None = Field(
        None, ge=1, description="end a stage after this many epochs without a lower loss"
    )
    reduce_on_plateau: int | None = Field(
        None, ge=1, description="halve the rate after this many epochs without a lower loss"
    )
    keep: Literal["last", "best"] = Field("last", description="epoch to publish")
    keep_epochs: bool = Field(False, description="keep the weights of each epoch, for averaging")
    precision: Precision = "float32"
    class_weights: Literal["balanced"] | tuple[float, float] | None = Field(
        None, description="loss weights of Real and Fake; balanced: inverse class frequency"
    )
    augmentation: Augmentation = Augmentation()
    portraits: FaceCropSettings | None = Field(None, description="none: whole pictures")
    faults: Faults = Faults()

    @property
    def data_name(self) -> str:
        """Name of the data set's folder, without the machine's path."""
        return Path(self.data).name

    @field_validator("class_weights", mode="before")
    @classmethod
    def _pair(cls, value: object) -> object:
        if not isinstance(value, str) or value == "balanced":
            return value
        try:
            real, fake = map(float, value.split(","))
        except ValueError:
            raise ValueError("balanced, or two numbers as in 1,2") from None
        return real, fake

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.reduce_on_plateau and self.schedule != "constant":
            raise ValueError(
                "reduce_on_plateau sets the rate, and so does the schedule: choose one"
            )
        if not self.epochs and self.probe is None and self.start is None:
            raise ValueError("epochs must be above 0 where there is neither a probe nor a start")
        faults = self.faults
        unsupported = ("label_noise", "input_noise", "shuffled_labels")
        if self.portraits and (named := [name for name in unsupported if getattr(faults, name)]):
            raise ValueError(f"the fault {named[0]} is not supported with portraits")
        if isinstance(self.class_weights, tuple) and min(self.class_weights) <= 0:
            raise ValueError("class_weights must be above 0")
        return self


def configured(recipe: str, *layers: Mapping[str, Any]) -> TrainConfig:
    """The recipe's configuration with layers of overrides: the last one wins.

    Nested settings such as `augmentation` are merged; None keeps a setting.

    Raises:
        ConfigError: an unknown setting or an invalid value.
    """
    own = architectures.RECIPES[recipe]
    settings: dict[str, Any] = {"recipe": recipe, "name": recipe}
    for name in ("epochs", "batch_size", "learning_rate", "fine_tune_epochs", "fine_tuned"):
        settings[name] = getattr(own, name)
    for layer in layers:
        for name, value in layer.items():
            if isinstance(value, Mapping):
                settings[name] = {**settings.get(name, {}), **value}
            elif value is not None and name != "recipe":
                settings[name] = value
    try:
        return TrainConfig.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        setting = ".".join(str(part) for part in first["loc"] if part not in ("str", "tuple"))
        message = first["msg"].removeprefix("Value error, ")
        messages = {
            "missing": "missing; give it as a flag or in the file",
            "extra_forbidden": "there is no such setting",
        }
        message = messages.get(first["type"], message)
        raise ConfigError(f"{setting}: {message}" if setting else message) from None


def read_settings(path: Path) -> dict[str, Any]:
    """Read settings from a YAML file, named as in run.json.

    Raises:
        ConfigError: the file cannot be read or is not a mapping of settings.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        settings = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise ConfigError(f"{path.name} must have one setting per line, like `epochs: 5`")
    return settings
