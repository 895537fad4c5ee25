"""The knobs of each room, as frozen parts of one tree."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

_PACKAGE = Path(__file__).parents[1]
_MIB = 1024 * 1024


def shipped_data(name: str) -> Path:
    """Return a data folder: inside the installed package, or beside it in a source tree."""
    installed = _PACKAGE / "data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


class _Part(BaseModel):
    # What is refused is named, never repeated: it may be a password in the wrong place.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(_Part):
    """Where records rest."""

    url: SecretStr = SecretStr("")
    """``sqlite+aiosqlite:///PATH`` or ``postgresql+asyncpg://...``; empty: ``inspection.db`` in the data folder."""
    busy_timeout_s: Annotated[float, Field(gt=0, le=120)] = 15.0
    """Seconds a writer waits for another process before it gives up."""
    pool_size: Annotated[int, Field(ge=1, le=100)] = 8
    """Connections kept open."""


class StoreSettings(_Part):
    """Where bytes rest."""

    url: str = ""
    """``file:///PATH`` or ``s3://BUCKET?endpoint=URL&region=NAME``; empty: ``objects`` in the data folder."""
    access_key: SecretStr | None = None
    """S3 access key; without it boto3 looks in its usual places."""
    secret_key: SecretStr | None = None
    """S3 secret key."""
    public_endpoint: str = ""
    """The S3 server's address as platforms reach it, where it is another one; stands in addresses for their photos."""
    threads: Annotated[int, Field(ge=1, le=64)] = 4
    """Threads for blocking reads and writes."""


class BrokerSettings(_Part):
    """What joins several nodes and workers."""

    url: SecretStr = SecretStr("")
    """``redis://[:PASSWORD@]HOST:PORT/DB`` or ``rediss://`` (TLS); empty: one node, everything in this process."""
    prefix: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] = "inspection"
    """Begins every key and channel: services that share one Redis need different ones."""


class HttpSettings(_Part):
    """Where the service listens."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes any free port."""
    certfile: Path | None = None
    """PEM certificate chain; with ``keyfile`` the service speaks HTTPS."""
    keyfile: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of balancers that may say who calls (``X-Forwarded-For``, ``X-Forwarded-Proto``)."""
    metrics_token_file: Path | None = None
    """A file with the token that ``/metrics`` asks for; ``None``: only direct callers on this machine or network."""
    silence_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Longest wait for the next bytes of a request's body before it is given up."""


class UploadSettings(_Part):
    """What a phone may send."""

    max_bytes: Annotated[int, Field(ge=1024, le=512 * _MIB)] = 40 * _MIB
    """Largest photo."""
    expires_s: Annotated[int, Field(ge=60, le=30 * 86400)] = 7 * 86400
    """Seconds after its last byte when an unfinished upload is thrown away."""
    max_open: Annotated[int, Field(ge=1, le=1000)] = 8
    """Unfinished uploads of one inspection that went on within the last hour."""
    max_captures: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Photos of one inspection: retakes and unfinished uploads included."""
    max_inspection_bytes: Annotated[int, Field(ge=1024, le=1024 * 1024 * _MIB)] = 1024 * _MIB
    """Bytes of one inspection: its photos and what its unfinished uploads announce."""
    max_pieces: Annotated[int, Field(ge=1, le=100_000)] = 4096
    """Pieces one upload may arrive in."""


class VisionSettings(_Part):
    """How photos are judged."""

    models_dir: Path = Field(default_factory=lambda: shipped_data("models"))
    workers: Annotated[int, Field(ge=1, le=32)] = 1
    """Processes that judge photos; each holds its own models."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Longest judgement of one photo before it is given up."""


class TurnSettings(_Part):
    """A coturn relay (``use-auth-secret``) and the secret it shares with us to make short-lived credentials."""

    urls: tuple[str, ...] = ()
    """Addresses such as ``turn:HOST:3478?transport=udp`` and ``turns:HOST:443?transport=tcp``; empty: no relay."""
    secret: SecretStr | None = None
    """The relay's ``static-auth-secret``; or ``secret_file``."""
    secret_file: Path | None = None
    """A file that holds the secret, without the line's end."""
    ttl_s: Annotated[int, Field(ge=60, le=86400)] = 1800
    """Seconds for which a browser may open an allocation with the credentials it was given."""


