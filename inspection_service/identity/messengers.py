"""Makes the messenger that the settings ask for."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from inspection_service.clock import Clock
from inspection_service.errors import InvalidInput
from inspection_service.identity.mail import SmtpMessenger
from inspection_service.identity.messenger import ByChannel, ConsoleMessenger, Messenger
from inspection_service.identity.sms import SmsMessenger
from inspection_service.settings import MessageSettings


def open_messenger(settings: MessageSettings, clock: Clock) -> Messenger:
    """Return what carries messages; the terminal when nothing is set.

    Raises:
        InvalidInput: A file with a secret cannot be read.
    """
    if not settings.smtp_url and not settings.sms_url.get_secret_value():
        return ConsoleMessenger()
    mail = text = None
    if settings.smtp_url:
        mail = SmtpMessenger(
            settings.smtp_url,
            settings.sender,
            clock,
            user=settings.smtp_user,
            password=_secret(settings.smtp_password, settings.smtp_password_file),
            ca_file=settings.smtp_ca_file,
            timeout_s=settings.timeout_s,
        )
    if settings.sms_url.get_secret_value():
        text = SmsMessenger(
            settings.sms_url.get_secret_value(),
            settings.sms_body.get_secret_value(),
            token=_secret(settings.sms_token, settings.sms_token_file),
            timeout_s=settings.timeout_s,
        )
    return ByChannel(email=mail, phone=text)


def _secret(value: SecretStr | None, path: Path | None) -> str | None:
    if path is None:
        return None if value is None else value.get_secret_value()
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read.", field="messages") from error
