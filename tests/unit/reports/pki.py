"""Authorities for tests: a signer's, a timestamp authority's that is independent, and one that lies as it is told.

``Pki.make()`` has everything; ``proved(pki, "b-lta")`` seals a small report at a level (``b-b``, ``b-b+dss``, ``b-lt``,
``b-lta``). Nothing here is a secret, nothing is shipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from inspection_service.clock import Clock
from inspection_service.reports.keys import FileSigner
from inspection_service.reports.own_authority import DOCUMENT_SIGNING
from inspection_service.reports.records import SealedReport
from inspection_service.reports.revocation import Revocation, TooSlow
from inspection_service.reports.seal import sign
from inspection_service.reports.sign_pdf import Proof
from inspection_service.reports.timestamps import TimestampAuthority
from inspection_service.testing import FakeClock
from tests.unit.reports.dossiers import SEALED_AT
from tests.unit.reports.small import small_document, small_draft

DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
LIFETIME = timedelta(days=3650)
Level = Literal["b-b", "b-b+dss", "b-lt", "b-lta"]
Lie = Literal[
    "nothing",
    "nonce",
    "no_nonce",
    "digest",
    "signature",
    "refused",
    "garbage",
    "clock",
    "purpose",
    "away",
    "slow",
]


@dataclass(frozen=True)
class Leaf:
    """A key with its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


