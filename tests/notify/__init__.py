"""The alerts: who is told what, when, and how it gets there."""
