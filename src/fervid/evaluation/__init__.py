"""Folds -> an honest report."""
