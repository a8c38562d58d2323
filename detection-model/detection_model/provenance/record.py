"""The provenance record of a file, its sentences, and the one line that sums it up."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, Field

# text: PNG text chunks and comments; pixels: text in their lowest bits; trailer: data behind the
# picture.
Source = Literal["c2pa", "xmp", "iptc", "exif", "text", "pixels", "trailer"]
Trust = Literal["trusted", "unknown_signer", "unverified", "broken", "none"]
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
    by: str | None = Field(None, description="the product that the file names")
    earlier: bool = Field(False, description="from credentials that the active ones build on")
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


class Capture(NamedTuple):
    """A statement that a camera took the picture."""

    by: str | None
    source: Source
    earlier: bool = False
    signature: CredentialState | None = None


class Statement(BaseModel):
    """A file's own statement of its origin in one line, apart from any model.

    The strongest claim counts: generated, edited with AI, camera. trust: of the claim, or of the
    credentials where there is no claim; trusted and unknown_signer: signed and unchanged since;
    unverified: metadata that anyone can write; broken: changed after signing; none: no statement.
    """

    claim: Literal["none", "camera", "edited_with_ai", "generated"] = "none"
    by: str | None = Field(None, description="product or camera that the file names")
    where: Source | None = None
    earlier: bool = Field(False, description="from earlier credentials, of a previous version")
    trust: Trust = "none"
    message: str = "The file does not say how it was made."


# picture: a further one; thumbnail: one that shows something else than the picture.
AttachmentKind = Literal["archive", "video", "picture", "gain_map", "thumbnail", "unknown"]


class Attachment(BaseModel):
    """Data in the file besides the picture, which no model sees."""

    kind: AttachmentKind
    size_bytes: int


class Provenance(BaseModel):
    """The provenance record of a file."""

    statement: Statement
    says_generated: bool = Field(description="true if there is any claim; independent of any model")
    claims: list[Claim]
    credentials: Credentials
    entries: list[Entry]
    masked: int = Field(description="number of entries whose value is hidden as personal")
    problems: list[str] = Field(description="metadata that could not be read")
    attachments: list[Attachment] = Field([], description="data besides the picture")


# A test of the service compares these texts with the page's English.
STATE_TEXTS: dict[CredentialState, str] = {
    "trusted": "Valid, trusted signer",
    "unknown_signer": "Valid, unknown signer",
    "invalid": "Invalid",
    "none": "None",
    "not_checked": "Not checked",
}
SIGNATURE_TEXTS: dict[CredentialState, str] = {
    "trusted": "signed by a trusted signer and unchanged since.",
    "unknown_signer": "signed by an unknown signer and unchanged since.",
    "invalid": "the signature is invalid.",
    "none": "not signed.",
    "not_checked": "the signature was not checked.",
}


def claim_text(claim: Claim) -> str:
    """A declaration of generation as a phrase."""
    extent = "generated" if claim.extent == "whole" else "generated in part"
    extent += ", says an earlier credential" if claim.earlier else ""
    signed = f": {SIGNATURE_TEXTS[claim.signature]}" if claim.signature else ""
    return f"{extent}: {claim.says} in {claim.source.upper()} {claim.field}{signed}"


def credentials_text(credentials: Credentials) -> str:
    """The state of the credentials, and their origin, as a phrase."""
    unsure = "" if credentials.state == "trusted" else " (this name is not verified)"
    parts = [
        f"signer: {credentials.signer}{unsure}" if credentials.signer else "",
        f"name: {credentials.signer_name}" if credentials.signer_name else "",
        f"by: {credentials.generator}" if credentials.generator else "",
        f"at: {credentials.signed_at}" if credentials.signed_at else "",
        f"failed: {', '.join(credentials.problems)}" if credentials.problems else "",
        credentials.reason or "",
    ]
    return "; ".join([STATE_TEXTS[credentials.state], *filter(None, parts)])


_ATTACHMENTS: dict[AttachmentKind, str] = {
    "archive": "an archive behind the picture",
    "video": "a video behind the picture",
    "picture": "a further picture",
    "gain_map": "a brightness map for HDR screens",
    "thumbnail": "a thumbnail that shows something else",
    "unknown": "data of an unknown kind behind the picture",
}


def attachment_text(attachment: Attachment) -> str:
    """An attachment as a phrase."""
    return f"{_ATTACHMENTS[attachment.kind]} ({attachment.size_bytes:,} bytes)"


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
