"""Every knob of the service in one frozen tree, read once from the environment (``INSPECTION_``, nested ``__``)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from inspection_service.settings.contradictions import (
    wrong_addresses,
    wrong_messages,
    wrong_proxies,
    wrong_relays,
    wrong_signing,
)
from inspection_service.settings.parts import (
    BrokerSettings,
    DatabaseSettings,
    HttpSettings,
    LimitSettings,
    LinkSettings,
    MediaSettings,
    MessageSettings,
    OperatorSettings,
    PrivacySettings,
    ReportSettings,
    SecretSettings,
    SigningSettings,
    StoreSettings,
    TimestampSettings,
    TurnSettings,
    UploadSettings,
    VisionSettings,
    WebhookSettings,
    WorkSettings,
    shipped_data,
)

__all__ = [
    "BrokerSettings",
    "DatabaseSettings",
    "HttpSettings",
    "LimitSettings",
    "LinkSettings",
    "MediaSettings",
    "MessageSettings",
    "OperatorSettings",
    "PrivacySettings",
    "ReportSettings",
    "SecretSettings",
    "Settings",
    "SigningSettings",
    "StoreSettings",
    "TimestampSettings",
    "TurnSettings",
    "UploadSettings",
    "VisionSettings",
    "WebhookSettings",
    "WorkSettings",
    "shipped_data",
]


class Settings(BaseSettings):
    """The whole tree. Build it once, in ``app.py`` or ``cli.py``, and hand each room its part."""

    model_config = SettingsConfigDict(
        env_prefix="INSPECTION_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    data_dir: Path = Path("instance")
    """Folder of everything this instance writes when nothing else is set."""
    public_url: HttpUrl | None = None
    """The address sellers and operators type; ``None``: derived from ``http``."""
    checklists_dir: Path = Field(default_factory=lambda: shipped_data("checklists"))
    log_format: Literal["console", "json"] = "console"
    database: DatabaseSettings = DatabaseSettings()
    store: StoreSettings = StoreSettings()
    broker: BrokerSettings = BrokerSettings()
    http: HttpSettings = HttpSettings()
    uploads: UploadSettings = UploadSettings()
    vision: VisionSettings = Field(default_factory=VisionSettings)
    media: MediaSettings = MediaSettings()
    signing: SigningSettings = SigningSettings()
    timestamp: TimestampSettings = TimestampSettings()
    reports: ReportSettings = ReportSettings()
    secrets: SecretSettings = SecretSettings()
    links: LinkSettings = LinkSettings()
    operators: OperatorSettings = OperatorSettings()
    limits: LimitSettings = LimitSettings()
    work: WorkSettings = WorkSettings()
    webhooks: WebhookSettings = WebhookSettings()
    privacy: PrivacySettings = PrivacySettings()
    messages: MessageSettings = MessageSettings()

    @model_validator(mode="after")
    def _no_contradictions(self) -> Settings:
        """Refuse at start what could only fail later, all of it at once."""
        wrong: list[str] = []
        if (self.http.certfile is None) != (self.http.keyfile is None):
            wrong.append("http.certfile and http.keyfile go together")
        wrong += wrong_addresses(self.database_url, self.broker_url)
        if not self.store_url.startswith(("file://", "s3://")):
            wrong.append("store.url must start with file:// or s3://")
        wrong += wrong_proxies(self.http)
        wrong += wrong_signing(self.signing)
        if self.webhooks.allow_private and self.signing.production:
            wrong.append("webhooks.allow_private is for development: it opens this network to every platform")
        if self.timestamp.url is None and (self.timestamp.roots_file or self.timestamp.certificates_file):
            wrong.append("timestamp.roots_file and timestamp.certificates_file need timestamp.url")
        if (self.store.access_key is None) != (self.store.secret_key is None):
            wrong.append("store.access_key and store.secret_key go together")
        wrong += wrong_relays(self.media)
        wrong += wrong_messages(self.messages)
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def second_factor(self) -> Literal["required", "optional"]:
        """Whether every operator needs a second factor, the default filled in."""
        return self.operators.totp or ("required" if self.signing.production else "optional")

    @property
    def database_url(self) -> str:
        """The database to open, the default filled in; it may hold a password."""
        return (
            self.database.url.get_secret_value()
            or f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'inspection.db'}"
        )

    @property
    def broker_url(self) -> str:
        """What joins several nodes; empty: nothing. It may hold a password."""
        return self.broker.url.get_secret_value()

    @property
    def store_url(self) -> str:
        """The object store to open, the default filled in."""
        return self.store.url or (self.data_dir.absolute() / "objects").as_uri()

    @property
    def keys_dir(self) -> Path:
        """Where signing keys rest."""
        return self.signing.keys_dir or self.data_dir / "keys"

    @property
    def pepper_file(self) -> Path:
        """Where the pepper rests."""
        return self.secrets.pepper_file or self.data_dir / "pepper"

    @property
    def base_url(self) -> str:
        """The address of the service without a trailing slash, as it stands in links."""
        if self.public_url is not None:
            return str(self.public_url).rstrip("/")
        scheme = "https" if self.http.certfile else "http"
        return f"{scheme}://{self.http.host}:{self.http.port}"