class MediaSettings(_Part):
    """The live call."""

    heartbeat_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    """Seconds between pings; three missed ones end the connection."""
    relay_only: bool = False
    """Hide the parties' addresses from each other: only relayed candidates."""
    ice_servers: tuple[str, ...] = ()
    """STUN addresses handed to both browsers, such as ``stun:HOST:3478``; relays stand in ``turn``."""
    turn: TurnSettings = TurnSettings()
    recording_max_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * _MIB)] = 1024 * _MIB
    """Bytes of all recordings of one inspection."""
    recording_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days after which the bytes of a recording are deleted; its hashes stay."""


class SigningSettings(_Part):
    """The keys that sign reports."""

    mode: Literal["development", "file", "pkcs11", "kms"] = "development"
    """``development`` makes keys that say so in their name; ``file`` expects key and certificates in ``keys_dir``;
    with ``pkcs11`` and ``kms`` the key is elsewhere and ``keys_dir`` holds its certificates."""
    production: bool = False
    """Refuse to start with keys that prove nothing to others."""
    keys_dir: Path | None = None
    """``None``: ``keys`` in the data folder."""
    pkcs11_library: Path | None = None
    """The token's driver, such as ``/usr/lib/softhsm/libsofthsm2.so``."""
    pkcs11_token: str | None = None
    """Label of the token."""
    pkcs11_pin_file: Path | None = None
    """File with the user's PIN."""
    pkcs11_key_label: str | None = None
    """Label of the private key on the token."""
    kms_key_id: str | None = None
    """Id, ARN or alias of an ``ECC_NIST_P256`` key in AWS KMS."""
    kms_region: str | None = None
    """``None``: where boto3 usually finds it."""
    kms_endpoint: HttpUrl | None = None
    """Another address than AWS's own."""


class TimestampSettings(_Part):
    """The authority that says when a report was sealed (RFC 3161)."""

    url: HttpUrl | None = None
    """Its address; ``None``: reports are sealed by the service's own clock and say so."""
    roots_file: Path | None = None
    """PEM certificates its chain may end in; under the signer's own root a timestamp is called internal."""
    certificates_file: Path | None = None
    """PEM issuing certificates, for an authority that leaves them out of its tokens."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Longest wait for one whole answer, of the authority and of those that say what is revoked."""
    archive: bool = True
    """Also stamp the whole document (PAdES B-LTA); else only its signature (B-LT)."""


class ReportSettings(_Part):
    """How reports are made."""

    trust_dir: Path | None = None
    """Folder of root certificates ``verify-report`` trusts; ``None``: none but those named."""


class SecretSettings(_Part):
    """Secrets that are not keys."""

    pepper_file: Path | None = None
    """32 random bytes mixed into codes and tokens; ``None``: ``pepper`` in the data folder, made on first start."""


class LinkSettings(_Part):
    """How sellers come in."""

    valid_s: Annotated[int, Field(ge=3600, le=90 * 86400)] = 14 * 86400
    """Seconds until an unused link dies."""
    session_s: Annotated[int, Field(ge=3600, le=365 * 86400)] = 60 * 86400
    """Seconds a seller's browser may come back (also for the copy of the report)."""
    code_s: Annotated[int, Field(ge=60, le=3600)] = 600
    """Seconds a one-time code is good for."""
    operator_session_s: Annotated[int, Field(ge=900, le=30 * 86400)] = 12 * 3600
    """Seconds until an operator signs in again."""


class OperatorSettings(_Part):
    """How operators come in."""

    totp: Literal["required", "optional"] | None = None
    """Does everybody need a second factor? ``None``: ``required`` with ``signing.production``, else ``optional``."""
    invitation_s: Annotated[int, Field(ge=3600, le=30 * 86400)] = 72 * 3600
    """Seconds until an unused invitation dies."""


class PrivacySettings(_Part):
    """How long personal data is kept after an inspection has closed; ``None``: until somebody asks.

    A legal hold stops these clocks. Recordings of calls have theirs in ``media.recording_days``.
    """

    identity_days: Annotated[int, Field(ge=1, le=36500)] | None = 3 * 365
    """Contact, plate, VIN, reference, names, drawn marks, words of people, numbers to call back."""
    photos_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """The bytes of photos and kept frames, with the position a phone may have written into them; hashes stay."""
    report_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """All files of a report; its leaf in the log stays."""
    accesses_days: Annotated[int, Field(ge=1, le=36500)] | None = 365
    """Who looked at which personal data, from that moment on, not from the inspection's end."""


class LimitSettings(_Part):
    """Calls that pass within a minute; what is more is answered with 429 and when to come back."""

    key_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 6000
    """With one platform key."""
    guesses_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 60
    """With keys nobody has, from one address."""
    logins_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 20
    """Operators' sign-ins from one address."""
    links_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 60
    """Seller links opened from one address."""
    codes_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 10
    """One-time codes asked for or tried from one address."""
    log_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 600
    """Looks at the log and at public reports from one address."""


