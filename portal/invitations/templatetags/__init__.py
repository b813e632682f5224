"""Template tags about invitations."""
