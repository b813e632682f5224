"""Invitations by e-mail: how somebody who is not known yet comes to an account."""
