"""Sums up in one line what a file says about its origin."""

from collections.abc import Sequence

from detection_model.provenance.record import (
    Capture,
    Claim,
    Credentials,
    CredentialState,
    Statement,
    Trust,
)

_TRUST: dict[CredentialState | None, Trust] = {
    "trusted": "trusted",
    "unknown_signer": "unknown_signer",
    "invalid": "broken",
    "not_checked": "unverified",
    "none": "none",
    None: "unverified",
}
# The best first.
_RANKS: tuple[Trust, ...] = ("trusted", "unknown_signer", "unverified", "broken", "none")
# A test of the service compares these texts with the page's English.
CLAIM_TEXTS = {
    "none": "The file does not say how it was made.",
    "camera": "The file says that a camera took it.",
    "edited_with_ai": "The file says that it was edited with AI.",
    "generated": "The file says that it was generated.",
}
EARLIER_TEXT = "Credentials of an earlier version say so."
TRUST_TEXTS: dict[Trust, str] = {
    "trusted": "Signed by a trusted signer, and unchanged since.",
    "unknown_signer": "Signed and unchanged since, but the signer's name is not verified.",
    "unverified": "Not signed: anyone can write this.",
    "broken": "The signature is broken: the file or the statement was changed after signing.",
    "none": "",
}


def sum_up(
    claims: Sequence[Claim], captures: Sequence[Capture], credentials: Credentials
) -> Statement:
    """The statement of a file: its strongest claim, on the best basis that it has."""
    for name, extent in (("generated", "whole"), ("edited_with_ai", "part")):
        same = [claim for claim in claims if claim.extent == extent]
        if same:
            best = min(same, key=lambda claim: (_rank(claim.signature), claim.earlier))
            plain = (c.by for c in claims if c.by and c.signature is best.signature)
            return _statement(name, best, best.by or next(plain, None))
    if captures:
        capture = min(captures, key=lambda capture: _rank(capture.signature))
        return _statement("camera", capture, capture.by)
    trust = _TRUST[credentials.state]
    if trust == "none":
        return Statement()
    basis = TRUST_TEXTS[trust]
    if credentials.state == "not_checked":
        basis = credentials.reason or ""
    return Statement(
        by=credentials.generator,
        where="c2pa",
        trust=trust,
        message=_message("none", credentials.generator, basis),
    )


def _rank(state: CredentialState | None) -> int:
    return _RANKS.index(_TRUST[state])


def _statement(name: str, source: Claim | Capture, by: str | None) -> Statement:
    trust = _TRUST[source.signature]
    basis = TRUST_TEXTS[trust]
    if source.earlier:
        basis = f"{EARLIER_TEXT} {basis}"
    return Statement.model_validate(
        {
            "claim": name,
            "by": by,
            "where": source.source,
            "earlier": source.earlier,
            "trust": trust,
            "message": _message(name, by, basis),
        }
    )


def _message(claim: str, by: str | None, basis: str) -> str:
    names = f" It names {by}." if by else ""
    return f"{CLAIM_TEXTS[claim]}{names} {basis}".strip()
