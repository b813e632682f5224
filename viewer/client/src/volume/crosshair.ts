/** The crosshair on a plane: where its lines run, what of it lies under the pointer, how it is drawn. */
import type { PlaneName } from "./planes.ts";

export type Point = readonly [x: number, y: number];

/** One line of the crosshair: where another plane cuts this one. */
export interface Line {
  readonly plane: PlaneName;
  /** Unit vector on the screen. */
  readonly way: Point;
}

export interface Cross {
  readonly center: Point;
  readonly lines: readonly Line[];
}

/** What a press may take hold of. */
export type Grip = { readonly kind: "center" } | { readonly kind: "turn"; readonly from: number };

/** CSS pixels left free around the centre, so that it can be seen. */
export const GAP = 14;

/** Turning handles sit at this share of the viewport's shorter side from the centre. */
const HANDLE_AT = 0.36;

export function handleDistance(width: number, height: number): number {
  return Math.max(40, Math.min(width, height) * HANDLE_AT);
}

function distance([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(ax - bx, ay - by);
}

/** Both handles of a line. */
export function handlesOf({ center }: Cross, { way }: Line, away: number): readonly [Point, Point] {
  return [
    [center[0] + way[0] * away, center[1] + way[1] * away],
    [center[0] - way[0] * away, center[1] - way[1] * away],
  ];
}

/** Angle of a point as seen from the centre, clockwise on the screen (radians). */
export function angleOf({ center }: Cross, point: Point): number {
  return Math.atan2(point[1] - center[1], point[0] - center[0]);
}

/** What lies under a point, within `reach` CSS pixels; handles before the centre, the centre before nothing. */
export function gripAt(cross: Cross, point: Point, away: number, reach: number): Grip | null {
  for (const line of cross.lines) {
    if (handlesOf(cross, line, away).some((handle) => distance(handle, point) <= reach)) {
      return { kind: "turn", from: angleOf(cross, point) };
    }
  }
  return distance(cross.center, point) <= Math.max(reach, GAP) ? { kind: "center" } : null;
}

const SVG = "http://www.w3.org/2000/svg";

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

function lineElements(cross: Cross, line: Line, away: number, size: number): SVGElement[] {
  const [x, y] = cross.center;
  const [dx, dy] = line.way;
  const halves = [1, -1].flatMap((side) => {
    const ends = {
      x1: x + dx * GAP * side,
      y1: y + dy * GAP * side,
      x2: x + dx * size * side,
      y2: y + dy * size * side,
    };
    return [
      element("line", { ...ends, class: "crosshair-shadow" }),
      element("line", { ...ends, class: "crosshair-line", "data-plane": line.plane }),
    ];
  });
  const handles = handlesOf(cross, line, away).map(([cx, cy]) =>
    element("circle", { cx, cy, r: 5, class: "crosshair-handle", "data-plane": line.plane }),
  );
  return [...halves, ...handles];
}

/** Draws the crosshair into the overlay of a pane, in place of the one before. */
export function drawCross(svg: SVGSVGElement, cross: Cross | null, width: number, height: number): void {
  svg.querySelector(".crosshair")?.remove();
  if (!cross) return;
  const group = element("g", { class: "crosshair" });
  const away = handleDistance(width, height);
  for (const line of cross.lines) group.append(...lineElements(cross, line, away, width + height));
  const [cx, cy] = cross.center;
  group.append(element("circle", { cx, cy, r: 3, class: "crosshair-center" }));
  svg.prepend(group);
}
