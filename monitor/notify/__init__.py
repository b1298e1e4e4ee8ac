"""Who is told what, and when: ladder decides, message words it, outbox keeps it, channels send."""
