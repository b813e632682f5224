"""The append-only record of who did what, kept for the law; it knows nobody and refers to nothing."""
