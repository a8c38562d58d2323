"""The provenance record of a file, and its sentences."""

from typing import Literal

from pydantic import BaseModel, Field

Source = Literal["c2pa", "xmp", "iptc", "exif", "text"]
CredentialState = Literal["trusted", "unknown_signer", "invalid", "none", "not_checked"]


class Entry(BaseModel):
    """One field of the metadata."""

    source: Source
    name: str
    value: str | None = Field(description="none: personal, and masked")
    cut: bool = Field(False, description="the value is longer than what is shown")


class Claim(BaseModel):
    """A place where the file says that it was generated, wholly or in part."""

    source: Source
    field: str
    says: str
    extent: Literal["whole", "part"]
    signature: CredentialState | None = Field(
        None,
        description="of the credentials that say so; none: plain metadata, which anyone writes",
    )


class Action(BaseModel):
    """What was done to the picture, as its credentials tell."""

    action: str
    software: str | None
    source_type: str | None = Field(description="IPTC digital source type")


class Credentials(BaseModel):
    """C2PA content credentials.

    trusted: signed by someone on the given trust list, and unchanged since; unknown_signer: the
    same, but nobody vouches for the signer; invalid: the picture or the credentials were changed
    after signing, or the signature is none; none: the file has none; not_checked: see `reason`.
    """

    state: CredentialState
    reason: str | None = None
    signer: str | None = Field(None, description="organisation named in the certificate")
    signer_name: str | None = Field(None, description="name in it; none unless personal is asked")
    signed_at: str | None = Field(None, description="by the signature's time stamp")
    generator: str | None = Field(None, description="software that made the credentials")
    actions: list[Action] = []
    ingredients: int = Field(0, description="earlier credentials that these build upon")
    problems: list[str] = Field([], description="the specification's codes of what failed")


class Provenance(BaseModel):
    """All that a file says of itself."""

    says_generated: bool = Field(description="one of `claims` at least; apart from any model")
    claims: list[Claim]
    credentials: Credentials
    entries: list[Entry]
    masked: int = Field(description="entries whose value is personal and not shown")
    problems: list[str] = Field(description="what could not be read")


_STATES: dict[CredentialState, str] = {
    "trusted": "signed by a trusted signer, unchanged since",
    "unknown_signer": "signed and unchanged since, but nobody vouches for the signer",
    "invalid": "INVALID: changed after signing, or not signed rightly",
    "none": "none",
    "not_checked": "not checked",
}


def claim_text(claim: Claim) -> str:
    """How much of it is generated, says what, and where."""
    how = "generated" if claim.extent == "whole" else "generated in part"
    signed = f", credentials: {_STATES[claim.signature]}" if claim.signature else ""
    return f"{how}: {claim.says} in {claim.source.upper()} {claim.field}{signed}"


def credentials_text(credentials: Credentials) -> str:
    """What the credentials are worth, and who made them."""
    parts = [
        f"signer: {credentials.signer}" if credentials.signer else "",
        f"name: {credentials.signer_name}" if credentials.signer_name else "",
        f"by: {credentials.generator}" if credentials.generator else "",
        f"at: {credentials.signed_at}" if credentials.signed_at else "",
        f"failed: {', '.join(credentials.problems)}" if credentials.problems else "",
        credentials.reason or "",
    ]
    return "; ".join([_STATES[credentials.state], *filter(None, parts)])
