"""What administrators watch: heartbeats of DICOM Servers, the console, health and metrics."""
