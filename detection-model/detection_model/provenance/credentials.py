"""C2PA content credentials, validated by the Coalition's own library. Needs c2pa-python.

Specification: https://spec.c2pa.org. Nothing is downloaded: no remote manifests and no lists of
revoked certificates.
"""

import io
import json
from typing import Any

from detection_model.provenance.generators import source_type
from detection_model.provenance.record import Action, Credentials

_MAX_ITEMS = 100
_MAX_CHARACTERS = 200
_STATES = {"Trusted": "trusted", "Valid": "unknown_signer", "Invalid": "invalid"}
_UNTRUSTED = "signingCredential.untrusted"
_SETTINGS = {
    "version": 1,
    "core": {"allowed_network_hosts": [], "max_decompressed_manifest_size_in_mb": 16},
    "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


def read_credentials(
    data: bytes, *, anchors: str | None = None, personal: bool = False
) -> Credentials:
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
        return Credentials(
            state="not_checked",
            reason="c2pa-python is not installed: install detection-model[provenance].",
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
    except c2pa.C2paError as error:
        return _unreadable(error, data)
    return _record(store, personal)


def _unreadable(error: Exception, data: bytes) -> Credentials:
    kind = type(error).__name__
    if "ManifestNotFound" in kind:
        return Credentials(state="none")
    if "remote" in f"{kind} {error}".lower():
        return Credentials(
            state="not_checked",
            reason="The credentials are on another server, which is not contacted.",
        )
    # JUMBF boxes with credentials start with these bytes.
    if b"jumb" in data and b"c2pa" in data:
        return Credentials(state="invalid", reason="The credentials are damaged.")
    return Credentials(state="none")


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
    agent = action.get("softwareAgent")
    kind = action.get("digitalSourceType")
    return Action(
        action=str(action.get("action"))[:_MAX_CHARACTERS],
        software=_short(agent.get("name") if isinstance(agent, dict) else agent),
        source_type=_short(source_type(str(kind))) if kind else None,
    )


def _short(text: object) -> str | None:
    return str(text)[:_MAX_CHARACTERS] if text else None
