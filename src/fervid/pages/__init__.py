"""Tables of `fervid predict` -> pages to look at a video with its expressions, and correct them."""

from fervid.pages.folder import write_page, write_pages

__all__ = ["write_page", "write_pages"]
