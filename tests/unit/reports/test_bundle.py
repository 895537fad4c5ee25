"""A bundle holds what its signed list names, and nothing else can be put into one."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from inspection_service.reports.bundle import (
    MEMBER,
    BundleWriter,
    Member,
    bundle_list,
    correction_member,
    photo_member,
    read_bundle_list,
)
from inspection_service.reports.canonical import canonical_bytes
from inspection_service.reports.keys import FileSigner
from tests.unit.reports.dossiers import SEALED_AT

pytestmark = pytest.mark.unit


def test_members_are_streamed_and_listed(signer: FileSigner) -> None:
    """Each comes out as it goes in; the list is the last and names all others by hash and size."""
    writer = BundleWriter(signer, SEALED_AT)
    given = {
        "report.json": b"{}",
        "photos/cap_1.jpg": b"\xff\xd8" * 5000,
        correction_member(7, "json"): b"[]",
    }
    pieces = [writer.add(name, data) for name, data in given.items()]
    assert len(pieces[1]) >= 10_000, "sent as soon as it was given"
    data = b"".join([*pieces, writer.close()])
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        assert bundle.testzip() is None
        assert bundle.namelist() == [*given, "bundle.json", "bundle.jws"]
        assert {name: bundle.read(name) for name in given} == given
        made_at, members = read_bundle_list(bundle.read("bundle.json"))
    assert made_at == "2026-11-22T10:00:00.000Z"
    assert {m.name: (m.sha256, m.size) for m in members} == {
        name: (hashlib.sha256(one).hexdigest(), len(one)) for name, one in given.items()
    }


@pytest.mark.parametrize(
    "name",
    [
        "../report.pdf",
        "report.exe",
        "photos/../x.jpg",
        "photos/a/b.jpg",
        "corrections/1.json",
        "/report.pdf",
        "",
    ],
)
def test_nothing_else_can_be_put_into_one(signer: FileSigner, name: str) -> None:
    """Names that lead elsewhere or mean nothing; the same name twice."""
    writer = BundleWriter(signer, SEALED_AT)
    with pytest.raises(ValueError, match="does not belong"):
        writer.add(name, b"")
    writer.add("report.json", b"")
    with pytest.raises(ValueError, match="does not belong"):
        writer.add("report.json", b"")


def test_names_of_members_are_those_of_the_format() -> None:
    """Whatever kind of photo a phone sent."""
    for media_type in ("image/jpeg", "image/heic", "image/strange"):
        assert MEMBER.fullmatch(photo_member("0b1e-5_x", media_type))
    assert correction_member(12, "jws") == "corrections/012.jws"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"v": 1}',
        canonical_bytes({"v": 2, "made_at": "x", "members": []}),
        canonical_bytes({"v": 1, "made_at": 1, "members": []}),
        canonical_bytes({"v": 1, "made_at": "x", "members": {}}),
        canonical_bytes({"v": 1, "made_at": "x", "members": [{"name": "report.json"}]}),
        bundle_list([Member("bundle.json", "0" * 64, 1)], SEALED_AT),
        bundle_list([Member("evil.sh", "0" * 64, 1)], SEALED_AT),
        bundle_list([Member("report.json", "0" * 64, 1)] * 2, SEALED_AT),
    ],
)
def test_a_damaged_list_is_refused(data: bytes) -> None:
    """Not canonical, another version, a name that does not belong, a name twice."""
    with pytest.raises(ValueError, match="list of the bundle"):
        read_bundle_list(data)
