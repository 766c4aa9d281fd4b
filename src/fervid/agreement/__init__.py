"""Agreement beyond chance between several raters of the same recordings."""

from fervid.agreement.compare import Agreement, compare

__all__ = ["Agreement", "compare"]
