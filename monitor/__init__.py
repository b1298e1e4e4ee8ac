"""What the system knows and whom it talks to: standard, store, sources, ledger, notify, metrics."""
