"""Trees of vessels and airways: grown to fill an organ, thick where much is supplied (Murray's law)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo.phantoms.canvas import Point, Tube


def grow_tree(
    targets: NDArray[np.float64], root: Point, root_radius: float, thinnest: float, detour: float = 0.35
) -> Tube:
    """Connect `targets` (n, 3) to `root`, near ones first.

    Each new target is joined to the node that makes the whole way from the root short (`detour` weighs it); the
    radius follows from the number of ends that a branch feeds, r^3 being the sum of its children's r^3.
    """
    nodes = np.vstack([np.array(root, float)[None, :], targets[np.argsort(((targets - root) ** 2).sum(1))]])
    parents = np.zeros(len(nodes), int)
    travelled = np.zeros(len(nodes))
    for index in range(1, len(nodes)):
        steps = np.sqrt(((nodes[:index] - nodes[index]) ** 2).sum(1))
        parents[index] = int(np.argmin(steps + detour * travelled[:index]))
        travelled[index] = travelled[parents[index]] + steps[parents[index]]
    load = np.ones(len(nodes))
    for index in range(len(nodes) - 1, 0, -1):
        load[parents[index]] += load[index]
    exponent = np.log(root_radius / thinnest) / np.log(load[0])
    radii = thinnest * load ** min(exponent, 0.5)
    child = np.arange(1, len(nodes))
    return Tube(
        nodes[parents[child]].astype(np.float32),
        nodes[child].astype(np.float32),
        np.minimum(radii[parents[child]], radii[child] * 1.35).astype(np.float32),
        radii[child].astype(np.float32),
    )


def thick_part(tree: Tube, thinnest: float) -> Tube:
    """The branches of a tree at least `thinnest` mm in radius."""
    keep = tree.end_radii >= thinnest
    return Tube(tree.starts[keep], tree.ends[keep], tree.start_radii[keep], tree.end_radii[keep])
