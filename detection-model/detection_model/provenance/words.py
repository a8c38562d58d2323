"""What a file says of itself, in words."""

from detection_model.provenance.record import Claim, Credentials, CredentialState

_STATES: dict[CredentialState, str] = {
    "trusted": "signed by a trusted signer, unchanged since",
    "unknown_signer": "signed and unchanged since, but nobody vouches for the signer",
    "invalid": "INVALID: changed after signing, or not signed rightly",
    "none": "none",
    "not_checked": "not checked",
}


def claim(found: Claim) -> str:
    """How much of it is generated, says what, and where."""
    how = "generated" if found.extent == "whole" else "generated in part"
    signed = f", credentials: {_STATES[found.signature]}" if found.signature else ""
    return f"{how}: {found.says} in {found.source.upper()} {found.field}{signed}"


def credentials(found: Credentials) -> str:
    """What the credentials are worth, and who made them."""
    parts = [
        f"signer: {found.signer}" if found.signer else "",
        f"name: {found.signer_name}" if found.signer_name else "",
        f"by: {found.generator}" if found.generator else "",
        f"at: {found.signed_at}" if found.signed_at else "",
        f"failed: {', '.join(found.problems)}" if found.problems else "",
        found.reason or "",
    ]
    return "; ".join([_STATES[found.state], *filter(None, parts)])
