/** Applies presentation states to panes: greys, place, shutters and drawings. */

import { patientSpacing } from "../dicom/calibration.ts";
import type { Frame } from "../dicom/frames.ts";
import { pixelAspect } from "../dicom/geometry.ts";
import { ownWindow } from "../dicom/windows.ts";
import { FITTED } from "../engine/camera.ts";
import type { GreyPicture } from "../engine/picture.ts";
import { negative } from "../engine/rendering.ts";
import type { GivenGreys } from "../engine/shading.ts";
import { pixelWindow } from "../engine/shading.ts";
import { areaOnScreen, placementOf, stateShading, voiFor } from "./applying.ts";
import { groupOf } from "./drawing.ts";
import { drawGraphics, drawShutters } from "./graphic_shapes.ts";
import type { Layer, Pane } from "./host.ts";
import { refersTo } from "./references.ts";
import { openingsOf } from "./shutters.ts";
import type { LoadedState } from "./study_objects.ts";

export function liesOn({ state }: LoadedState, frame: Frame): boolean {
  return refersTo(state.images, frame);
}

export class StateLayer implements Layer {
  private readonly applied = new WeakMap<Pane, LoadedState>();

  on(pane: Pane): LoadedState | null {
    return this.applied.get(pane) ?? null;
  }

  /** Applies a state to a pane, or takes it off. */
  apply(pane: Pane, loaded: LoadedState | null): void {
    const { view } = pane;
    if (!loaded) {
      this.applied.delete(pane);
      view.greys = null;
      view.placement = FITTED;
      return;
    }
    this.applied.set(pane, loaded);
    view.setWindow(null);
    view.setInverted(false);
    view.greys = greysOf(loaded);
    const { frame } = view;
    const image = shapeOf(pane);
    if (!frame || !image || !liesOn(loaded, frame)) return;
    const { clientWidth: width, clientHeight: height } = pane.viewport;
    const spacing = patientSpacing(frame.dataSet);
    view.placement = placementOf(loaded.state, frame, image, { width, height }, spacing);
  }

  /** Other images are in the pane. */
  forget(pane: Pane): void {
    if (!this.applied.delete(pane)) return;
    pane.view.greys = null;
  }

  draw(pane: Pane): void {
    const loaded = this.on(pane);
    const { frame, affine } = pane.view;
    const image = shapeOf(pane);
    const isThere = pane.svg.querySelector(':scope > g[data-layer="state"]') !== null;
    if (!loaded && !isThere) return;
    const group = groupOf(pane.svg, "state");
    if (!loaded || !frame || !affine || !image || !liesOn(loaded, frame)) {
      group.replaceChildren();
      return;
    }
    const { state } = loaded;
    const size = { width: pane.viewport.clientWidth, height: pane.viewport.clientHeight };
    const graphics = state.graphics.filter(({ references }) => refersTo(references, frame));
    group.replaceChildren(
      ...drawShutters(openingsOf(state.shutter), affine, size),
      ...drawGraphics(graphics, { pixels: affine, area: areaOnScreen(state, frame, image, affine) }),
    );
  }
}

function shapeOf({ view }: Pane) {
  const { frame, shownPicture } = view;
  if (!frame || !shownPicture) return null;
  return { columns: shownPicture.columns, rows: shownPicture.rows, aspect: pixelAspect(frame.dataSet) };
}

/** The same greys for the same image, so that it is not shaded again. */
function greysOf(loaded: LoadedState): (frame: Frame, picture: GreyPicture) => GivenGreys | null {
  const kept = new WeakMap<GreyPicture, GivenGreys>();
  return (frame, picture) => {
    if (!liesOn(loaded, frame)) return null;
    const known = kept.get(picture);
    if (known) return known;
    const fallback = ownWindow(frame.dataSet) ?? pixelWindow(picture);
    const plain = stateShading(loaded.state, loaded.tables, picture, frame, fallback);
    const window = voiFor(loaded.state, frame)?.window ?? null;
    const greys = { plain, negative: negative(plain), window };
    kept.set(picture, greys);
    return greys;
  };
}
