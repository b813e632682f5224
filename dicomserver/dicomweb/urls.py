"""The addresses of DICOMweb (PS3.18), health and metrics."""

from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter

from dicomserver.dicomweb.views import (
    archive,
    bulk,
    bundle,
    capabilities,
    delete,
    health,
    metadata,
    pixels,
    rendered,
    search,
    store,
    wado_uri,
)
from wire.uids import parse_uid


class UidConverter(StringConverter):
    """A UID of PS3.5 9.1; an address with anything else in its place does not exist."""

    regex = r"[0-9.]{1,64}"

    def to_python(self, value: str) -> str:
        """The UID; ValueError makes the address unknown."""
        return parse_uid(value)


class PathConverter(StringConverter):
    """The way to an element: `<tag>`, or before it `<sequence>/<item from 1>` for each sequence that it lies in."""

    regex = r"([0-9A-Fa-f]{8}/[1-9][0-9]{0,5}/){0,32}[0-9A-Fa-f]{8}"


register_converter(UidConverter, "uid")
register_converter(PathConverter, "element")

_STUDY = "dicomweb/studies/<uid:study>"
_SERIES = f"{_STUDY}/series/<uid:series>"
_INSTANCE = f"{_SERIES}/instances/<uid:instance>"

urlpatterns: list[URLPattern] = [
    # First, as it is asked for most and each is compared in turn.
    path(f"{_INSTANCE}/frames/<str:frame_list>", pixels.frames, name="frames"),
    path(f"{_SERIES}/frames", bundle.frames, name="series-frames"),
    path("dicomweb", capabilities.capabilities, name="service"),
    path("dicomweb/", capabilities.capabilities, name="capabilities"),
    path("dicomweb/studies", store.or_store(search.studies), name="search-studies"),
    path("dicomweb/series", search.every_series, name="search-every-series"),
    path("dicomweb/instances", search.every_instance, name="search-every-instance"),
    path(f"{_STUDY}/series", search.series, name="search-series"),
    path(f"{_STUDY}/instances", search.instances, name="search-instances"),
    path(f"{_SERIES}/instances", search.instances, name="search-instances-of-series"),
    path(f"{_STUDY}/metadata", metadata.metadata, name="study-metadata"),
    path(f"{_SERIES}/metadata", metadata.metadata, name="series-metadata"),
    path(f"{_INSTANCE}/metadata", metadata.metadata, name="instance-metadata"),
    path(f"{_STUDY}", delete.or_delete(store.or_store(pixels.instances)), name="study"),
    path(f"{_SERIES}", delete.or_delete(pixels.instances), name="series"),
    path(f"{_INSTANCE}", delete.or_delete(pixels.instances), name="instance"),
    path(f"{_STUDY}/archive", archive.archive, name="study-archive"),
    path(f"{_SERIES}/archive", archive.archive, name="series-archive"),
    path(f"{_INSTANCE}/bulkdata/<element:path>", bulk.bulk_data, name="bulk-data"),
    path(f"{_STUDY}/bulkdata", bulk.all_bulk_data, name="study-bulk-data"),
    path(f"{_SERIES}/bulkdata", bulk.all_bulk_data, name="series-bulk-data"),
    path(f"{_INSTANCE}/bulkdata", bulk.all_bulk_data, name="instance-bulk-data"),
    path(f"{_STUDY}/pixeldata", bulk.pixel_data, name="study-pixel-data"),
    path(f"{_SERIES}/pixeldata", bulk.pixel_data, name="series-pixel-data"),
    path(f"{_INSTANCE}/pixeldata", bulk.pixel_data, name="instance-pixel-data"),
    path(f"{_SERIES}/thumbnail", rendered.series_thumbnail, name="series-thumbnail"),
    path(f"{_STUDY}/thumbnail", rendered.series_thumbnail, name="study-thumbnail"),
    path(f"{_INSTANCE}/thumbnail", rendered.instance_thumbnail, name="instance-thumbnail"),
    path(f"{_INSTANCE}/frames/<str:frame_list>/thumbnail", rendered.instance_thumbnail, name="frame-thumbnail"),
    path(f"{_INSTANCE}/rendered", rendered.rendered, name="instance-rendered"),
    path(f"{_INSTANCE}/frames/<str:frame_list>/rendered", rendered.rendered_frames, name="frames-rendered"),
    path(f"{_SERIES}/rendered", rendered.rendered_instances, name="series-rendered"),
    path(f"{_STUDY}/rendered", rendered.rendered_instances, name="study-rendered"),
    path("dicomweb/wado", wado_uri.wado, name="wado-uri"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.metrics, name="metrics"),
]
