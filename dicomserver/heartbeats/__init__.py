"""Tells the portal how this server is, and learns from it whose tokens to believe and whose access has ended."""
