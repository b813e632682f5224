"""DIMSE: the process that modalities send to."""
