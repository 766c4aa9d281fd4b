"""Model files: train, find, evaluate and export them, and read their cards."""
