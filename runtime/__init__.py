"""What any process of either project needs to start: settings from the environment, logs, databases, processes."""
