"""Every metric, in base units, with closed label sets and never an id.

Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_HOP_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Metrics:
    """One registry for each service, so that two in one process (tests) do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.live_sessions = Gauge(
            "inspection_live_sessions", "Signalling connections open now", ["role"], registry=self.registry
        )
        self.judgement_seconds = Histogram(
            "inspection_judgement_seconds",
            "Photo received to judgement written",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.framing_verdicts = Counter(
            "inspection_framing_verdicts", "Judged photos", ["verdict"], registry=self.registry
        )
        self.report_seconds = Histogram(
            "inspection_report_seconds",
            "Building, signing and storing a report",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.sealing_waits = Counter(
            "inspection_sealing_waits",
            "Seals that had to wait, by reason",
            ["reason"],
            registry=self.registry,
        )
        self.work_failures = Counter(
            "inspection_work_failures", "Pieces of work that raised", ["kind"], registry=self.registry
        )
        self.frame_age_seconds = Histogram(
            "inspection_frame_age_seconds",
            "Age of a live frame when it had been looked at",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.frames_dropped = Counter(
            "inspection_frames_dropped", "Live frames replaced before anybody looked", registry=self.registry
        )
        self.analysis_frames = Counter(
            "inspection_analysis_frames",
            "Frames of sellers' cameras that reached the service, by UDP or as JPEGs where no UDP passes",
            ["path"],
            registry=self.registry,
        )
        self.analysis_sessions = Counter(
            "inspection_analysis_sessions",
            "Live sessions that sent frames on a path; one that had to change counts on both",
            ["path"],
            registry=self.registry,
        )
        self.uploads = Counter(
            "inspection_uploads",
            "Uploads that were announced, interrupted, damaged on the way, finished",
            ["outcome"],
            registry=self.registry,
        )
        self.broker_up = Gauge(
            "inspection_broker_up", "Whether messages between nodes pass", registry=self.registry
        )
        self.broker_losses = Counter(
            "inspection_broker_losses",
            "Times the broker was lost; until it is back nodes look into the records by the clock",
            registry=self.registry,
        )
        self.sessions_owned = Gauge(
            "inspection_sessions_owned", "Live sessions that rest on this node", registry=self.registry
        )
        self.sessions_taken_over = Counter(
            "inspection_sessions_taken_over",
            "Live sessions this node took from one that was gone",
            registry=self.registry,
        )
        self.sessions_lost = Counter(
            "inspection_sessions_lost",
            "Live sessions that another node took from this one",
            registry=self.registry,
        )
        self.relayed_sockets = Gauge(
            "inspection_relayed_sockets",
            "Pages whose socket and session are on different nodes, at the end where the socket is or the session",
            ["end"],
            registry=self.registry,
        )
        self.relay_seconds = Histogram(
            "inspection_relay_seconds",
            "Through the broker to another node and back",
            registry=self.registry,
            buckets=_HOP_SECONDS,
        )

        self.webhook_attempts = Counter(
            "inspection_webhook_attempts",
            "Messages sent, by what came of it",
            ["outcome"],
            registry=self.registry,
        )
        self.webhook_deliveries = Counter(
            "inspection_webhook_deliveries",
            "Messages that are over: delivered, or given up",
            ["outcome"],
            registry=self.registry,
        )
        self.webhook_seconds = Histogram(
            "inspection_webhook_seconds",
            "Event written to message delivered, retries included",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.webhook_oldest_seconds = Gauge(
            "inspection_webhook_oldest_undelivered_seconds",
            "For how long the oldest message waits that is to be delivered",
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Return everything in the Prometheus text format."""
        return generate_latest(self.registry)
