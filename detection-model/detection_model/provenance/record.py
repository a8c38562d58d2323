"""The provenance record of a file, and its sentences."""

from typing import Literal

from pydantic import BaseModel, Field

Source = Literal["c2pa", "xmp", "iptc", "exif", "text"]
CredentialState = Literal["trusted", "unknown_signer", "invalid", "none", "not_checked"]


class Entry(BaseModel):
    """One field of the metadata."""

    source: Source
    name: str
    value: str | None = Field(description="null: personal, and hidden")
    cut: bool = Field(False, description="true if the value was cut")


class Claim(BaseModel):
    """A field that declares the image generated, wholly or in part."""

    source: Source
    field: str
    says: str
    extent: Literal["whole", "part"]
    signature: CredentialState | None = Field(
        None,
        description="of the declaring credentials; null: plain metadata, which anyone can write",
    )


class Action(BaseModel):
    """An edit of the image, from its credentials."""

    action: str
    software: str | None
    source_type: str | None = Field(description="IPTC digital source type")


class Credentials(BaseModel):
    """C2PA content credentials.

    trusted: signed by a signer on the trust list, and unchanged; unknown_signer: signed and
    unchanged, but the signer is not on the trust list; invalid: changed after signing, or the
    signature is invalid; none: the file has no credentials; not_checked: see `reason`.
    """

    state: CredentialState
    reason: str | None = None
    signer: str | None = Field(None, description="organisation in the certificate")
    signer_name: str | None = Field(
        None, description="name in the certificate; null unless personal data is requested"
    )
    signed_at: str | None = Field(None, description="time stamp of the signature")
    generator: str | None = Field(None, description="software that wrote the credentials")
    actions: list[Action] = []
    ingredients: int = Field(0, description="number of earlier credentials that these build on")
    problems: list[str] = Field([], description="failure codes of the C2PA specification")


class Provenance(BaseModel):
    """The provenance record of a file."""

    says_generated: bool = Field(description="true if there is any claim; independent of any model")
    claims: list[Claim]
    credentials: Credentials
    entries: list[Entry]
    masked: int = Field(description="number of entries whose value is hidden as personal")
    problems: list[str] = Field(description="metadata that could not be read")


_STATES: dict[CredentialState, str] = {
    "trusted": "signed by a trusted signer, unchanged since",
    "unknown_signer": "signed and unchanged since, but the signer is not on a trust list",
    "invalid": "INVALID: changed after signing, or the signature is wrong",
    "none": "none",
    "not_checked": "not checked",
}


def claim_text(claim: Claim) -> str:
    """A declaration of generation as a phrase."""
    how = "generated" if claim.extent == "whole" else "generated in part"
    signed = f", credentials: {_STATES[claim.signature]}" if claim.signature else ""
    return f"{how}: {claim.says} in {claim.source.upper()} {claim.field}{signed}"


def credentials_text(credentials: Credentials) -> str:
    """The state of the credentials, and their origin, as a phrase."""
    parts = [
        f"signer: {credentials.signer}" if credentials.signer else "",
        f"name: {credentials.signer_name}" if credentials.signer_name else "",
        f"by: {credentials.generator}" if credentials.generator else "",
        f"at: {credentials.signed_at}" if credentials.signed_at else "",
        f"failed: {', '.join(credentials.problems)}" if credentials.problems else "",
        credentials.reason or "",
    ]
    return "; ".join([_STATES[credentials.state], *filter(None, parts)])
