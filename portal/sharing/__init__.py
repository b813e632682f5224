"""Share links: one study for whoever holds the link and knows the PIN."""
