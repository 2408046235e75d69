"""The channels that the settings name, ready to send."""

from collections.abc import Callable, Mapping
from pathlib import Path

from telemed.followers.channels import Way
from telemed.followers.channels.mail import Mail
from telemed.followers.channels.outbound import Gate, Outbound, Resolve
from telemed.followers.channels.push import Push
from telemed.followers.channels.webhook import Webhook
from telemed.settings import Settings
from telemed.store import push_key


def key_file(settings: Settings) -> Path:
    """Where the key of pushes is."""
    return settings.data_dir / "push.key"


def gate_of(settings: Settings) -> Gate:
    """Where calls may go."""
    return Gate(tuple(settings.outbound_networks))


def mail_of(settings: Settings) -> Mail:
    """The mail server."""
    return Mail(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.mail_from,
    )


def webhook_of(settings: Settings, outbound: Outbound, now: Callable[[], float]) -> Webhook:
    """The gateway of SMS and WeCom."""
    return Webhook(
        settings.webhook_url, settings.webhook_key_id, settings.webhook_secret, outbound, now
    )


def set_up(
    settings: Settings, now: Callable[[], float], resolve: Resolve | None = None
) -> tuple[Mapping[str, Way], Outbound]:
    """Channels by name, and the gate they share; close it at the end."""
    outbound = Outbound(gate_of(settings), resolve)
    found: dict[str, Way] = {}
    if "email" in settings.notice_ways:
        found["email"] = mail_of(settings)
    for channel in settings.notice_ways & {"sms", "wecom"}:
        found[channel] = webhook_of(settings, outbound, now)
    if "push" in settings.notice_ways:
        pem = push_key.load(key_file(settings))
        found["push"] = Push(pem, settings.push_contact, settings.allows_push_to, outbound, now)
    return found, outbound
