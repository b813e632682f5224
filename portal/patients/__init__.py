"""What patients see of themselves: their images, what they sent, and who looked."""
