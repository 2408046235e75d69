"""Dates and times of an object in the network's zone."""

import pytest

from telemed.dicom.times import at_home


@pytest.mark.parametrize(
    ("date", "time", "offset", "home"),
    [
        ("20260304", "233015", "+0000", ("20260305", "073015")),
        ("20260305", "0030", "+0900", ("20260304", "233000")),
        ("20251231", "200000.25", "-0330", ("20260101", "073000.25")),
        ("20260304", "233015", "+0800", ("20260304", "233015")),
        ("20260304", "233015", "", ("20260304", "233015")),
        ("20260304", "233015", "CST", ("20260304", "233015")),
        ("20260304", "", "+0000", ("20260304", "")),
        ("", "233015", "+0000", ("", "233015")),
        ("20260231", "noon", "+0000", ("20260231", "noon")),
    ],
)
def test_an_offset_of_its_own_is_believed(
    date: str, time: str, offset: str, home: tuple[str, str]
) -> None:
    """Over midnight and over the year; what is not three whole values stays as it is."""
    assert at_home(date, time, offset) == home
