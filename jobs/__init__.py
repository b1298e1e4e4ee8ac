"""What runs: one file a job, the scheduler and daemon, the HTTP endpoints, the command line."""
