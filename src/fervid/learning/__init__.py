"""Training that is independent of any one paper."""
