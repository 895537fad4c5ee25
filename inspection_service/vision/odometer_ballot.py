"""Whether a vote over many looks is enough to print a number that a single agreement did not give.

Asked only where `odometer_decision` refused. The limits were chosen on the validation part of the training vehicles
(`models/recipes/odometer_split.json`), see models/odometer_read.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inspection_service.vision.odometer_decision import (
    HALF_MARKED,
    MOST_BEFORE_TENTHS,
    Evidence,
    Limits,
    OdometerReading,
    competes,
    overlap,
)
from inspection_service.vision.odometer_number import Box
from inspection_service.vision.odometer_vote import Vote
from inspection_service.vision.odometer_words import is_dial


@dataclass(frozen=True)
class Quorum:
    """What a vote must reach.

    Attributes:
        place: Least score of the place.
        own, second: Least share of each reader's looks that saw these very digits.
        both: Least sum of the two shares.
        margin: Least lead of every digit, see `Vote`: twenty to one. An 8 and a 0 of few pixels stay below it.
        led_second, led_least, led_margin, led_px: Where the second reader leads and ours merely does not object: least
            share of its looks, least share of ours for any digit, least lead, least height of the digits.
    """

    place: float = 0.3
    own: float = 0.25
    second: float = 0.3
    both: float = 1.0
    margin: float = 3.0
    led_second: float = 0.95
    led_least: float = 0.18
    led_margin: float = 3.0
    led_px: float = 8.0


@dataclass(frozen=True)
class Ballot:
    """One place that was looked at many times.

    Attributes:
        evidence: What was known of it before: place, box, size, unit.
        vote: What the looks favour; None when the readers saw no number of one length.
        pointed: Share of our looks with a decimal point in the number.
        mark: Mean score that the last digit stands on a tenths drum.
        is_other: Some text beside it names a trip meter, a range or a rev counter.
        is_divided: The second reader saw a colon, a slash or a point among the digits.
        goes_on: With more of the line in view the second reader saw more digits.
    """

    evidence: Evidence
    vote: Vote | None
    pointed: float = 0.0
    mark: float = 0.0
    is_other: bool = False
    is_divided: bool = False
    goes_on: bool = False
    unit: str | None = None


def decide_by_vote(
    ballots: Sequence[Ballot], evidence: Sequence[Evidence], limits: Limits, quorum: Quorum
) -> OdometerReading | None:
    """Give the reading that one place, and no other, is voted for; None leaves the refusal as it was.

    Args:
        ballots: The places that were looked at again.
        evidence: Every place, those of the ballots too.
        limits: As for a single agreement.
        quorum: What a vote must reach.
    """
    good = [b for b in ballots if carries(b, limits, quorum)]
    if not good:
        return None
    best = max(good, key=lambda b: b.evidence.place.score)
    vote = best.vote
    assert vote is not None and best.evidence.number is not None
    others = [b for b in ballots if b is not best and not _same_place(b.evidence, best.evidence)]
    if any(_rivals(other, best, limits) for other in others):
        return None
    named = [b.evidence for b in others if b.is_other or b.is_divided or b.pointed > 0]
    for e in evidence:
        known = any(_same_place(e, place) for place in (best.evidence, *named))
        if not known and competes(e, best.evidence, limits):
            return None
    digits = vote.text[:-1] if best.mark > HALF_MARKED[1] else vote.text
    return OdometerReading(digits, confidence(best), best.unit, best.evidence.box, None)


def carries(ballot: Ballot, limits: Limits, quorum: Quorum) -> bool:
    """True when the vote reaches the quorum and nothing says that this is no odometer."""
    vote, e = ballot.vote, ballot.evidence
    if vote is None or e.cut_off or e.place.score < quorum.place:
        return False
    if ballot.is_other or ballot.is_divided or ballot.goes_on or ballot.pointed > 0:
        return False
    if HALF_MARKED[0] < ballot.mark <= HALF_MARKED[1]:
        return False
    has_tenths = ballot.mark > HALF_MARKED[1]
    length, most = len(vote.text) - has_tenths, MOST_BEFORE_TENTHS if has_tenths else limits.most_digits
    if not limits.least_digits <= length <= most or is_dial(vote.text):
        return False
    both = (
        vote.own_same >= quorum.own
        and vote.second_same >= quorum.second
        and vote.own_same + vote.second_same >= quorum.both
        and vote.margin >= quorum.margin
    )
    led = (
        vote.second_same >= quorum.led_second
        and vote.own_least >= quorum.led_least
        and vote.margin >= quorum.led_margin
        and e.digit_px >= quorum.led_px
    )
    return both or led


def confidence(ballot: Ballot) -> float:
    """How far a voted reading is above doubt, 0..1; a fixed weighting that stays under that of a full agreement."""
    vote = ballot.vote
    assert vote is not None
    z = -1.5 + 1.2 * vote.own_same + 1.2 * vote.second_same + 0.3 * min(vote.margin, 4.0)
    return 1 / (1 + math.exp(-z))


def _rivals(other: Ballot, best: Ballot, limits: Limits) -> bool:
    """True when another place that was looked at again could be the odometer instead."""
    if other.vote is None or other.is_other or other.is_divided or other.pointed > 0:
        return False
    if best.vote is not None and other.vote.text == best.vote.text:
        return False
    strong = other.evidence.place.score >= limits.clear_lead * best.evidence.place.score
    long = limits.least_digits <= len(other.vote.text) <= limits.most_digits
    return strong and long


def _same_place(a: Evidence, b: Evidence) -> bool:
    return a is b or overlap(_box(a), _box(b)) > 0.3


def _box(e: Evidence) -> Box:
    return e.box or e.place.box
