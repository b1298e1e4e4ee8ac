"""Servers on loopback that answer as the real ones do."""
