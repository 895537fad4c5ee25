"""One spelling for every structure (X.690)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization

from inspection_service.reports.der import is_der
from inspection_service.reports.keys import FileSigner

pytestmark = pytest.mark.unit


def test_certificates_are_der(signer: FileSigner) -> None:
    """What the libraries write passes."""
    for certificate in signer.chain:
        assert is_der(certificate.public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize(
    ("clause", "text"),
    [
        ("empty", ""),
        ("cut off", "3003020101"[:8]),
        ("something after it", "02010100"),
        ("10.1 indefinite length", "30800201010000"),
        ("10.1 length not in the shortest form", "3081030201 01"),
        ("10.1 length with a leading zero", "308200030201 01"),
        ("10.2 constructed string", "240404020102"),
        ("8.9 primitive sequence", "10030201 01"),
        ("11.1 true is FF", "010101"),
        ("8.3.2 spare octet in an integer", "02020001"),
        ("8.3.2 spare octet in a negative integer", "0202ff80"),
        ("8.3.1 integer without content", "0200"),
        ("11.2.1 unused bits that are set", "03020101"),
        ("8.6.2.3 unused bits without content", "030101"),
        ("8.6.2.2 more than seven unused bits", "030208 00"),
        ("11.2.2 named bits that end with one that is not set", "03020208"),
        ("a signature with bits it does not use", "0309 01" + "0102030405060702"),
        ("8.8.2 null with content", "050100"),
        ("8.19.2 spare octet in an identifier", "06028001"),
        ("8.19.2 unfinished identifier", "060181"),
        ("11.8 time without Z", "170c323630313031303030303030"),
        ("11.7 generalized time with a fraction ending in 0", "1811" + b"20260101000000.0Z".hex()),
        ("11.6 set out of order", "3106020102020101"),
        ("not UTF-8", "0c01ff"),
        ("8.1.5 end of contents", "30050201010000"),
        ("high tag numbers", "1f8101 00"),
        ("a part longer than the whole", "3003020501"),
    ],
)
def test_other_spellings_are_refused(clause: str, text: str) -> None:
    """Each against its clause."""
    assert not is_der(bytes.fromhex(text)), clause


@pytest.mark.parametrize(
    "text",
    ["0500", "0101ff", "020100", "0202 0080", "0201ff", "030100", "03020780", "03020106", "03020560", "06032a864a",
     "3106020101020102", "170d" + b"260101000000Z".hex(), "a003020101", "0c02c3a9", "3000"],
)  # fmt: skip
def test_the_right_spelling_passes(text: str) -> None:
    """Minimal values of each type."""
    assert is_der(bytes.fromhex(text))


def test_endless_nesting_ends() -> None:
    """Deeper than any certificate."""
    data = b""
    for _ in range(60):
        data = bytes([0x30, len(data)]) + data if len(data) < 0x80 else data
    assert not is_der(data)
