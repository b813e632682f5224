"""Queries over the index by attributes (PS3.4 C.2.2.2), one engine for C-FIND and QIDO-RS."""
