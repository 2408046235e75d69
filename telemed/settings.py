"""Settings and the catalogue: TOML and environment in, validated core values out.

What is told directly goes before the environment, the environment before the file, the file before
the default. An unknown key or variable is an error. The environment is read here rather than by
pydantic-settings: of what that offers, unknown variables, lists with commas and `_FILE` are what
it does otherwise, and what would be left of it is a loop.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from telemed.catalogue.aftercare import load_aftercare
from telemed.catalogue.appointments import load_appointment_terms
from telemed.catalogue.approvals import load_approvals
from telemed.catalogue.assignment import load_rules
from telemed.catalogue.conference import load_conference
from telemed.catalogue.services import (
    CodedWords,
    load_codes,
    load_guidance,
    load_material,
    load_services,
)
from telemed.catalogue.timetables import load_timetable
from telemed.core.catalogue import (
    Catalogue,
    ConsentText,
    CriticalAction,
    CriticalFinding,
    Reason,
    Retention,
    Template,
)
from telemed.core.ladder_rows import ladders_of
from telemed.core.minutes import Purpose, Terms

M = TypeVar("M", bound=BaseModel)

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"
_ORIGIN: Final = re.compile(r"https?://[0-9a-z.\-\[\]:]+\Z")


class Settings(BaseModel):
    """All settings of a server; `configs/example.toml` explains each."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8042
    public_url: str = ""
    data_dir: Path = Path("data")
    database_url: str = ""
    database_password: str = Field(default="", repr=False)
    redis_url: str = ""
    redis_password: str = Field(default="", repr=False)
    s3_endpoint: str = ""
    s3_bucket: str = ""
    s3_region: str = "us-east-1"
    s3_access_key: str = ""
    s3_secret_key: str = Field(default="", repr=False)
    s3_path_style: bool = True
    s3_cache_bytes: int = Field(default=20 << 30, ge=64 << 20)
    secret: str = Field(default="", repr=False)
    configs: Path = CONFIGS
    web_dir: Path = ROOT / "web" / "dist"
    viewer_dir: Path = ROOT / "build" / "viewer"
    idle_minutes: int = Field(default=30, ge=1, le=480)
    session_hours: int = Field(default=12, ge=1, le=72)
    lockout_failures: int = Field(default=5, ge=3, le=20)
    lockout_minutes: int = Field(default=15, ge=1, le=1440)
    sockets_per_account: int = Field(default=5, ge=1, le=50)
    most_connections: int = Field(default=4096, ge=64, le=100_000)
    upload_max_bytes: int = Field(default=8 << 30, ge=1 << 20)
    free_space_reserve_bytes: int = Field(default=512 << 20, ge=0)
    workers: int = Field(default=1, ge=1, le=64)
    render_workers: int = Field(default=2, ge=1, le=32)
    trusted_proxies: list[str] = []
    cors_origins: list[str] = []
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    smtp_user: str = ""
    smtp_password: str = Field(default="", repr=False)
    mail_from: str = ""
    webhook_url: str = ""
    webhook_channels: list[str] = ["sms", "wecom"]
    webhook_key_id: str = "1"
    webhook_secret: str = Field(default="", repr=False)
    push_contact: str = ""
    push_hosts: list[str] = [
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        ".notify.windows.com",
        ".push.apple.com",
    ]
    outbound_networks: list[str] = []
    turn_urls: list[str] = []
    turn_secret: str = Field(default="", repr=False)
    turn_minutes: int = Field(default=240, ge=1, le=1440)
    turn_only: bool = False
    janus_url: str = ""
    janus_secret: str = Field(default="", repr=False)
    drain_seconds: int = Field(default=0, ge=0, le=60)
    log_format: str = Field(default="json", pattern="^(json|console)$")
    demo: bool = False

    @field_validator("webhook_channels")
    @classmethod
    def _go_by_webhook(cls, told: list[str]) -> list[str]:
        """Only what a gateway of somebody else's sends."""
        unknown = set(told) - {"sms", "wecom"}
        if unknown:
            raise ValueError(f"no channel of the webhook: {', '.join(sorted(unknown))}")
        return told

    @field_validator("outbound_networks")
    @classmethod
    def _are_networks(cls, told: list[str]) -> list[str]:
        """Networks such as 10.1.2.0/24."""
        for text in told:
            ip_network(text)
        return told

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, told: list[str]) -> list[str]:
        """Exactly what a browser's Origin header says; `*` would let every page in."""
        for origin in told:
            if not _ORIGIN.match(origin):
                raise ValueError(f"{origin} is no origin such as https://viewer.example.org")
        return told

    @property
    def notice_ways(self) -> frozenset[str]:
        """The channels of notices that are set up."""
        mail = ["email"] if self.smtp_host and self.mail_from else []
        signed = self.webhook_channels if self.webhook_url and self.webhook_secret else []
        return frozenset([*mail, *signed, *(["push"] if self.push_contact else [])])

    def allows_push_to(self, url: str) -> bool:
        """Whether a push service's address is one that may be called; `.name` allows what ends so.

        https alone, unless the operator named a network of their own for it.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        safe = parts.scheme == "https" or (parts.scheme == "http" and bool(self.outbound_networks))
        named = any(host == h or (h.startswith(".") and host.endswith(h)) for h in self.push_hosts)
        return safe and named and parts.username is None

    @property
    def origin(self) -> str:
        """The one origin browsers may call from."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def database(self) -> str:
        """The database address; SQLite in the data directory unless another is given."""
        sqlite = f"sqlite:///{self.data_dir / 'telemed.sqlite3'}"
        return _with_password(self.database_url, self.database_password) or sqlite

    @property
    def redis(self) -> str:
        """The address of Redis with its password; empty for none."""
        return _with_password(self.redis_url, self.redis_password)


