"""Makes machines known to a DICOM Server of the demonstration, by the commands of its operator."""

from tests.demonstration import Demonstration, Server


def machine_token(demonstration: Demonstration, server: Server, name: str, *services: str) -> str:
    """The HTTP token of a new machine with the services; one of that name goes first."""
    if name in [line.partition("\t")[0] for line in demonstration.manage(server, "list_peers").splitlines()]:
        demonstration.manage(server, "remove_peer", name)
    return demonstration.manage(server, "add_peer", name, "--http", "--services", ",".join(services)).strip()
