"""`configs/conference.toml`, validated: what a line must carry, and the bridges of institutions."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from telemed.core.conference_rules import ConferenceRules, JoinCard, LineTerms


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Line(_Row):
    video_kbps: int = Field(ge=64, le=100_000)
    still_kbps: int = Field(ge=16, le=100_000)
    slow_ms: int = Field(ge=50, le=10_000)
    still_seconds: int = Field(ge=2, le=60)

    @model_validator(mode="after")
    def _are_in_order(self) -> "_Line":
        if self.still_kbps > self.video_kbps:
            raise ValueError("still_kbps is above video_kbps")
        return self


class _Media(_Row):
    peers_up_to: int = Field(ge=1, le=8)


class _Words(_Row):
    zh: str = ""
    en: str = ""


class _Bridge(_Row):
    institution: str
    bridge: str = Field(min_length=1, max_length=100)
    meeting: str = Field(min_length=1, max_length=40)
    pin: str = Field(default="", max_length=40)
    note: _Words = _Words()

    def core(self) -> JoinCard:
        return JoinCard(
            self.institution, self.bridge, self.meeting, self.pin, self.note.zh, self.note.en
        )


class _File(_Row):
    line: _Line
    media: _Media
    bridge: list[_Bridge] = []


def load_conference(configs: Path) -> ConferenceRules:
    """All of it; ValueError for two bridges of one institution."""
    told = _File.model_validate(tomllib.loads((configs / "conference.toml").read_text("utf-8")))
    cards = {one.institution: one.core() for one in told.bridge}
    if len(cards) < len(told.bridge):
        raise ValueError("conference.toml: two bridges of one institution")
    return ConferenceRules(LineTerms(**told.line.model_dump()), told.media.peers_up_to, cards)
