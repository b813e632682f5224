/** Zoom, place and window of one viewport as another can take them over: in mm, whatever the size of pixels. */
import { patientSpacing } from "../dicom/calibration.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import { sameWindow, type Window } from "../dicom/windows.ts";
import type { Pane } from "../panes/pane.ts";
import type { Relation } from "./counterpart.ts";
import { pixelAt, planeOf, pointAt } from "./space.ts";

/** Plain data, which may go to another window. */
export interface Look {
  /** What the shorter side of the viewport spans; null where lengths are not known. */
  readonly acrossMm: number | null;
  /** Against the whole image. */
  readonly zoom: number;
  /** The place in the patient that is in the middle. */
  readonly middle: Vector3 | null;
  /** From the middle of the image, along the screen. */
  readonly panMm: readonly [number, number] | null;
}

export interface Shade {
  readonly modality: string;
  /** null: each image's own. */
  readonly window: Window | null;
}

const [SMALLEST, LARGEST] = [0.05, 64];

function sizeOf({ viewport }: Pane): readonly [number, number] {
  return [Math.max(1, viewport.clientWidth), Math.max(1, viewport.clientHeight)];
}

export function lookOf(pane: Pane): Look | null {
  const { view } = pane;
  const { frame, placement } = view;
  if (!frame || !view.affine) return null;
  const spacing = patientSpacing(frame.dataSet);
  const plane = planeOf(frame);
  const [width, height] = sizeOf(pane);
  return {
    acrossMm: spacing && (Math.min(width, height) / view.zoom) * spacing[1],
    zoom: placement.zoom,
    middle: plane && pointAt(plane, view.canvasToPixel([width / 2, height / 2])),
    panMm: spacing && [placement.pan[0] * spacing[1], placement.pan[1] * spacing[1]],
  };
}

/** Shows the same part of the patient as large; true where the pane had an image to do it with. */
export function takeLook(pane: Pane, look: Look, relation: Relation): boolean {
  const { view } = pane;
  const { frame, placement } = view;
  if (!frame || !view.affine) return false;
  const spacing = patientSpacing(frame.dataSet);
  const [width, height] = sizeOf(pane);
  const fitted = view.zoom / placement.zoom;
  const wanted =
    look.acrossMm && spacing ? ((Math.min(width, height) / look.acrossMm) * spacing[1]) / fitted : look.zoom;
  const zoom = Math.min(LARGEST, Math.max(SMALLEST, wanted));
  const plane = planeOf(frame);
  let pan = placement.pan;
  if (relation === "space" && look.middle && plane) {
    const [x, y] = view.pixelToCanvas(pixelAt(plane, look.middle));
    pan = [pan[0] + (width / 2 - x) / view.zoom, pan[1] + (height / 2 - y) / view.zoom];
  } else if (look.panMm && spacing) {
    pan = [look.panMm[0] / spacing[1], look.panMm[1] / spacing[1]];
  }
  const changes =
    Math.abs(zoom - placement.zoom) > 1e-6 ||
    Math.hypot(pan[0] - placement.pan[0], pan[1] - placement.pan[1]) > 1e-4;
  if (changes) view.placement = { ...placement, zoom, pan };
  return true;
}

export function shadeOf(pane: Pane): Shade | null {
  const { view, modality, isColor } = pane;
  if (!view.frame || isColor) return null;
  return { modality, window: view.ownWindow ? null : view.window };
}

export function sameShade(a: Shade | null, b: Shade | null): boolean {
  if (!a || !b) return a === b;
  if (a.modality !== b.modality || !a.window || !b.window)
    return a.modality === b.modality && a.window === b.window;
  return sameWindow(a.window, b.window);
}

/** Only images of one modality share their windows: values of others mean other things. */
export function takeShade(pane: Pane, shade: Shade): void {
  const own = shadeOf(pane);
  if (own && own.modality === shade.modality && !sameShade(own, shade)) pane.view.setWindow(shade.window);
}
