"""The servers that take part: ours with all its processes, Orthanc, and dcmtk's storescp."""

from benchmarks.servers.ours import OurServer
from benchmarks.servers.peers import Orthanc, Storescp

__all__ = ["Orthanc", "OurServer", "Storescp"]
