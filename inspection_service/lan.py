"""HTTPS on the local network, so that a real phone lets the seller's page use its camera during development.

A browser gives the camera only to a secure page. A local certificate authority is made for this one address, bound
to it (RFC 5280, section 4.2.1.10), and its private key is never written: nobody, not even us, can ever issue a second
certificate with it. A plain page hands the authority's certificate to the phone and shows how to trust it.
"""

from __future__ import annotations

import ipaddress
import os
import plistlib
import socket
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from inspection_service.clock import Clock

VALID_DAYS: Final = 397
"""Apple's phones refuse server certificates that are valid for longer than 398 days."""
RENEW_BEFORE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class LanFiles:
    """What serving on the local network needs, and what a phone needs to trust it."""

    address: str
    certfile: Path
    keyfile: Path
    authority_crt: Path
    authority_mobileconfig: Path


def lan_address() -> str:
    """Return this machine's IPv4 address on the network that phones are on; 127.0.0.1 when there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address: choosing a route sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def prepare(folder: Path, address: str, clock: Clock) -> LanFiles:
    """Return certificates for this address, made now unless those of an earlier start still serve.

    Args:
        folder: Where they are kept; created with mode 0700.
        address: The IPv4 address phones will open.
        clock: Decides whether what is there has expired.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = LanFiles(
        address,
        folder / "server.pem",
        folder / "server.key",
        folder / "authority.crt",
        folder / "authority.mobileconfig",
    )
    if not _still_serves(files, clock):
        _make(files, clock)
    return files


def trust_page(files: LanFiles, seller_url: str) -> Starlette:
    """Return the plain HTTP page that hands the authority to a phone and leads on to the service.

    Args:
        files: The certificates in use.
        seller_url: Where to go once the phone trusts this machine.
    """

    def page(request: Request) -> Response:
        language = "fr" if request.headers.get("accept-language", "").lower().startswith("fr") else "en"
        return HTMLResponse(_page(language, seller_url))

    def crt(_: Request) -> Response:
        return FileResponse(files.authority_crt, media_type="application/x-x509-ca-cert")

    def mobileconfig(_: Request) -> Response:
        return FileResponse(files.authority_mobileconfig, media_type="application/x-apple-aspen-config")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/authority.crt", crt),
            Route("/authority.mobileconfig", mobileconfig),
        ]
    )


