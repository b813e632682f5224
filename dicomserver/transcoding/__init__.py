"""Pixel data out of one transfer syntax and into another: frames decoded, frames encoded, whole instances."""
