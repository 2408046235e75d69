"""The catalogue's services with their forms, operations and their levels, from files.

What a file says is validated here; what it means is in `core`. A mistake stops the start.
"""

import csv
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemed.core.catalogue import (
    Filming,
    FormField,
    FormSection,
    Guides,
    Material,
    ServiceType,
    WishedTime,
    Words,
)
from telemed.core.guidance_rules import EntryKind, Guidance
from telemed.core.material import MaterialRules
from telemed.core.operation import LevelRule, Levels

_TYPES: Final = (
    "^(text|textarea|select|number|datetime|icd10|operation|person|people|lines|specimens|checks"
    "|wording)$"
)


_TAKES: Final = frozenset({"text", "textarea", "icd10"})


class _Row(BaseModel):
    """A row of a file; what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid")


class CodedWords(_Row):
    """A label in both languages."""

    zh: str
    en: str

    def core(self) -> Words:
        """As the rules know it."""
        return Words(self.zh, self.en)


class _Option(CodedWords):
    code: str


class _Field(_Row):
    key: str
    label: CodedWords
    type: str = Field(pattern=_TYPES)
    required: bool = False
    required_when: str | None = None
    options: list[_Option] = []
    max_length: int = Field(default=2000, ge=1, le=20_000)
    help: CodedWords | None = None
    unit: str | None = None
    printed: bool = False

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
            printed=self.printed,
        )


class _Section(_Row):
    key: str
    label: CodedWords
    fields: list[_Field]

    def core(self) -> FormSection:
        return FormSection(self.key, self.label.core(), tuple(f.core() for f in self.fields))


class _Guides(_Row):
    level: str
    operator: str
    reason: str
    approver: str


class _Wished(_Row):
    at: str
    minutes: str | None = None


class _Filming(_Row):
    answer: str
    signer: str
    wording: str
    recording: list[str]
    teaching: list[str]

    def core(self) -> Filming:
        return Filming(
            self.answer, self.signer, self.wording, frozenset(self.recording),
            frozenset(self.teaching),
        )  # fmt: skip


class _Service(_Row):
    code: str
    label: CodedWords
    status: str = Field(pattern="^(live|coming)$")
    number_prefix: str
    modalities: list[str]
    provider_scopes: list[str]
    reader_scopes: list[str]
    four_eyes: bool
    requires_study: bool
    headline: str = "body_part"
    auto_next: bool = False
    meets: bool = False
    wished: _Wished | None = None
    material: Material = Material.IDENTIFIED
    continues: bool = False
    continues_label: CodedWords | None = None
    takes_over: dict[str, list[str]] = {}
    checklist: list[_Option] = Field(default=[], max_length=20)
    guides: _Guides | None = None
    streams: list[_Option] = []
    watchers: str | None = None
    filming: _Filming | None = None
    report_label: CodedWords = CodedWords(zh="诊断报告", en="Report")
    author_label: CodedWords = CodedWords(zh="报告医师", en="Reported by")
    meeting_label: CodedWords = CodedWords(zh="会诊", en="Consultation")
    begins: str = Field(default="request", pattern="^(request|course)$")
    form: list[_Section] = []
    report_form: list[_Section] = []
    outcome_form: list[_Section] = []

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
            headline=self.headline,
            auto_next=self.auto_next,
            meets=self.meets,
            wished=None if self.wished is None else WishedTime(**self.wished.model_dump()),
            material=self.material,
            continues=self.continues,
            continues_label=None if self.continues_label is None else self.continues_label.core(),
            takes_over={key: tuple(told) for key, told in self.takes_over.items()},
            checklist=tuple((o.code, o.core()) for o in self.checklist),
            guides=None if self.guides is None else Guides(**self.guides.model_dump()),
            streams=tuple((s.code, s.core()) for s in self.streams),
            watchers=self.watchers,
            filming=None if self.filming is None else self.filming.core(),
            outcome_form=tuple(s.core() for s in self.outcome_form),
            report_label=self.report_label.core(),
            author_label=self.author_label.core(),
            meeting_label=self.meeting_label.core(),
            begins=self.begins,
        )

    @model_validator(mode="after")
    def _taken_over_where_it_fits(self) -> Self:
        """Only what is begun from an earlier case takes anything over, into words and diagnoses."""
        types = {f.key: f.type for section in self.form for f in section.fields}
        if self.takes_over and self.continues_label is None:
            raise ValueError(f"{self.code}: nothing is begun from an earlier case")
        if self.continues_label is not None and not self.continues:
            raise ValueError(f"{self.code}: it names no earlier case")
        for key in self.takes_over:
            if types.get(key) not in _TAKES:
                raise ValueError(f"{self.code}: {key} is no field that takes words over")
        return self

    @model_validator(mode="after")
    def _guided_by_its_own_fields(self) -> Self:
        """What an operation is guided by are fields of the same form."""
        types = {f.key: f.type for section in self.form for f in section.fields}
        keys = types.keys()
        named = set() if self.guides is None else set(self.guides.model_dump().values())
        if self.watchers is not None and types.get(self.watchers) != "people":
            raise ValueError(f"{self.code}: {self.watchers} is no field that lists people")
        if self.filming is not None:
            named |= {self.filming.answer, self.filming.signer, self.filming.wording}
        if self.wished is not None and types.get(self.wished.at) != "datetime":
            raise ValueError(f"{self.code}: {self.wished.at} is no field that says a time")
        if self.wished is not None and self.wished.minutes is not None:
            named.add(self.wished.minutes)
        if named - keys:
            raise ValueError(f"{self.code}: no field {', '.join(sorted(named - keys))}")
        if self.guides is not None and self.guides.level != self.headline:
            raise ValueError(f"{self.code}: its level is what lists name it by, its headline")
        return self


class _Services(_Row):
    service: list[_Service]

    @model_validator(mode="after")
    def _taken_over_from_what_there_is(self) -> Self:
        """What is taken over is a field of some service's form or report."""
        forms = {f.key for one in self.service for part in one.form for f in part.fields}
        forms |= {f"report.{f.key}" for one in self.service for part in one.report_form
                  for f in part.fields}  # fmt: skip
        told = {key for one in self.service for keys in one.takes_over.values() for key in keys}
        if told - forms:
            raise ValueError(f"no field {', '.join(sorted(told - forms))}")
        return self


