"""The month-zero ledger: what must be in the system, what is missing, and how that stands."""
