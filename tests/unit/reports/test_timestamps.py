"""The timestamp authority: believed when it tells the truth, waited for when it does not, never pretended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from inspection_service.reports.der import is_der
from inspection_service.reports.errors import SealingMustWait, WaitReason
from inspection_service.reports.revocation import Revocation
from inspection_service.reports.timestamps import TimestampAuthority
from tests.unit.reports.pki import FakeTsa, Lie, Pki, nobody, proved

pytestmark = pytest.mark.unit
DIGEST = bytes(range(32))


@pytest.fixture(scope="module")
def pki() -> Pki:
    """Authorities; tests that revoke make their own."""
    return Pki.make()


def test_a_true_token_is_believed(pki: Pki) -> None:
    """It is over our digest, dated by the authority, in one spelling, and its chain ends in the root that was named."""
    token = pki.authority().stamp(DIGEST)
    assert token.at == pki.clock.now()
    assert token.kind == "timestamp_authority"
    assert token.chain[-1] == pki.tsa_root.certificate
    assert is_der(token.der)


def test_an_authority_under_our_own_root_is_called_internal(pki: Pki) -> None:
    """It proves order, not independence."""
    assert pki.authority(pki.own_tsa).stamp(DIGEST).kind == "internal_timestamp"


def test_an_authority_under_our_own_root_stays_internal_when_somebody_names_that_root(pki: Pki) -> None:
    """Nobody can make oneself independent by a setting."""
    both = TimestampAuthority(
        pki.own_tsa,
        [*pki.time_roots, pki.root.certificate],
        own_root=pki.root.certificate,
        revocation=Revocation(nobody, pki.crls),
        clock=pki.clock,
    )
    assert both.stamp(DIGEST).kind == "internal_timestamp"


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("nonce", "timestamp_false"),
        ("no_nonce", "timestamp_false"),
        ("digest", "timestamp_false"),
        ("signature", "timestamp_false"),
        ("refused", "timestamp_refused"),
        ("garbage", "timestamp_malformed"),
        ("clock", "timestamp_clock"),
        ("away", "timestamp_away"),
        ("slow", "timestamp_slow"),
    ],
)
def test_a_lie_is_not_believed(pki: Pki, lie: Lie, reason: WaitReason) -> None:
    """Each has its reason, and no document comes out."""
    tsa = replace(pki.tsa, lie=lie)
    with pytest.raises(SealingMustWait) as caught:
        pki.authority(tsa).stamp(DIGEST)
    assert caught.value.reason == reason
    with pytest.raises(SealingMustWait):
        proved(pki, "b-lta", tsa=tsa)


def test_an_authority_that_starts_to_lie_after_its_first_token_is_found_out(pki: Pki) -> None:
    """The probe says nothing about the tokens after it."""
    tsa = replace(pki.tsa)
    authority = pki.authority(tsa)
    authority.ready()
    tsa.lie = "digest"
    with pytest.raises(SealingMustWait):
        authority.stamp(DIGEST)


def test_a_chain_that_ends_in_no_root_that_was_named_is_not_believed(pki: Pki) -> None:
    """Also when everything else about the token is right."""
    stranger = Pki.make()
    with pytest.raises(SealingMustWait) as caught:
        pki.authority(replace(stranger.tsa, clock=pki.clock)).stamp(DIGEST)
    assert caught.value.reason == "timestamp_untrusted"


def test_a_certificate_for_something_else_makes_no_timestamps(pki: Pki) -> None:
    """RFC 3161, section 2.3: the extended key usage must be timestamping."""
    leaf = pki.tsa_root.issue("Mail", [ExtendedKeyUsageOID.EMAIL_PROTECTION])
    with pytest.raises(SealingMustWait) as caught:
        pki.authority(FakeTsa(leaf, (), pki.clock)).stamp(DIGEST)
    assert caught.value.reason == "timestamp_untrusted"


def test_an_expired_or_revoked_authority_is_not_believed() -> None:
    """Each by its own certificate."""
    pki = Pki.make()
    stamping = [ExtendedKeyUsageOID.TIME_STAMPING]
    day = timedelta(days=1)
    expired = pki.tsa_root.issue(
        "Old",
        stamping,
        is_critical=True,
        not_before=pki.clock.now() - 9 * day,
        not_after=pki.clock.now() - day,
    )
    revoked = pki.tsa_root.issue("Revoked", stamping, is_critical=True)
    pki.tsa_root.revoke(revoked.certificate, pki.clock.now() - day)
    for leaf in (expired, revoked):
        with pytest.raises(SealingMustWait) as caught:
            pki.authority(FakeTsa(leaf, (), pki.clock)).stamp(DIGEST)
        assert caught.value.reason == "timestamp_untrusted"


def test_an_authority_that_is_away_costs_one_wait_and_not_one_for_each_report(pki: Pki) -> None:
    """Whoever asks meanwhile hears at once why; then it is asked again, ever more rarely."""
    pki = Pki.make()
    tsa = replace(pki.tsa, lie="slow")
    authority = pki.authority(tsa)
    for _ in range(50):
        with pytest.raises(SealingMustWait) as caught:
            authority.ready()
        assert caught.value.reason == "timestamp_slow"
    assert tsa.questions == 1
    asked_at = []
    for second in range(120):
        before = tsa.questions
        pki.clock.advance(seconds=1)
        with pytest.raises(SealingMustWait):
            authority.ready()
        if tsa.questions > before:
            asked_at.append(second + 1)
    assert asked_at == [10, 30, 70]
    assert authority.waits_for is not None
    tsa.lie = "nothing"
    pki.clock.advance(seconds=300)
    assert authority.ready().kind == "timestamp_authority"
    assert authority.waits_for is None


def test_a_report_that_says_who_dates_it_is_dated_by_nobody_else(pki: Pki) -> None:
    """The record is signed before the document is stamped: a token of another kind must not get in."""
    with pytest.raises(SealingMustWait) as caught:
        pki.authority(pki.own_tsa).stamp(DIGEST, kind="timestamp_authority")
    assert caught.value.reason == "timestamp_untrusted"


def test_the_authority_is_asked_anew_once_in_a_while(pki: Pki) -> None:
    """What is known of it is used for an hour."""
    pki = Pki.make()
    authority = pki.authority()
    authority.ready()
    authority.ready()
    assert pki.tsa.questions == 1
    pki.clock.advance(minutes=61)
    authority.ready()
    assert pki.tsa.questions == 2
