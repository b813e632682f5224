"""What is measured of the viewers, and what is wanted."""

from __future__ import annotations

from functools import partial

from benchmarks.plans import Row
from benchmarks.viewer.ohif import NAME as OHIF

PREVIEW = "preview"
FIRST = "first image"
DECODED = "all 555 frames decoded"
LONGEST = "longest task meanwhile"
LONG = "tasks over 100 ms meanwhile"
SCROLLED = 100
SCROLLING = "scrolling 100 slices"
STUCK = "slices that did not come"
MEMORY = "memory of the tab"
PLANES = "three planes"
PLANES_MEMORY = "memory with three planes"
SOON = "frames 25 s after the start"
REQUESTS = "requests before the first frame"
MEGABYTES = "what they load"

HALF = 2.0
SEVEN_TENTHS = 1 / 0.7

row = partial(Row, against=OHIF)
AT_ONCE = (
    row(PREVIEW),
    row(FIRST, target=HALF, limit=1.0),
    row(DECODED, target=SEVEN_TENTHS),
    row(LONGEST, "ms", limit=100.0),
    row(LONG, "tasks"),
    row(SCROLLING, "1/s", more_is_better=True, limit=30.0),
    row(STUCK, "slices"),
    row(MEMORY, "MB", target=1.0),
    row(PLANES, target=SEVEN_TENTHS),
    row(PLANES_MEMORY, "MB", target=1.0),
)
SLOW = (row(PREVIEW), row(FIRST, target=HALF), row(SOON, "frames", more_is_better=True))
SLOWEST = (row(PREVIEW), row(FIRST, target=HALF))
COLD = (row(REQUESTS, "requests", limit=10.0), row(MEGABYTES, "MB gzip", limit=1.4))
