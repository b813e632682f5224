/** Draws the graphics of a presentation state over an image. */
import { curve, ellipse, mapped, type Point, path, svgElement } from "./drawing.ts";
import type { Graphic, Shape, Space, Words } from "./graphics.ts";
import type { PixelMap } from "./placing.ts";
import type { Opening } from "./shutters.ts";

/** Where a graphic's coordinates lie on the screen. */
export interface Screen {
  /** From pixels of the image to CSS pixels. */
  readonly pixels: PixelMap;
  /** The displayed area, in CSS pixels. */
  readonly area: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}

function placed(screen: Screen, space: Space, [x, y]: Point): Point {
  const { left, top, width, height } = screen.area;
  return space === "display" ? [left + x * width, top + y * height] : mapped(screen.pixels, [x, y]);
}

function middleOf(a: Point, b: Point): Point {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** The outline in the shape's own coordinates: circles and ellipses as many points. */
export function outline({ kind, points }: Shape): { points: Point[]; closed: boolean } {
  const [first, second, third, fourth] = points;
  if (kind === "circle" && first && second) {
    const radius = Math.hypot(second[0] - first[0], second[1] - first[1]);
    const [x, y] = first;
    return { points: ellipse(first, [x + radius, y], [x, y + radius]), closed: true };
  }
  if (kind === "ellipse" && first && second && third && fourth) {
    return { points: ellipse(middleOf(first, second), second, fourth), closed: true };
  }
  if (kind === "curve") return { points: curve(points), closed: false };
  return { points: [...points], closed: false };
}

function drawShape(shape: Shape, screen: Screen): SVGElement {
  const style = shape.filled ? "pr-shape pr-filled" : "pr-shape";
  if (shape.kind === "point") {
    const [cx, cy] = placed(screen, shape.space, shape.points[0] as Point);
    return svgElement("circle", { class: `${style} pr-filled`, cx, cy, r: 3 });
  }
  const { points, closed } = outline(shape);
  return svgElement("path", {
    class: style,
    d: path(
      points.map((point) => placed(screen, shape.space, point)),
      closed,
    ),
  });
}

const LINE = 16;

function drawWords({ text, box, anchor }: Words, screen: Screen): SVGElement[] {
  const at = anchor && placed(screen, anchor.space, anchor.point);
  const corner = box && placed(screen, box.space, box.topLeft);
  const [x, y] = corner ?? (at ? [at[0] + 8, at[1] - 8] : [0, 0]);
  const lines = text.split(/\r\n|\r|\n/).slice(0, 30);
  const words = svgElement("text", { class: "pr-text", x, y: y + (corner ? LINE : 0) });
  lines.forEach((line, index) => {
    const span = svgElement("tspan", { x, dy: index === 0 ? 0 : LINE });
    span.textContent = line;
    words.append(span);
  });
  const isJoined = at && corner && anchor?.visible;
  return isJoined
    ? [svgElement("path", { class: "pr-shape", d: path([at, corner], false) }), words]
    : [words];
}

export function drawGraphics(graphics: readonly Graphic[], screen: Screen): SVGElement[] {
  return graphics.flatMap(({ shapes, words }) => [
    ...shapes.map((shape) => drawShape(shape, screen)),
    ...words.flatMap((one) => drawWords(one, screen)),
  ]);
}

function edge(opening: Opening): Point[] {
  if (opening.kind === "polygon") return [...opening.points];
  if (opening.kind === "circle") {
    const [x, y] = opening.center;
    return ellipse([x, y], [x + opening.radius, y], [x, y + opening.radius]);
  }
  const [left, top] = opening.topLeft;
  const [right, bottom] = opening.bottomRight;
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

/** Black over all but the openings; one path each, so that only what is in all of them stays. */
export function drawShutters(
  openings: readonly Opening[],
  pixels: PixelMap,
  size: { readonly width: number; readonly height: number },
): SVGElement[] {
  const all = `M0 0H${size.width}V${size.height}H0Z`;
  return openings.map((opening) => {
    const hole = path(
      edge(opening).map((point) => mapped(pixels, point)),
      true,
    );
    return svgElement("path", { class: "shutter", "fill-rule": "evenodd", d: all + hole });
  });
}
