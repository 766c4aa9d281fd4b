"""Databases as they are delivered -> clips."""
