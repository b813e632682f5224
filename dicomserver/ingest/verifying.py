"""Re-checks the digests of all stored instances: a flipped bit, a lost file or a changed head is found."""

from collections.abc import Iterator
from dataclasses import dataclass

from dicomserver.archive import Archive
from dicomserver.index.models import Instance
from dicomserver.ingest.digests import split_sha256_of


@dataclass(frozen=True, slots=True)
class Damage:
    """One instance whose file is not what was received."""

    sop_instance_uid: str
    relative_path: str
    problem: str


def verified_instances(archive: Archive) -> Iterator[Damage | None]:
    """For each stored instance None, or what is wrong with it."""
    fields = ("sop_instance_uid", "relative_path", "file_bytes", "data_set_offset", "header_sha256", "data_set_sha256")
    for instance in Instance.objects.only(*fields).order_by("pk").iterator(chunk_size=1000):
        problem = damage_of(instance, archive)
        yield Damage(instance.sop_instance_uid, instance.relative_path, problem) if problem else None


def damage_of(instance: Instance, archive: Archive) -> str:
    """What is wrong with the instance's file, all of which is read; empty where nothing is."""
    path = archive.path_of(instance.relative_path)
    try:
        file_bytes = path.stat().st_size
        header_sha256, data_set_sha256 = split_sha256_of(path, instance.data_set_offset)
    except FileNotFoundError:
        return "the file is missing"
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    if file_bytes != instance.file_bytes:
        return f"the file has {file_bytes} bytes instead of {instance.file_bytes}"
    if data_set_sha256 != instance.data_set_sha256:
        return "the data set's digest differs"
    if header_sha256 != instance.header_sha256:
        return "the file meta's digest differs"
    return ""
