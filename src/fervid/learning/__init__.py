"""Training, knowing no paper."""
