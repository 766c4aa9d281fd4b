"""The built-in database: faces that fervid draws itself."""
