"""The card of a model file that has none: what its properties suggest, and what is assumed."""

from typing import Literal

from pydantic import BaseModel, Field

from detection_model.card.files import CardError, ModelFacts
from detection_model.card.schema import Card, ClassName, InputSpec, OutputSpec

AssumptionCode = Literal[
    "input_scaled",
    "input_unscaled",
    "class_order",
    "class_order_configured",
    "class_order_published",
    "class_folders",
    "logit_output",
    "sigmoid_pair",
    "stretched",
]


class Assumption(BaseModel):
    """An assumption about a model without a card: `code` for programs, the message for people.

    `values` are the numbers and names of the message, for texts in other languages.
    """

    code: AssumptionCode = Field(
        description="input_scaled, input_unscaled: the value range, as the file does or does not "
        "scale its input; class_order: the class that output 1 means; class_order_configured: as "
        "eval_config.json says; class_order_published: as in the weights of the architecture's "
        "authors; class_folders: a model trained on folders called Fake and Real means the "
        "opposite; logit_output: the last layer is linear; sigmoid_pair: two sigmoid outputs are "
        "compared; stretched: how pictures are resized"
    )
    message: str
    values: dict[str, int | str] = Field(
        {}, description="of the message: low and high of the value range, class"
    )
    member: str | None = Field(
        None, description="name of the ensemble's member, with which the message begins"
    )

    def of_member(self, member: str) -> "Assumption":
        """The same assumption, made by an ensemble about one of its members."""
        update = {"message": f"{member}: {self.message}", "member": member}
        return self.model_copy(update=update)


def assumed_card(
    name: str, sha256: str, facts: ModelFacts, classes: tuple[ClassName, ...] | None = None
) -> tuple[Card, list[Assumption]]:
    """A card for a file without one, and its assumptions.

    Args:
        name: of the model.
        sha256: of the file.
        facts: properties of the file.
        classes: the classes of 0 and 1, if eval_config.json gives them. Without them, the order
            of the published weights of the architecture, else Real and Fake.

    Raises:
        CardError: the number of outputs cannot mean Real and Fake.
    """
    if facts.units > 2 or (facts.units == 1 and facts.activation == "softmax"):
        outputs = (
            "one output with softmax is always 1"
            if facts.units == 1
            else f"{facts.units} outputs have no obvious meaning"
        )
        raise CardError(f"{outputs}: write a card that names the classes")
    high = 255 if facts.rescales else 1
    output = OutputSpec(
        activation="sigmoid" if facts.units == 1 else "softmax",
        classes=classes or facts.classes or ("Real", "Fake"),
    )
    card = Card(
        name=name,
        sha256=sha256,
        input=InputSpec(height=facts.height, width=facts.width, value_range=(0, high)),
        output=output,
        parameters=facts.parameters,
    )
    return card, _assumptions(facts, card, configured=classes is not None)


def _assumptions(facts: ModelFacts, card: Card, *, configured: bool) -> list[Assumption]:
    low, high = (int(end) for end in card.input.value_range)
    scaled = "the file scales its input" if facts.rescales else "the file does not scale its input"
    assumptions = [
        Assumption(
            code="input_scaled" if facts.rescales else "input_unscaled",
            message=f"values from {low} to {high}, as {scaled}",
            values={"low": low, "high": high},
        ),
        _class_order(facts, card.output.classes[1], configured=configured),
    ]
    if facts.units == 1 and facts.activation == "linear":
        assumptions.append(Assumption(code="logit_output", message="the output is a logit"))
    text = "pictures are stretched to the input size (bilinear), channels in RGB order"
    assumptions.append(Assumption(code="stretched", message=text))
    if not (configured or facts.classes):
        text = (
            "Keras numbers class folders by name: trained on folders called Fake and Real, the "
            "model means the opposite (detection-model model card finds out)"
        )
        assumptions.append(Assumption(code="class_folders", message=text))
    if facts.units == 2 and facts.activation == "sigmoid":
        text = "the two sigmoid outputs are compared, as a softmax compares them"
        assumptions.append(Assumption(code="sigmoid_pair", message=text))
    return assumptions


def _class_order(facts: ModelFacts, name: ClassName, *, configured: bool) -> Assumption:
    code: AssumptionCode = "class_order"
    source = ""
    if configured:
        code, source = "class_order_configured", " (as eval_config.json says)"
    elif facts.classes:
        code, source = "class_order_published", " (as in its authors' weights)"
    return Assumption(code=code, message=f"output 1 means {name}{source}", values={"class": name})
