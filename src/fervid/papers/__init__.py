"""The papers' published numbers, and their reproduction."""
