"""Chooses whether live sessions rest in this process alone or on all nodes that share a broker."""

from __future__ import annotations

from inspection_service.sessions.leases import Fences
from inspection_service.sessions.nodes import NodeSessions
from inspection_service.sessions.record import InspectionRecord
from inspection_service.sessions.registry import LiveSessions
from inspection_service.sessions.sessions import Sessions
from inspection_service.storage.broker import Broker
from inspection_service.telemetry.metrics import Metrics


def join_nodes(
    local: LiveSessions,
    broker: Broker | None,
    node_id: str,
    record: InspectionRecord,
    fences: Fences,
    *,
    heartbeat_s: float,
    metrics: Metrics,
    secret: bytes,
) -> Sessions:
    """Return the live sessions as doors reach them; to be called before the broker is opened.

    Args:
        local: The sessions of this process.
        broker: What joins the nodes; ``None`` where there is only one.
        node_id: Of this process.
        record: Through which sessions write: from now on only those that rest here.
        fences: Says which those are.
        heartbeat_s: Of pages.
        metrics: Where all of it is counted.
        secret: What all nodes must have in common.
    """
    if broker is None:
        return local
    nodes = NodeSessions(
        node_id, local, broker, fences, heartbeat_s=heartbeat_s, metrics=metrics, secret=secret
    )
    record.fenced(nodes.leases.fence, nodes.moved)
    return nodes
