"""Who reads what: viewing sessions, revoked access and refused tokens, told to the portal's audit by the outbox."""
