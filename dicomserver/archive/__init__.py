"""The archive: files on disk, written so that what is acknowledged survives a crash. Knows no Django."""
