"""Clip -> Track: what is seen of a face, frame by frame."""