def _with_password(url: str, password: str) -> str:
    """An address whose user has the password; addresses may be shown, passwords may not."""
    if not (url and password):
        return url
    scheme, _, rest = url.partition("://")
    user, _, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}@{place}"


def load_settings(
    path: Path | None, environ: Mapping[str, str] = os.environ, **overrides: Any
) -> Settings:
    """Settings from a TOML file, the environment over it, and overrides over both."""
    values = tomllib.loads(path.read_text("utf-8")) if path else {}
    told = {k: v for k, v in overrides.items() if v is not None}
    return Settings(**{**values, **from_environment(environ), **told})


# --- the environment --------------------------------------------------------------------------

PREFIX: Final = "TELEMED_"
_FROM_FILE: Final = "_FILE"


class UnfitVariable(Exception):
    """A TELEMED_ variable that cannot be meant, in one sentence."""


def variable_of(key: str) -> str:
    """The variable that sets a key."""
    return PREFIX + key.upper()


def from_environment(environ: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Values by key of the TELEMED_ variables; an empty variable says nothing.

    TELEMED_KEY_FILE names a file with the value, as secrets are handed to containers. Lists are
    separated by commas. Raises UnfitVariable for an unknown variable and for a key told twice.
    """
    found: dict[str, str | list[str]] = {}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX):
            continue
        key = _key_of(name)
        if not text:
            continue
        if key in found:
            raise UnfitVariable(f"{variable_of(key)} and {name} are both set; set one of them.")
        value = text if name == variable_of(key) else _content(name, Path(text))
        found[key] = _parts(value) if _is_list(key) else value
    return found


def _key_of(name: str) -> str:
    """The key that a variable sets, itself or through a file."""
    key = name.removeprefix(PREFIX).lower()
    for candidate in (key, key.removesuffix(_FROM_FILE.lower())):
        if name.isupper() and candidate in Settings.model_fields:
            return candidate
    near = get_close_matches(name.upper(), map(variable_of, Settings.model_fields), 1)
    hint = f" Is {near[0]} meant?" if near else ""
    raise UnfitVariable(f"{name} is no setting of telemed.{hint} See configs/example.toml.")


def _content(name: str, path: Path) -> str:
    """What a file says, without the line's end that editors put there."""
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise UnfitVariable(f"{name} names {path}, which cannot be read.") from fault


def _is_list(key: str) -> bool:
    return Settings.model_fields[key].annotation == list[str]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


# --- the catalogue ----------------------------------------------------------------------------


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Reason(_Row):
    step: str
    code: str
    label: CodedWords
    services: list[str] = []


class _Reasons(_Row):
    reason: list[_Reason]


class _Template(_Row):
    code: str
    label: CodedWords
    service: str
    modalities: list[str] = []
    body_part: str = ""
    findings: str
    impression: str
    positive: bool | None = None


class _Templates(_Row):
    template: list[_Template]


class _Finding(_Row):
    code: str
    service: str
    label: CodedWords
    threshold: Mapping[str, Any] | None = None


class _Findings(_Row):
    finding: list[_Finding]


class _CriticalAction(_Row):
    code: str = Field(pattern="^[a-z-]+$")
    label: CodedWords


class _CriticalActions(_Row):
    action: list[_CriticalAction] = Field(min_length=1)


class _ConsentText(_Row):
    version: str
    zh: str
    en: str

    def core(self) -> ConsentText:
        return ConsentText(self.version, self.zh, self.en)


class _Consent(_ConsentText):
    filming: _ConsentText
    recording: _ConsentText
    teaching: _ConsentText

    def asked(self) -> dict[Purpose, ConsentText]:
        return {
            Purpose.RECORDING: self.recording.core(),
            Purpose.TEACHING: self.teaching.core(),
        }


class _Signing(_Row):
    service: str
    share: float = Field(gt=0, le=1)
    after_hours: int = Field(ge=1, le=24 * 90)


class _Minutes(_Row):
    minutes: list[_Signing]


class _RetentionRow(_Row):
    kind: str
    label: CodedWords
    years: int = Field(ge=1, le=100)


class _Retention(_Row):
    retention: list[_RetentionRow] = Field(min_length=1)


def load_catalogue(configs: Path) -> Catalogue:
    """Everything that can be asked for, validated. A mistake in a file stops the start."""
    services = load_services(configs)
    times = load_timetable(configs)
    reasons = _read(configs / "reasons.toml", _Reasons)
    templates = _read(configs / "templates.toml", _Templates)
    findings = _read(configs / "critical_findings.toml", _Findings)
    consent = _read(configs / "consent.toml", _Consent)
    retention = _read(configs / "retention.toml", _Retention)
    ladders = tomllib.loads((configs / "escalation.toml").read_text("utf-8"))["ladder"]
    actions = _read(configs / "critical_actions.toml", _CriticalActions)
    return Catalogue(
        services=services,
        deadlines=times.deadlines,
        owed=times.owed,
        timers=times.timers,
        calendar=times.calendar,
        duties={d.code: d for d in times.duties},
        duty_hours=times.duty_hours,
        reasons=tuple(
            Reason(r.code, r.step, r.label.core(), tuple(r.services)) for r in reasons.reason
        ),
        templates=tuple(
            Template(
                t.code,
                t.label.core(),
                t.service,
                tuple(t.modalities),
                t.body_part,
                t.findings,
                t.impression,
                t.positive,
            )
            for t in templates.template
        ),
        critical_findings=tuple(
            CriticalFinding(f.code, f.service, f.label.core()) for f in findings.finding
        ),
        consent=consent.core(),
        asked=consent.asked(),
        filming=consent.filming.core(),
        signing={
            row.service: Terms(row.share, timedelta(hours=row.after_hours))
            for row in _read(configs / "minutes.toml", _Minutes).minutes
        },
        retention=tuple(Retention(r.kind, r.label.core(), r.years) for r in retention.retention),
        ladders=ladders_of(ladders),
        critical_actions=tuple(CriticalAction(a.code, a.label.core()) for a in actions.action),
        icd10=load_codes(configs / "icd10.csv"),
        operations=load_codes(configs / "operations.csv"),
        material=load_material(configs),
        guidance=load_guidance(configs),
        assignment=load_rules(configs),
        approvals=load_approvals(configs, set(services)),
        aftercare=load_aftercare(configs, set(services)),
        conference=load_conference(configs),
        booking=load_appointment_terms(configs, set(services)),
    )


def _read(path: Path, model: type[M]) -> M:
    return model.model_validate(tomllib.loads(path.read_text("utf-8")))