class CertificateAuthority:
    """Issues certificates and revokes them."""

    def __init__(self, name: str, at: datetime, issuer: CertificateAuthority | None = None) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.at = at
        self.revoked: dict[int, datetime] = {}
        self._crls: dict[tuple[int, datetime | None], bytes] = {}
        above = issuer or self
        self.certificate = self._sign(
            above,
            self.name,
            self.key,
            at - timedelta(days=30),
            at + LIFETIME,
            [
                (x509.BasicConstraints(ca=True, path_length=None), True),
                (usage(key_cert_sign=True, crl_sign=True), True),
            ],
        )

    def issue(
        self,
        name: str,
        purposes: Sequence[x509.ObjectIdentifier],
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        is_critical: bool = False,
        crl_url: str | None = None,
        ocsp_url: str | None = None,
        is_ocsp_no_check: bool = False,
        public_key: ec.EllipticCurvePublicKey | None = None,
    ) -> Leaf:
        """Issue a certificate to sign with, for a new key or a given one."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(digital_signature=True, content_commitment=True), True),
            (x509.ExtendedKeyUsage(list(purposes)), is_critical),
        ]
        if crl_url is not None:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
            extensions.append((x509.CRLDistributionPoints([point]), False))
        if ocsp_url is not None:
            access = x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url)
            )
            extensions.append((x509.AuthorityInformationAccess([access]), False))
        if is_ocsp_no_check:
            extensions.append((x509.OCSPNoCheck(), False))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        start, end = not_before or self.at - timedelta(days=1), not_after or self.at + LIFETIME
        certificate = self._sign(self, subject, key, start, end, extensions, public_key=public_key)
        return Leaf(key, certificate)

    def revoke(self, certificate: x509.Certificate, at: datetime) -> None:
        """Put a certificate on the next list."""
        self.revoked[certificate.serial_number] = at

    def crl(self, *, until: datetime | None = None) -> bytes:
        """The list as it stands, DER; the same bytes until something changes."""
        known = self._crls.get((len(self.revoked), until))
        if known is not None:
            return known
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(self.at - timedelta(days=1))
            .next_update(until or self.at + LIFETIME)
            .add_extension(x509.CRLNumber(1 + len(self.revoked)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        for serial, when in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            builder = builder.add_revoked_certificate(entry.build())
        made = builder.sign(self.key, hashes.SHA256()).public_bytes(DER)
        self._crls[len(self.revoked), until] = made
        return made

    @staticmethod
    def _sign(
        issuer: CertificateAuthority,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        start: datetime,
        end: datetime,
        extensions: Sequence[tuple[x509.ExtensionType, bool]],
        *,
        public_key: ec.EllipticCurvePublicKey | None = None,
    ) -> x509.Certificate:
        public = public_key or key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
            )
        )
        for value, is_critical in extensions:
            builder = builder.add_extension(value, critical=is_critical)
        return builder.sign(issuer.key, hashes.SHA256())


def usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """Key usage with what is named and nothing else."""
    return x509.KeyUsage(
        digital_signature, content_commitment, False, False, False, key_cert_sign, crl_sign, False, False
    )


@dataclass
class FakeTsa:
    """A timestamp authority in memory that tells the truth unless told to lie; a ``Transport``."""

    leaf: Leaf
    others: Sequence[x509.Certificate]
    clock: Clock
    lie: Lie = "nothing"
    questions: int = 0

    def __call__(self, request: bytes) -> bytes:
        """Answer a ``TimeStampReq``."""
        self.questions += 1
        if self.lie == "away":
            raise OSError("connection refused")
        if self.lie == "slow":
            raise TooSlow("no answer in time")
        if self.lie == "garbage":
            return b"<html>502</html>"
        asked = tsp.TimeStampReq.load(request)
        if self.lie == "refused":
            return bytes.fromhex("30053003020102")  # status rejection, no token: asn1crypto cannot write it
        token = self.token(asked["message_imprint"]["hashed_message"].native, asked["nonce"].native)
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())

    def token(self, digest: bytes, nonce: int | None) -> cms.ContentInfo:
        """Make a token, with or without the lie."""
        at = self.clock.now() + (timedelta(days=400) if self.lie == "clock" else timedelta())
        info = tsp.TSTInfo(
            {
                "version": "v1",
                "policy": "1.3.6.1.4.1.99999.1",
                "message_imprint": {
                    "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                    "hashed_message": bytes(32) if self.lie == "digest" else digest,
                },
                "serial_number": int.from_bytes(hashlib.sha256(digest).digest()[:8], "big") >> 1,
                "gen_time": at.astimezone(UTC).replace(microsecond=0),
            }
        )
        if self.lie != "no_nonce" and nonce is not None:
            info["nonce"] = nonce + (1 if self.lie == "nonce" else 0)
        return self._signed(info)

    def _signed(self, info: tsp.TSTInfo) -> cms.ContentInfo:
        certificate = asn1_x509.Certificate.load(self.leaf.certificate.public_bytes(DER))
        fingerprint = self.leaf.certificate.fingerprint(hashes.SHA256())
        attributes = cms.CMSAttributes(
            [
                cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
                cms.CMSAttribute(
                    {"type": "message_digest", "values": [hashlib.sha256(info.dump()).digest()]}
                ),
                cms.CMSAttribute(
                    {
                        "type": "signing_certificate_v2",
                        "values": [tsp.SigningCertificateV2({"certs": [{"cert_hash": fingerprint}]})],
                    }
                ),
            ]
        )
        signature = self.leaf.key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
        if self.lie == "signature":
            signature = ec.generate_private_key(ec.SECP256R1()).sign(info.dump(), ec.ECDSA(hashes.SHA256()))
        certificates = [certificate, *(asn1_x509.Certificate.load(c.public_bytes(DER)) for c in self.others)]
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [{"algorithm": "sha256"}],
                "encap_content_info": {
                    "content_type": "tst_info",
                    "content": core.ParsableOctetString(info.dump()),
                },
                "certificates": sorted(certificates, key=lambda c: bytes(c.dump())),
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": {
                            "issuer_and_serial_number": {
                                "issuer": certificate.issuer,
                                "serial_number": certificate.serial_number,
                            }
                        },
                        "digest_algorithm": {"algorithm": "sha256"},
                        "signed_attrs": attributes,
                        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                        "signature": signature,
                    }
                ],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})


@dataclass
class Pki:
    """A signer's hierarchy, an independent timestamp authority, and one under the signer's own root."""

    clock: FakeClock
    root: CertificateAuthority
    issuing: CertificateAuthority
    signer_leaf: Leaf
    tsa_root: CertificateAuthority
    tsa: FakeTsa
    own_tsa: FakeTsa
    """Under the signer's root: "internal"."""
    more_roots: list[x509.Certificate] = field(default_factory=list)

    @classmethod
    def make(cls, at: datetime = SEALED_AT) -> Pki:
        """Make everything, valid around ``at``."""
        clock = FakeClock(at)
        root = CertificateAuthority("Test root", at)
        issuing = CertificateAuthority("Test issuing authority", at, root)
        tsa_root = CertificateAuthority("Independent time root", at)
        purposes = [DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]
        stamping = [ExtendedKeyUsageOID.TIME_STAMPING]
        return cls(
            clock,
            root,
            issuing,
            issuing.issue("Test report signer", purposes),
            tsa_root,
            FakeTsa(tsa_root.issue("Independent time", stamping, is_critical=True), (), clock),
            FakeTsa(issuing.issue("Own time", stamping, is_critical=True), (issuing.certificate,), clock),
        )

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """The signer's root, as ``--root`` would give it."""
        return (self.root.certificate,)

    @property
    def time_roots(self) -> tuple[x509.Certificate, ...]:
        """The root of the independent authority, as ``roots_file`` would give it."""
        return (self.tsa_root.certificate, *self.more_roots)

    def crls(self) -> tuple[bytes, ...]:
        """The lists of all three authorities."""
        return self.root.crl(), self.issuing.crl(), self.tsa_root.crl()

    def signer(self, leaf: Leaf | None = None) -> FileSigner:
        """The report signer, or another leaf of the issuing authority as signer."""
        used = leaf or self.signer_leaf
        chain = (used.certificate, self.issuing.certificate)
        return FileSigner(used.key, chain, self.root.certificate, (self.root.crl(), self.issuing.crl()))

    def authority(self, tsa: FakeTsa | None = None) -> TimestampAuthority:
        """The independent authority, or another, as the service sees it."""
        return TimestampAuthority(
            tsa or self.tsa,
            self.time_roots,
            own_root=self.root.certificate,
            revocation=Revocation(nobody, self.crls),
            clock=self.clock,
        )

    def proof(self, level: Level, tsa: FakeTsa | None = None) -> Proof:
        """What ``sign_pdf`` needs for a level."""
        chain = (self.signer_leaf.certificate, self.issuing.certificate, self.root.certificate)
        data = Revocation(nobody, self.crls).of(chain, self.clock.now())
        if level == "b-b":
            return Proof()
        if level == "b-b+dss":
            return Proof(data)
        return Proof(data, self.authority(tsa), is_archived=level == "b-lta")


def nobody(url: str, body: bytes | None) -> bytes:
    """A network nobody is on; a ``Fetch``."""
    raise OSError("no network in tests")


def proved(
    pki: Pki, level: Level, *, tsa: FakeTsa | None = None, inspection_id: str = "ins_small"
) -> SealedReport:
    """A small report sealed at a level."""
    signer = pki.signer()
    rendered = small_document(small_draft(signer, inspection_id=inspection_id))
    return sign(rendered, signer, pki.proof(level, tsa))
