"""What a model was unsure or surprised about -> clips and stretches worth a person's look."""

from fervid.suggest.clips import Clips, suggest_clips
from fervid.suggest.stretches import suggest_stretches

__all__ = ["Clips", "suggest_clips", "suggest_stretches"]
