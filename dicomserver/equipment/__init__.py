"""Asks the machines around the server regularly whether they are there (C-ECHO), for those who watch over them."""
