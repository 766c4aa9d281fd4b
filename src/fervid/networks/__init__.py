"""Networks that several systems share, and weights from elsewhere."""
