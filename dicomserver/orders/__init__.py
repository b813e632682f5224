"""What is to be done and what was done: orders with scheduled steps, performed steps, and announced instances."""
