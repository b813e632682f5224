/** SVG elements over an image, and the map from its pixels to the screen. */
import type { PixelMap } from "./placing.ts";

const SVG = "http://www.w3.org/2000/svg";

export type Point = readonly [x: number, y: number];

export function svgElement(
  name: string,
  attributes: Readonly<Record<string, string | number>> = {},
): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** The group of a layer in an overlay: made once, in the order in which layers first draw. */
export function groupOf(svg: SVGSVGElement, name: string): SVGElement {
  const known = svg.querySelector<SVGElement>(`:scope > g[data-layer="${name}"]`);
  if (known) return known;
  const group = svgElement("g", { "data-layer": name });
  svg.append(group);
  return group;
}

export function mapped({ a, b, c, d, e, f }: PixelMap, [x, y]: Point): Point {
  return [a * x + c * y + e, b * x + d * y + f];
}

/** First the inner map, then the outer one. */
export function combined(outer: PixelMap, inner: PixelMap): PixelMap {
  const [e, f] = mapped(outer, [inner.e, inner.f]);
  return {
    a: outer.a * inner.a + outer.c * inner.b,
    b: outer.b * inner.a + outer.d * inner.b,
    c: outer.a * inner.c + outer.c * inner.d,
    d: outer.b * inner.c + outer.d * inner.d,
    e,
    f,
  };
}

export function matrix({ a, b, c, d, e, f }: PixelMap): string {
  return `matrix(${a} ${b} ${c} ${d} ${e} ${f})`;
}

function written([x, y]: Point): string {
  return `${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100}`;
}

/** A path through points of the screen. */
export function path(points: readonly Point[], closed: boolean): string {
  return points.length === 0 ? "" : `M${points.map(written).join("L")}${closed ? "Z" : ""}`;
}

/** Points of an ellipse by its middle and the ends of two half axes. */
export function ellipse(middle: Point, first: Point, second: Point): Point[] {
  const [fx, fy] = [first[0] - middle[0], first[1] - middle[1]];
  const [sx, sy] = [second[0] - middle[0], second[1] - middle[1]];
  return Array.from({ length: 72 }, (_, step) => {
    const angle = (step * Math.PI) / 36;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [middle[0] + fx * cos + sx * sin, middle[1] + fy * cos + sy * sin];
  });
}

/** A smooth line through points (Catmull-Rom). */
export function curve(points: readonly Point[]): Point[] {
  if (points.length < 3) return [...points];
  const at = (index: number) => points[Math.max(0, Math.min(points.length - 1, index))] as Point;
  const through: Point[] = [];
  for (let index = 0; index + 1 < points.length; index += 1) {
    const [p0, p1, p2, p3] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    for (let step = 0; step < 12; step += 1) {
      const t = step / 12;
      const of = (axis: 0 | 1) =>
        0.5 *
        (2 * p1[axis] +
          (p2[axis] - p0[axis]) * t +
          (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t +
          (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t * t * t);
      through.push([of(0), of(1)]);
    }
  }
  return [...through, at(points.length - 1)];
}
