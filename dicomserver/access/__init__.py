"""Who may do what here, and who read what: peers, viewing sessions, revoked access, refused tokens."""
