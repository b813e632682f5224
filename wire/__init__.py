"""The contract between portal and DICOM Server: messages, tokens, credentials and routes."""
