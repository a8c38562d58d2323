"""A certificate authority for tests that signs pictures with C2PA credentials (ES256)."""

import datetime
import io
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
# The id by which actions refer to an ingredient.
EARLIER = "xmp:iid:earlier"
_UNUSED = (
    "content_commitment key_encipherment data_encipherment key_agreement encipher_only "
    "decipher_only"
)


class Authority:
    """A root certificate, and a signer whose certificate it signed."""

    def __init__(self, organisation: str = "Test Press") -> None:
        root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _certificate("Test Root", "Test Root", root_key, root_key, authority=True)
        leaf = _certificate(
            "Jane Roe", "Test Root", key, root_key, authority=False, organisation=organisation
        )
        self.root = _pem(root).decode()
        self._chain = _pem(leaf) + _pem(root)
        self._key = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(
        self,
        data: bytes,
        mime: str = "image/jpeg",
        *,
        source_type: str = "trainedAlgorithmicMedia",
        remote: str | None = None,
        assertions: dict[str, Any] | None = None,
        ingredients: dict[str, bytes] | None = None,
    ) -> bytes:
        """Sign the file with credentials that state how it was made.

        `assertions` replace that on the source type; `ingredients` are JPEG files by their
        relationship, such as parentOf.
        """
        creation = {
            "action": "c2pa.created",
            "digitalSourceType": SOURCE_TYPE + source_type,
            "softwareAgent": {"name": "Painter"},
        }
        manifest: dict[str, Any] = {
            "claim_generator_info": [{"name": "Paint Shop", "version": "7"}],
            "title": "Jane Roe at home.jpg",
            "assertions": [
                {"label": label, "data": data}
                for label, data in (assertions or {"c2pa.actions": {"actions": [creation]}}).items()
            ],
        }
        info = c2pa.C2paSignerInfo(
            alg=b"es256", sign_cert=self._chain, private_key=self._key, ta_url=None
        )
        signed = io.BytesIO()
        settings = {"version": 1, "builder": {"thumbnail": {"enabled": False}}}
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(manifest, context) as builder,
        ):
            for relationship, ingredient in (ingredients or {}).items():
                about = {"instance_id": EARLIER, "relationship": relationship}
                builder.add_ingredient(
                    {"title": "earlier.jpg", **about}, "image/jpeg", io.BytesIO(ingredient)
                )
            if remote:
                builder.set_no_embed()
                builder.set_remote_url(remote)
            builder.sign(signer, mime, io.BytesIO(data), signed)
        return signed.getvalue()


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    organisation: str = "Test Press",
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    usage = dict.fromkeys(_UNUSED.split(), False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject, organisation))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(common: str, organisation: str = "Test Press") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
