"""Several raters of the same recordings -> how far they agree, beyond chance."""

from fervid.agreement.compare import Agreement, compare

__all__ = ["Agreement", "compare"]
