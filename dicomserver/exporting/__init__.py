"""Gives studies away as media (PS3.10): a tree of files with a DICOMDIR, in a folder or in a ZIP."""
