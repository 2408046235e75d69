"""What goes with an answer is refused where its files cannot be meant, by the file's name."""

import shutil
from pathlib import Path

import pytest

from telemed.settings import CONFIGS, load_catalogue


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("accompanying.toml", '"surgery_guidance"', '"surgery"'),
        ("follow_up.toml", "lapse_days = 14", "lapse_days = 2"),
        ("follow_up.toml", 'code = "stable"', 'code = "improved"'),
        ("evaluation.toml", 'provider = ["completeness", ', 'provider = ["cleanness", '),
        ("evaluation.toml", '"case_discussion", ', '"consultation", '),
        ("fees.toml", 'code = "consultation-further"', 'code = "consultation-first"'),
        ("fees.toml", "percent = 25", "percent = 25\nprice = 100"),
        ("fees.toml", "price = 20000", "price = -1"),
        ("fees.toml", 'service = "case_discussion"', 'service = "discussion"'),
    ],
)
def test_a_mistake_stops_the_start(tmp_path: Path, file: str, was: str, becomes: str) -> None:
    """The shipped files load; each of these does not."""
    shutil.copytree(CONFIGS, tmp_path / "configs")
    path = tmp_path / "configs" / file
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes, 1), "utf-8")
    with pytest.raises(ValueError):
        load_catalogue(tmp_path / "configs")
