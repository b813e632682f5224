"""The catalogue: holdings of studies as DICOM Servers report them."""
