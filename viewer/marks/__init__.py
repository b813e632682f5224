"""Marks on images: measurements, drawings, arrows and key images, kept with all their versions."""
