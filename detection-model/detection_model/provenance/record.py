"""What is reported of a file's provenance."""

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
