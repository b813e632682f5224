/** Where an image lies on the screen: one affine map from its pixels to CSS pixels of the viewport. */

export type Point = readonly [x: number, y: number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How an image is placed, independent of the viewport's size. */
export interface Placement {
  /** 1: the whole image fits into the viewport. */
  readonly zoom: number;
  /** From the middle of the viewport, in pixels of the image along the screen's axes. */
  readonly pan: Point;
  /** Degrees clockwise. */
  readonly rotation: number;
  /** Mirrored left to right, before it is turned. */
  readonly flipped: boolean;
}

export const FITTED: Placement = { zoom: 1, pan: [0, 0], rotation: 0, flipped: false };

/** Pixels to screen: x' = a x + c y + e, y' = b x + d y + f. */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export function apply({ a, b, c, d, e, f }: Affine, [x, y]: Point): Point {
  return [a * x + c * y + e, b * x + d * y + f];
}

export function inverse({ a, b, c, d, e, f }: Affine): Affine {
  const det = a * d - b * c;
  return {
    a: d / det,
    b: -b / det,
    c: -c / det,
    d: a / det,
    e: (c * f - d * e) / det,
    f: (b * e - a * f) / det,
  };
}

export interface ImageShape {
  readonly columns: number;
  readonly rows: number;
  /** Height of a pixel over its width. */
  readonly aspect: number;
}

/** CSS pixels for one pixel of the image along its rows, when the whole of it fits. */
export function fitScale({ columns, rows, aspect }: ImageShape, viewport: Size, rotation: number): number {
  const turned = Math.abs(rotation % 180) === 90;
  const [width, height] = turned ? [rows * aspect, columns] : [columns, rows * aspect];
  return Math.min(viewport.width / width, viewport.height / height);
}

/** The map of an image whose first pixel has its centre at [0, 0]. */
export function affineOf(image: ImageShape, viewport: Size, placement: Placement): Affine {
  const scale = fitScale(image, viewport, placement.rotation) * placement.zoom;
  const angle = (placement.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const mirror = placement.flipped ? -1 : 1;
  const [sx, sy] = [scale * mirror, scale * image.aspect];
  const linear = { a: cos * sx, b: sin * sx, c: -sin * sy, d: cos * sy };
  const [x, y] = [(image.columns - 1) / 2, (image.rows - 1) / 2];
  const [panX, panY] = placement.pan;
  return {
    ...linear,
    e: viewport.width / 2 + panX * scale - (linear.a * x + linear.c * y),
    f: viewport.height / 2 + panY * scale - (linear.b * x + linear.d * y),
  };
}

/** The placement after zooming so that one point of the screen keeps its place. */
export function zoomedAt(
  image: ImageShape,
  viewport: Size,
  placement: Placement,
  factor: number,
  [x, y]: Point,
): Placement {
  const zoom = Math.min(64, Math.max(0.05, placement.zoom * factor));
  const before = fitScale(image, viewport, placement.rotation) * placement.zoom;
  const after = (before * zoom) / placement.zoom;
  const [panX, panY] = placement.pan;
  const [fromX, fromY] = [x - viewport.width / 2, y - viewport.height / 2];
  const pan: Point = [
    (fromX - (fromX - panX * before) * (after / before)) / after,
    (fromY - (fromY - panY * before) * (after / before)) / after,
  ];
  return { ...placement, zoom, pan };
}
