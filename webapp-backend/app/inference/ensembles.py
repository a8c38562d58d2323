"""Ensembles in the models folder: cards that name other models, served by the members' engines."""

from collections.abc import Mapping
from dataclasses import replace

from app.inference.evaluations import read_evaluation
from app.inference.model_folder import ModelPath
from app.inference.models import ServedModel, Slot
from detection_model.card import Card, CardError, Member, identity, read_card, read_eval_config


class _NotYetError(Exception):
    """A member is being converted."""


def ensemble_slot(file: ModelPath, old: Slot | None, slots: Mapping[str, Slot]) -> Slot:
    """The registry entry of an ensemble; `slots` are those of the models.

    The previous state answers until card and members agree again.
    """
    slot = Slot.of(file, old)
    if not file.still:
        return replace(slot, problem="The file is being written.")
    try:
        card = read_card(file.path)
        members = tuple(_member(member, slots) for member in card.members)
        served = _serve(file, card, members, old)
    except _NotYetError as error:
        return replace(slot, problem=str(error))
    except CardError as error:
        return replace(slot, problem=str(error), settled=True)
    return replace(slot, sha256=served.sha256, served=served, settled=True)


def _member(member: Member, slots: Mapping[str, Slot]) -> ServedModel:
    slot = slots.get(member.name)
    if slot is None or slot.file.is_ensemble:
        raise CardError(f"its member {member.name} is missing")
    if slot.served is not None and slot.served.sha256 == member.sha256:
        return slot.served
    if slot.state == "loading" and slot.sha256 in (None, member.sha256):
        raise _NotYetError(f"Its member {member.name} is being converted.")
    if slot.sha256 != member.sha256:
        raise CardError(
            f"its member {member.name} is not the file that it was made from; "
            "create the ensemble again: detection-model model ensemble --help"
        )
    raise CardError(f"its member {member.name} cannot answer: {slot.problem}")


def _serve(
    file: ModelPath, card: Card, members: tuple[ServedModel, ...], old: Slot | None
) -> ServedModel:
    if old is not None and old.served is not None and old.file.stamps == file.stamps:
        same = zip(old.served.members, members, strict=False)
        if len(old.served.members) == len(members) and all(a is b for a, b in same):
            return old.served
    sha256 = identity(card)
    return ServedModel(
        name=file.name,
        sha256=sha256,
        card=card,
        assumptions=[
            assumption.of_member(model.name)
            for model in members
            for assumption in model.assumptions
        ],
        evaluation=read_evaluation(file.evaluation, sha256),
        configured_threshold=read_eval_config(file.path).threshold,
        members=members,
    )
