"""DICOMweb: answers the viewer from the index and the archive, to whoever brings a token of the portal."""
