"""Figures of the papers and of fervid's reports, as PNG."""
