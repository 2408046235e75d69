"""Settings and the catalogue: TOML in, validated core values out. An unknown key is an error."""

import csv
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from telemed.core.catalogue import (
    Catalogue,
    ConsentText,
    CriticalFinding,
    Deadline,
    FormField,
    FormSection,
    Reason,
    ServiceType,
    Template,
    Timers,
    Words,
)

M = TypeVar("M", bound=BaseModel)

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = ROOT / "configs"


class Settings(BaseModel):
    """All settings of a server; `configs/example.toml` explains each."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8042
    public_url: str = ""
    data_dir: Path = Path("data")
    database_url: str = ""
    redis_url: str = ""
    secret: str = ""
    configs: Path = CONFIGS
    web_dir: Path = ROOT / "web" / "dist"
    viewer_dir: Path = ROOT / "build" / "viewer"
    idle_minutes: int = Field(default=30, ge=1, le=480)
    session_hours: int = Field(default=12, ge=1, le=72)
    lockout_failures: int = Field(default=5, ge=3, le=20)
    lockout_minutes: int = Field(default=15, ge=1, le=1440)
    sockets_per_account: int = Field(default=5, ge=1, le=50)
    upload_max_bytes: int = Field(default=8 << 30, ge=1 << 20)
    free_space_reserve_bytes: int = Field(default=512 << 20, ge=0)
    render_workers: int = Field(default=2, ge=1, le=32)
    trusted_proxies: list[str] = []
    log_format: str = Field(default="json", pattern="^(json|console)$")
    demo: bool = False

    @property
    def origin(self) -> str:
        """The one origin browsers may call from."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def database(self) -> str:
        """The database address; SQLite in the data directory unless another is given."""
        return self.database_url or f"sqlite:///{self.data_dir / 'telemed.sqlite3'}"


def load_settings(path: Path | None, **overrides: Any) -> Settings:
    """Settings from a TOML file with overrides on top."""
    values = tomllib.loads(path.read_text("utf-8")) if path else {}
    return Settings(**{**values, **{k: v for k, v in overrides.items() if v is not None}})


# --- the catalogue ----------------------------------------------------------------------------


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Words(_Row):
    zh: str
    en: str

    def core(self) -> Words:
        return Words(self.zh, self.en)


class _Option(_Words):
    code: str


class _Field(_Row):
    key: str
    label: _Words
    type: str = Field(pattern="^(text|textarea|select|number|datetime|icd10|specimens|checks)$")
    required: bool = False
    required_when: str | None = None
    options: list[_Option] = []
    max_length: int = Field(default=2000, ge=1, le=20_000)
    help: _Words | None = None
    unit: str | None = None

    def core(self) -> FormField:
        return FormField(
            key=self.key,
            label=self.label.core(),
            type=self.type,
            required=self.required,
            required_when=self.required_when,
            options=tuple((o.code, o.core()) for o in self.options),
            max_length=self.max_length,
            help=None if self.help is None else self.help.core(),
            unit=self.unit,
        )


class _Section(_Row):
    key: str
    label: _Words
    fields: list[_Field]

    def core(self) -> FormSection:
        return FormSection(self.key, self.label.core(), tuple(f.core() for f in self.fields))


class _Service(_Row):
    code: str
    label: _Words
    status: str = Field(pattern="^(live|coming)$")
    number_prefix: str
    modalities: list[str]
    provider_scopes: list[str]
    reader_scopes: list[str]
    four_eyes: bool
    requires_study: bool
    form: list[_Section] = []
    report_form: list[_Section] = []

    def core(self) -> ServiceType:
        return ServiceType(
            code=self.code,
            label=self.label.core(),
            status=self.status,
            number_prefix=self.number_prefix,
            modalities=tuple(self.modalities),
            provider_scopes=tuple(self.provider_scopes),
            reader_scopes=tuple(self.reader_scopes),
            four_eyes=self.four_eyes,
            requires_study=self.requires_study,
            form=tuple(s.core() for s in self.form),
            report_form=tuple(s.core() for s in self.report_form),
        )


class _Services(_Row):
    service: list[_Service]


class _Deadline(_Row):
    service: str
    urgency: str = Field(pattern="^(routine|urgent|stat)$")
    minutes: int = Field(ge=1)
    modality: str | None = None
    frozen: bool | None = None


class _CriticalTimers(_Row):
    notify_minutes: int = Field(ge=1)
    acknowledge_minutes: int = Field(ge=1)


class _LeaseTimers(_Row):
    lease_minutes: int = Field(ge=1)
    heartbeat_seconds: int = Field(ge=5)


class _Deadlines(_Row):
    timezone: str
    deadline: list[_Deadline]
    critical: _CriticalTimers
    claim: _LeaseTimers


class _Reason(_Row):
    step: str
    code: str
    label: _Words
    services: list[str] = []


class _Reasons(_Row):
    reason: list[_Reason]


class _Template(_Row):
    code: str
    label: _Words
    service: str
    modalities: list[str] = []
    body_part: str = ""
    findings: str
    impression: str
    positive: bool


class _Templates(_Row):
    template: list[_Template]


class _Finding(_Row):
    code: str
    service: str
    label: _Words
    threshold: Mapping[str, Any] | None = None


class _Findings(_Row):
    finding: list[_Finding]


class _Consent(_Row):
    version: str
    zh: str
    en: str


def load_catalogue(configs: Path) -> Catalogue:
    """Everything that can be asked for, validated. A mistake in a file stops the start."""
    services = _read(configs / "service_types.toml", _Services)
    deadlines = _read(configs / "deadlines.toml", _Deadlines)
    reasons = _read(configs / "reasons.toml", _Reasons)
    templates = _read(configs / "templates.toml", _Templates)
    findings = _read(configs / "critical_findings.toml", _Findings)
    consent = _read(configs / "consent.toml", _Consent)
    return Catalogue(
        services={s.code: s.core() for s in services.service},
        deadlines=tuple(
            Deadline(d.service, d.urgency, d.minutes, d.modality, d.frozen)
            for d in deadlines.deadline
        ),
        timers=Timers(
            critical_notify=timedelta(minutes=deadlines.critical.notify_minutes),
            critical_acknowledge=timedelta(minutes=deadlines.critical.acknowledge_minutes),
            lease=timedelta(minutes=deadlines.claim.lease_minutes),
            heartbeat=timedelta(seconds=deadlines.claim.heartbeat_seconds),
        ),
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
        consent=ConsentText(consent.version, consent.zh, consent.en),
        icd10=tuple(_icd10(configs / "icd10.csv")),
    )


def _read(path: Path, model: type[M]) -> M:
    return model.model_validate(tomllib.loads(path.read_text("utf-8")))


def _icd10(path: Path) -> list[tuple[str, str, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [(r["code"], r["name_zh"], r["name_en"], r["pinyin"]) for r in rows]