class WebhookSettings(_Part):
    """How platforms are told what happens (docs/webhooks.md)."""

    allow_private: bool = False
    """For development and tests: also http, any port, and addresses that are not public."""
    ca_file: Path | None = None
    """PEM certificates that endpoints may end in instead of the machine's own list."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    """Longest wait for one whole answer: name, connection, status."""
    at_once: Annotated[int, Field(ge=2, le=1000)] = 32
    """Messages one process sends at once; endpoints that are slow or failing share half as many."""
    at_once_each: Annotated[int, Field(ge=1, le=100)] = 8
    """Messages one process sends to one endpoint at once; half as many when it is slow, one while it fails."""
    poll_s: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Seconds between looks at what is due when nothing calls."""
    disable_after_s: Annotated[int, Field(ge=3600, le=90 * 86400)] = 3 * 86400
    """Seconds of failures without one good answer after which an endpoint is disabled."""
    keep_days: Annotated[int, Field(ge=2, le=3650)] = 30
    """Days for which deliveries that are over can be looked at and sent again."""
    max_endpoints: Annotated[int, Field(ge=1, le=1000)] = 20
    """Endpoints of one tenant."""


class WorkSettings(_Part):
    """The reconciler and the workers."""

    poll_s: Annotated[float, Field(gt=0, le=600)] = 15.0
    """Seconds between looks at the records when nothing calls."""
    enabled: bool = True
    """Whether ``serve`` also works; ``false`` where ``inspection-service worker`` does."""
    report_tasks: Annotated[int, Field(ge=1, le=32)] = 1
    """Pieces of the queue ``report`` one process does at once; of ``vision`` it does ``vision.workers``."""
    webhook_tasks: Annotated[int, Field(ge=1, le=256)] = 16
    """Pieces of the queue ``webhook`` one process does at once: they mostly wait for others to answer."""
    grace_s: Annotated[float, Field(ge=0, le=600)] = 30.0
    """Seconds a worker that is asked to stop may take to finish what it has begun."""
    resend_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    """Seconds after which a piece of work that was sent, and that nobody began, is sent again."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port on which a worker shows its metrics, on ``http.host``; ``None``: it shows none."""
    turn_s: Annotated[float, Field(ge=0, le=10)] = 0.2
    """Seconds for which one process looks at the records for all when there is a broker."""

    def at_once(self, vision_workers: int) -> dict[Literal["vision", "report", "webhook"], int]:
        """Return how many pieces of each queue one process does at a time."""
        return {"vision": vision_workers, "report": self.report_tasks, "webhook": self.webhook_tasks}


class MessageSettings(_Part):
    """How messages reach sellers: one-time codes, invitations, reminders. Empty: printed on the terminal."""

    smtp_url: str = ""
    """``smtps://HOST:465`` (TLS), ``smtp://HOST:587`` (STARTTLS, insisted on), or ``smtp+plain://HOST:25`` for a relay
    on this machine."""
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    """Or ``smtp_password_file``."""
    smtp_password_file: Path | None = None
    smtp_ca_file: Path | None = None
    """PEM roots to trust instead of the system's."""
    sender: str = ""
    """From: ``Inspections <inspections@example.com>``; needed with ``smtp_url``."""
    sms_url: SecretStr = SecretStr("")
    """``https://...`` that takes one JSON body for each message; ``{to}`` in it becomes the number."""
    sms_token: SecretStr | None = None
    """Sent as ``Authorization: Bearer``; or ``sms_token_file``."""
    sms_token_file: Path | None = None
    sms_body: SecretStr = SecretStr('{"to": "{to}", "text": "{text}"}')
    """The JSON body; ``{to}`` and ``{text}`` inside its strings are filled in."""
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    """Longest wait for a mail server or an SMS gateway."""
    timezone: str = "Europe/Paris"
    """The sellers' time zone, by which it is night."""
    quiet_from_h: Annotated[int, Field(ge=0, le=23)] = 21
    """Hour after which nobody is reminded; equal to ``quiet_until_h``: there is no night."""
    quiet_until_h: Annotated[int, Field(ge=0, le=23)] = 8
    """Hour of the morning from which they may be."""
    remind_start_h: Annotated[int, Field(ge=1, le=24 * 60)] | None = 24
    """Hours after which a seller who has not begun is reminded; ``None``: never."""
    remind_deadline_h: Annotated[int, Field(ge=1, le=24 * 60)] | None = 24
    """Hours before the deadline at which a seller who has not signed is reminded; ``None``: never."""
    max_reminders: Annotated[int, Field(ge=0, le=50)] = 4
    """Of one inspection, those a platform asks for included."""
