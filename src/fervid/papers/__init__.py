"""The papers' printed numbers, and ours beside them."""
