"""What an error says: a code, and a sentence in both languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """What a code means: the sentence in both languages, with `{fact}` placeholders."""

    code: str
    zh: str
    en: str
