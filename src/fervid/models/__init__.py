"""Trained models as files: shipped, trained, judged as they are, exported; what their cards say."""
