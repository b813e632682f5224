"""What any process of either project needs: settings from the environment, logs, databases, processes, folded text."""
