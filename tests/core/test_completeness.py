"""What is missing before a request may be sent."""

from typing import Any

import pytest

from telemed.core.catalogue import FormField, FormSection, ServiceType, Words
from telemed.core.completeness import missing

W = Words("字", "word")
SERVICE = ServiceType(
    code="x",
    label=W,
    status="live",
    number_prefix="X",
    modalities=(),
    provider_scopes=(),
    reader_scopes=(),
    four_eyes=False,
    requires_study=True,
    form=(
        FormSection(
            "s",
            W,
            (
                FormField("reason", W, "text", required=True),
                FormField("pain", W, "checks"),
                FormField("onset", W, "datetime", required_when="pain"),
                FormField("note", W, "text"),
            ),
        ),
    ),
    report_form=(),
)
SIGNED = {"kind": "signed", "version": "1", "receiver": "P", "signer": "本人", "relation": "self"}


def gaps(content: dict[str, object] | None = None, **change: Any) -> list[str]:
    """The fields missing from a complete request with one thing changed."""
    given: dict[str, Any] = {
        "has_patient": True,
        "has_provider": True,
        "has_study": True,
        "upload_running": False,
        "consent": SIGNED,
        **change,
    }
    return [m.field for m in missing(SERVICE, content or {"reason": "x"}, **given)]


def test_a_complete_request_misses_nothing() -> None:
    """The base of the other cases."""
    assert gaps() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"has_patient": False}, "patient"),
        ({"has_provider": False}, "provider"),
        ({"has_study": False}, "studies"),
        ({"consent": None}, "consent"),
        ({"consent": {**SIGNED, "receiver": ""}}, "consent"),
        ({"consent": {**SIGNED, "version": ""}}, "consent"),
        ({"consent": {"kind": "waiver", "approver": "院长"}}, "waiver"),
        ({"under_14": True}, "guardian"),
    ],
)
def test_each_thing_missing_is_named(change: dict[str, Any], field: str) -> None:
    """One sentence per gap, and only for the gap."""
    assert gaps(**change) == [field]


def test_images_on_their_way_count_as_present() -> None:
    """A request may be sent while its images are still arriving."""
    assert gaps(has_study=False, upload_running=True) == []


def test_an_emergency_waiver_with_approver_and_reason_replaces_consent() -> None:
    """医师法 art. 27: the head or an authorised person approves."""
    assert gaps(consent={"kind": "waiver", "approver": "院长", "reason": "unconscious"}) == []


def test_a_field_is_required_when_another_is_ticked() -> None:
    """Onset of chest pain is asked only of those who have it."""
    assert gaps({"reason": "x", "pain": True}) == ["onset"]
    assert gaps({"reason": "x", "pain": False}) == []
    assert gaps({"reason": "x", "pain": True, "onset": "2026-11-22T00:00:00Z"}) == []


@pytest.mark.parametrize("blank", ["", "   ", None, [], {}])
def test_blank_is_missing(blank: object) -> None:
    """Spaces are no reason."""
    assert gaps({"reason": blank}) == ["reason"]
