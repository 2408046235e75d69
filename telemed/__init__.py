"""telemed: remote consultation and diagnosis for hospital alliances."""

__version__ = "0.1.0"
