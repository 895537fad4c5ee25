"""Every act on an inspection, each in one transaction that also writes its event."""

from __future__ import annotations

from inspection_service.inspections.afterwards import Afterwards
from inspection_service.inspections.alike import Recognising
from inspection_service.inspections.annotating import Annotating
from inspection_service.inspections.answering import Answering
from inspection_service.inspections.deciding import Deciding
from inspection_service.inspections.filming import Filming
from inspection_service.inspections.helping import Helping
from inspection_service.inspections.holding import Holding
from inspection_service.inspections.ordering import Ordering
from inspection_service.inspections.photographing import Photographing
from inspection_service.inspections.queueing import Queueing
from inspection_service.inspections.reading import Reading
from inspection_service.inspections.recording import Recording
from inspection_service.inspections.reminding import Reminding
from inspection_service.inspections.sandbox import Simulating
from inspection_service.inspections.talking import Talking


class Inspections(
    Reading,
    Queueing,
    Ordering,
    Photographing,
    Answering,
    Helping,
    Deciding,
    Talking,
    Annotating,
    Filming,
    Recording,
    Recognising,
    Holding,
    Reminding,
    Simulating,
    Afterwards,
):
    """The inspections a caller may see, and all that may be done to them; the acts are in the files named above.

    Bound to a scope: ``app.py`` makes one with ``AllTenants`` for operators and the service; a platform's or a seller's
    request works with ``inspections.of(tenant_id)``. What lies outside the scope is ``InspectionUnknown``.

    Every act takes ``by`` (who) and returns the new record; its event is published after the commit. All operator acts
    except ``claim`` and ``release`` need the claim (``ClaimNeeded``, ``CaseClaimed`` with ``claimed_by {id, name}``).
    All of them refuse a closed inspection with ``Closed``.
    """
