"""What the portal must hear of, kept until it has: study reports and access events, delivered at least once."""
