/** Renders one image away from the screen: all its decoded values, through a window, at any size. */
import type { Frame } from "../dicom/frames.ts";
import { pixelAspect } from "../dicom/geometry.ts";
import { ownWindow, type Window } from "../dicom/windows.ts";
import { type Affine, affineOf, type ImageShape, type Placement, type Size } from "../engine/camera.ts";
import type { GreyPicture, Picture } from "../engine/picture.ts";
import { draw, type Shading } from "../engine/rendering.ts";
import { type GivenGreys, pixelWindow, shadingOf } from "../engine/shading.ts";

export type Greys = (frame: Frame, picture: GreyPicture) => GivenGreys | null;

export interface Look {
  /** null: the image's own, or one made from its pixels where it brings none. */
  readonly window: Window | null;
  readonly inverted: boolean;
  /** Where the image lies; zoom 1 is the whole of it. */
  readonly placement: Placement;
  /** CSS colour of what the image leaves free. */
  readonly background: string;
  /** Greys that something else than a window makes, as a presentation state does; null: none for this image. */
  readonly greys?: Greys | null;
  /** Height of a pixel over its width, where the image's own say is not what counts. */
  readonly aspect?: number;
}

export type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

export function shapeOf(frame: Frame, { columns, rows }: Picture): ImageShape {
  return { columns, rows, aspect: pixelAspect(frame.dataSet) };
}

/** Pixels of an image at its own size; where pixels are not square, rows are stretched. */
export function nativeSize(frame: Frame, picture: Picture, rotation: number): Size {
  const { columns, rows, aspect } = shapeOf(frame, picture);
  const [width, height] = [columns, Math.max(1, Math.round(rows * aspect))];
  return Math.abs(rotation % 180) === 90 ? { width: height, height: width } : { width, height };
}

/** The window with which an image is drawn; null for colours. */
export function windowFor(frame: Frame, picture: Picture, chosen: Window | null): Window | null {
  if (picture.kind === "color") return null;
  return chosen ?? ownWindow(frame.dataSet) ?? pixelWindow(picture);
}

function shadingFor(frame: Frame, picture: Picture, look: Look): Shading {
  const given = picture.kind === "grey" ? look.greys?.(frame, picture) : null;
  if (given) return look.inverted ? given.negative : given.plain;
  const window = windowFor(frame, picture, look.window);
  return shadingOf(frame, picture, window, look.window !== null, look.inverted);
}

/** The picture in its own pixels, as shades. */
function shaded(frame: Frame, picture: Picture, look: Look): OffscreenCanvas {
  const { columns, rows } = picture;
  const canvas = new OffscreenCanvas(columns, rows);
  const data = new ImageData(columns, rows);
  const shading = shadingFor(frame, picture, look);
  draw(picture, shading, look.inverted, new Uint32Array(data.data.buffer));
  canvas.getContext("2d")?.putImageData(data, 0, 0);
  return canvas;
}

/** Draws into the rectangle from 0, 0 to `size` of a context; returns the map from pixels of the image to it. */
export function drawImage(context: Context, frame: Frame, picture: Picture, look: Look, size: Size): Affine {
  const shape = shapeOf(frame, picture);
  const affine = affineOf({ ...shape, aspect: look.aspect ?? shape.aspect }, size, look.placement);
  const { a, b, c, d, e, f } = affine;
  context.save();
  context.beginPath();
  context.rect(0, 0, size.width, size.height);
  context.clip();
  context.fillStyle = look.background;
  context.fillRect(0, 0, size.width, size.height);
  context.transform(a, b, c, d, e, f);
  // One pixel for one pixel stays exact; making smaller needs all the pixels to count.
  const scale = Math.hypot(a, b);
  context.imageSmoothingEnabled = Math.abs(scale - 1) > 1e-9 || Math.abs(Math.hypot(c, d) - 1) > 1e-9;
  context.imageSmoothingQuality = scale < 0.8 ? "high" : "medium";
  context.drawImage(shaded(frame, picture, look), -0.5, -0.5);
  context.restore();
  return affine;
}

export function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("the browser gives no canvas to draw on");
  return context;
}

/** Draws over an image: `affine` leads from its pixels to the canvas. */
export type Overlay = (context: Context, affine: Affine) => void;

/** The image on a canvas of its own. */
export function renderImage(
  frame: Frame,
  picture: Picture,
  look: Look,
  size: Size,
  overlay?: Overlay,
): OffscreenCanvas {
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = contextOf(canvas);
  const affine = drawImage(context, frame, picture, look, size);
  overlay?.(context, affine);
  return canvas;
}
