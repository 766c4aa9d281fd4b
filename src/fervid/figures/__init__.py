"""The papers' pictures."""
