"""C2PA content credentials, validated by the Coalition's own library. Needs c2pa-python.

Specification: https://spec.c2pa.org. Nothing is downloaded: no remote manifests and no lists of
revoked certificates.
"""

import io
import json
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from detection_model.provenance import generators
from detection_model.provenance.generators import source_type
from detection_model.provenance.record import (
    Action,
    Capture,
    Claim,
    Credentials,
    CredentialState,
)

_MAX_ITEMS = 100
_MAX_CHARACTERS = 200
_STATES = {"Trusted": "trusted", "Valid": "unknown_signer", "Invalid": "invalid"}
# Most nodes of an assertion, and manifests of a file, that are read.
_MAX_NODES = 20_000
_MAX_MANIFESTS = 200
# With a generator's source type, other actions change a part of the picture.
_WHOLE = ("c2pa.created", "c2pa.opened", "c2pa.converted", "c2pa.metadata")
_TRUSTED, _UNTRUSTED = "signingCredential.trusted", "signingCredential.untrusted"
# The best first.
_ORDER: tuple[CredentialState, ...] = ("trusted", "unknown_signer", "invalid")
_SETTINGS = {
    "version": 1,
    "core": {"allowed_network_hosts": [], "max_decompressed_manifest_size_in_mb": 16},
    "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


class Signed(NamedTuple):
    """Credentials, and the claims about the origin in them and in their ingredients."""

    credentials: Credentials
    claims: list[Claim]
    captures: list[Capture]


def unsigned(state: CredentialState, reason: str | None = None) -> Signed:
    """Credentials without claims."""
    return Signed(Credentials(state=state, reason=reason), [], [])


def read_credentials(data: bytes, *, anchors: str | None = None, personal: bool = False) -> Signed:
    """Read and validate the credentials of a file that `imaging.decode` accepts.

    Args:
        data: the file.
        anchors: PEM certificates of trusted signers, such as the C2PA trust list.
        personal: include the name in the signer's certificate.

    Raises:
        ValueError: the anchors are not PEM certificates.
    """
    try:
        import c2pa
    except (ImportError, OSError):  # no package, or no native library for this platform
        return unsigned(
            "not_checked", "c2pa-python is not installed: install detection-model[provenance]."
        )
    trust = {"trust": {"user_anchors": anchors}} if anchors else {}
    # The library would accept any word as a certificate's hash.
    bad_anchors = ValueError("the trust anchors are not PEM certificates")
    if anchors and "BEGIN CERTIFICATE" not in anchors:
        raise bad_anchors
    try:
        context = c2pa.Context.from_dict({**_SETTINGS, **trust})
    except c2pa.C2paError:
        raise bad_anchors from None
    try:
        with context, c2pa.Reader(None, io.BytesIO(data), context=context) as reader:
            store: dict[str, Any] = json.loads(reader.json())
    except (c2pa.C2paError, RecursionError) as error:
        return _unreadable(error, data)
    credentials = _record(store, personal)
    claims, captures = _statements(store, credentials)
    return Signed(credentials, claims, captures)


def _unreadable(error: Exception, data: bytes) -> Signed:
    kind = type(error).__name__
    if "ManifestNotFound" in kind:
        return unsigned("none")
    if "remote" in f"{kind} {error}".lower():
        return unsigned(
            "not_checked", "The credentials are on another server, which is not contacted."
        )
    # JUMBF boxes with credentials start with these bytes.
    if b"jumb" in data and b"c2pa" in data:
        return unsigned("invalid", "The credentials are damaged.")
    return unsigned("none")


def _record(store: dict[str, Any], personal: bool) -> Credentials:
    manifests = store.get("manifests", {})
    active = manifests.get(store.get("active_manifest"), {})
    signature = active.get("signature_info") or {}
    return Credentials(
        state=_STATES.get(store.get("validation_state", ""), "invalid"),
        signer=_short(signature.get("issuer")),
        signer_name=_short(signature.get("common_name")) if personal else None,
        signed_at=_short(signature.get("time")),
        generator=_generator(active),
        actions=_actions(active),
        ingredients=len(active.get("ingredients") or ()),
        problems=_problems(store.get("validation_results") or {}),
    )


def _problems(results: dict[str, Any]) -> list[str]:
    """Failure codes of these credentials and of their ingredients."""
    deltas = results.get("ingredientDeltas") or []
    parts = [results.get("activeManifest"), *(delta.get("validationDeltas") for delta in deltas)]
    failures = [failure for part in parts if part for failure in part.get("failure") or []]
    codes = dict.fromkeys(str(failure.get("code")) for failure in failures)
    return [code for code in codes if code != _UNTRUSTED][:_MAX_ITEMS]


def _generator(manifest: dict[str, Any]) -> str | None:
    infos = manifest.get("claim_generator_info") or []
    names = [f"{info.get('name', '')} {info.get('version', '')}".strip() for info in infos]
    return _short(", ".join(names) or manifest.get("claim_generator"))


def _actions(manifest: dict[str, Any]) -> list[Action]:
    actions: list[dict[str, Any]] = []
    for assertion in manifest.get("assertions") or []:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            actions += (assertion.get("data") or {}).get("actions") or []
    return [_action(action) for action in actions[:_MAX_ITEMS]]


def _action(action: dict[str, Any]) -> Action:
    kind = action.get("digitalSourceType")
    return Action(
        action=str(action.get("action"))[:_MAX_CHARACTERS],
        software=_agent(action),
        source_type=_short(source_type(str(kind))) if kind else None,
    )


def _statements(
    store: dict[str, Any], credentials: Credentials
) -> tuple[list[Claim], list[Capture]]:
    """Claims of generation and of a camera, from the active manifest and all that it builds on."""
    claims: list[Claim] = []
    captures: list[Capture] = []
    for manifest, earlier, part, state in _manifests(store, credentials.state):
        for value in _source_types(manifest):
            by = value.software or _generator(manifest)
            extent = generators.extent(value.text)
            if extent:
                is_action = value.owner.startswith("c2pa.")
                whole = not part and (not is_action or value.owner in _WHOLE)
                claims.append(
                    Claim(
                        source="c2pa",
                        field=value.owner,
                        says=source_type(value.text)[:_MAX_CHARACTERS],
                        extent=extent if whole else "part",
                        by=by,
                        earlier=earlier,
                        signature=state,
                    )
                )
            elif generators.is_capture(value.text) and not part:
                captures.append(Capture(by, "c2pa", earlier, state))
    return claims[:_MAX_ITEMS], captures[:_MAX_ITEMS]


class _Manifest(NamedTuple):
    """A manifest, how it became part of the picture, and the worst state on the way to it."""

    content: dict[str, Any]
    earlier: bool
    part: bool
    state: CredentialState


def _manifests(store: dict[str, Any], state: CredentialState) -> Iterator[_Manifest]:
    """The active manifest and its ingredients to any depth, each once."""
    manifests = store.get("manifests") or {}
    results = store.get("validation_results") or {}
    deltas = [delta.get("validationDeltas") for delta in results.get("ingredientDeltas") or []]
    queue = deque([(str(store.get("active_manifest")), False, False, state)])
    visited: set[str] = set()
    while queue and len(visited) < _MAX_MANIFESTS:
        label, earlier, part, state = queue.popleft()
        manifest = manifests.get(label)
        if not manifest or label in visited:
            continue
        visited.add(label)
        yield _Manifest(manifest, earlier, part, state)
        for ingredient in manifest.get("ingredients") or []:
            ingredient_state = _ingredient_state(ingredient, deltas)
            queue.append(
                (
                    str(ingredient.get("active_manifest")),
                    True,
                    part or ingredient.get("relationship") != "parentOf",
                    max(state, ingredient_state, key=_ORDER.index),
                )
            )


def _ingredient_state(
    ingredient: dict[str, Any], deltas: list[dict[str, Any] | None]
) -> CredentialState:
    """State of an ingredient's signature.

    The results of the time when it was added are in the ingredient; the deltas hold what differs
    now.
    """
    label = str(ingredient.get("active_manifest"))
    recorded = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
    failures = _codes(recorded, "failure") | {
        str(status.get("code")) for status in ingredient.get("validation_status") or []
    }
    trusted = _TRUSTED in _codes(recorded, "success")
    for delta in deltas:
        now = _codes(delta or {}, "failure", label)
        failures |= now
        trusted = (trusted or _TRUSTED in _codes(delta or {}, "success", label)) and (
            _UNTRUSTED not in now
        )
    if failures - {_UNTRUSTED}:
        return "invalid"
    return "trusted" if trusted else "unknown_signer"


def _codes(results: dict[str, Any], kind: str, label: str = "") -> set[str]:
    """Codes of validation results, of one manifest if its label is given."""
    items = results.get(kind) or []
    return {str(item.get("code")) for item in items if label in str(item.get("url"))}


class _SourceType(NamedTuple):
    """A digital source type in an action or another assertion, with the action's software."""

    owner: str
    text: str
    software: str | None


def _source_types(manifest: dict[str, Any]) -> Iterator[_SourceType]:
    """All source types of a manifest.

    They are in actions, their parameters (`com.adobe.digitalSourceType`) and templates, in IPTC
    metadata and in schema.org's CreativeWork.
    """
    for assertion in manifest.get("assertions") or []:
        label = str(assertion.get("label", ""))[:_MAX_CHARACTERS]
        queue: deque[tuple[str, str | None, str, Any]] = deque()
        queue.append((label, None, "", assertion.get("data")))
        for _ in range(_MAX_NODES):  # no recursion: it may be nested deeply
            if not queue:
                break
            owner, software, name, node = queue.popleft()
            if isinstance(node, dict):
                if "action" in node:
                    owner, software = str(node["action"])[:_MAX_CHARACTERS], _agent(node)
                queue.extend((owner, software, key, value) for key, value in node.items())
            elif isinstance(node, list):
                queue.extend((owner, software, name, value) for value in node[:_MAX_NODES])
            elif isinstance(node, str) and generators.is_source_type(name):
                yield _SourceType(owner, node, software)


def _agent(action: dict[str, Any]) -> str | None:
    agent = action.get("softwareAgent")
    return _short(agent.get("name") if isinstance(agent, dict) else agent)


def _short(text: object) -> str | None:
    return str(text)[:_MAX_CHARACTERS] if text else None
