"""Networks that several systems share, and import of published weights."""