def _still_serves(files: LanFiles, clock: Clock) -> bool:
    if not all(
        p.is_file()
        for p in (files.certfile, files.keyfile, files.authority_crt, files.authority_mobileconfig)
    ):
        return False
    leaf = x509.load_pem_x509_certificate(files.certfile.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_same = ipaddress.ip_address(files.address) in names.get_values_for_type(x509.IPAddress)
    return is_same and leaf.not_valid_after_utc - clock.now() > timedelta(days=RENEW_BEFORE_DAYS)


def _make(files: LanFiles, clock: Clock) -> None:
    now = clock.now()
    until = now + timedelta(days=VALID_DAYS)
    address = ipaddress.ip_address(files.address)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(f"Inspection service, this machine only ({files.address})")
    only_here = x509.NameConstraints(
        permitted_subtrees=[x509.IPAddress(ipaddress.ip_network(f"{files.address}/32"))],
        excluded_subtrees=None,
    )
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(only_here, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _builder(_name(files.address), authority_name, leaf_key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(files.keyfile, key)
    _write(files.authority_crt, authority.public_bytes(serialization.Encoding.DER))
    _write(files.authority_mobileconfig, _mobileconfig(authority))
    _write(files.certfile, leaf.public_bytes(pem) + authority.public_bytes(pem))


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(until)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _mobileconfig(authority: x509.Certificate) -> bytes:
    """Wrap the certificate as an Apple configuration profile.

    Source: Apple, "Configuration Profile Reference", payload ``com.apple.security.root``.
    """
    certificate = authority.public_bytes(serialization.Encoding.DER)
    identity = uuid.uuid5(uuid.NAMESPACE_OID, certificate.hex())
    title = "Inspection service (this machine only)"
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"inspection-service.{identity}.root",
        "PayloadUUID": str(uuid.uuid5(identity, "root")),
        "PayloadDisplayName": title,
        "PayloadContent": certificate,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"inspection-service.{identity}",
        "PayloadUUID": str(identity),
        "PayloadDisplayName": title,
        "PayloadDescription": "Lets this phone open the inspection service on one address of your own network.",
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)


_TEXTS: Final = {
    "en": {
        "title": "Let this phone use its camera",
        "why": "Browsers give the camera only to secure pages. This machine makes its own certificate, "
        "valid for its own address and for nothing else.",
        "steps": (
            ("Download", "Tap the button for your phone and allow the download."),
            (
                "Trust",
                "iPhone: Settings › General › VPN & Device Management › Install; then General › About › "
                "Certificate Trust Settings › switch on. Android: Settings › Security › Encryption & credentials "
                "› Install a certificate › CA certificate.",
            ),
            ("Open", "Tap here to open the inspection."),
        ),
        "after": "When you are done, remove it in the same place.",
    },
    "fr": {
        "title": "Autoriser l’appareil photo de ce téléphone",
        "why": "Les navigateurs ne donnent l’appareil photo qu’aux pages sécurisées. Cette machine fabrique son propre "
        "certificat, valable pour sa seule adresse et rien d’autre.",
        "steps": (
            ("Télécharger", "Touchez le bouton de votre téléphone et autorisez le téléchargement."),
            (
                "Faire confiance",
                "iPhone : Réglages › Général › VPN et gestion de l’appareil › Installer ; puis Général › "
                "Informations › Réglages des certificats › activer. Android : Paramètres › Sécurité › Chiffrement "
                "et identifiants › Installer un certificat › Certificat CA.",
            ),
            ("Ouvrir", "Touchez ici pour ouvrir l’inspection."),
        ),
        "after": "Quand vous avez fini, supprimez-le au même endroit.",
    },
}

_PICTURES: Final = (
    '<path d="M32 10v26m-10-9 10 10 10-10M14 46v8h36v-8"/>',
    '<path d="M32 8 12 16v14c0 13 9 22 20 26 11-4 20-13 20-26V16z"/><path d="m22 32 7 7 13-14"/>',
    '<path d="M10 22h10l4-7h16l4 7h10v28H10z"/><circle cx="32" cy="35" r="9"/>',
)


def _page(language: str, seller_url: str) -> str:
    text = _TEXTS[language]
    links = (
        '<a class="b" href="/authority.mobileconfig">iPhone</a> <a class="b" href="/authority.crt">Android</a>',
        "",
        f'<a class="b" href="{seller_url}">{text["steps"][2][0]}</a>',
    )
    steps = "".join(
        f'<li><svg viewBox="0 0 64 64" aria-hidden="true">{picture}</svg><div><h2>{number}. {name}</h2>'
        f"<p>{what}</p>{link}</div></li>"
        for number, ((name, what), picture, link) in enumerate(
            zip(text["steps"], _PICTURES, links, strict=True), start=1
        )
    )
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{text['title']}</title><style>"
        "body{font:18px/1.5 system-ui,sans-serif;margin:0 auto;max-width:34em;padding:1.2em;color:#0b2545}"
        "h1{font-size:1.5em}h2{font-size:1.1em;margin:0}ol{list-style:none;padding:0}"
        "li{display:flex;gap:1em;border-top:2px solid #d5dde8;padding:1em 0}li p{margin:.2em 0 .8em}"
        "svg{width:56px;flex:none;fill:none;stroke:#0b5fff;stroke-width:4;stroke-linejoin:round}"
        ".b{display:inline-block;background:#0b5fff;color:#fff;padding:.8em 1.2em;border-radius:.6em;"
        "text-decoration:none;font-weight:700}"
        f"</style><h1>{text['title']}</h1><p>{text['why']}</p><ol>{steps}</ol><p>{text['after']}</p></html>"
    )
