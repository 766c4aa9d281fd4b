"""DTAGN [1]: appearance over frames and geometry over trajectories, jointly fine-tuned."""
