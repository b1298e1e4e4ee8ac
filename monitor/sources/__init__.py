"""Where rows come in: files, databases and JSON services, read, normalised and landed."""