_Title = Annotated[str, Field(pattern=r"^23\d$")]


class _Level(_Row):
    code: str
    operator: _Title
    operator_years: int = Field(ge=0, le=40)
    guide: _Title
    guide_years: int = Field(ge=0, le=40)


class _Levels(_Row):
    approver: _Title
    level: list[_Level]


def load_services(configs: Path) -> dict[str, ServiceType]:
    """The services by code."""
    told = _Services.model_validate(_toml(configs / "service_types.toml"))
    levels = _levels(configs)
    found = [s.core() for s in told.service]
    return {
        s.code: s if s.guides is None else replace(s, guides=replace(s.guides, levels=levels))
        for s in found
    }


def _levels(configs: Path) -> Levels:
    """Who may do operations of which level, and guide them."""
    told = _Levels.model_validate(_toml(configs / "operation_levels.toml"))
    return Levels(
        approver=told.approver,
        rules={row.code: LevelRule(**row.model_dump(exclude={"code"})) for row in told.level},
    )


class _Kind(_Row):
    code: str
    label: CodedWords
    marked: bool = False


class _Guidance(_Row):
    version: str
    late_hours: int = Field(ge=0, le=168)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    kind: list[_Kind] = Field(min_length=1)


def load_guidance(configs: Path) -> Guidance:
    """The responsibility note, and what may be entered while an operation is guided."""
    told = _Guidance.model_validate(_toml(configs / "guidance.toml"))
    kinds = {k.code: EntryKind(k.code, (k.label.zh, k.label.en), k.marked) for k in told.kind}
    late = timedelta(hours=told.late_hours)
    return Guidance(told.version, told.zh.strip(), told.en.strip(), late, kinds)


class _Material(_Row):
    modalities: list[str]
    sop_classes: list[str]
    least_shift_days: int = Field(ge=1)
    most_shift_days: int = Field(le=3650)


def load_material(configs: Path) -> MaterialRules:
    """Where names may be burnt into pixels, and how days are told."""
    told = _Material.model_validate(_toml(configs / "deidentification.toml"))
    return MaterialRules(
        modalities=frozenset(told.modalities),
        sop_classes=tuple(told.sop_classes),
        least_shift_days=told.least_shift_days,
        most_shift_days=told.most_shift_days,
    )


def load_codes(path: Path) -> tuple[tuple[str, str, str, str], ...]:
    """A code list: code, Chinese name, English name, pinyin initials."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return tuple((r["code"], r["name_zh"], r["name_en"], r["pinyin"]) for r in rows)


def _toml(path: Path) -> dict[str, object]:
    return tomllib.loads(path.read_text("utf-8"))
