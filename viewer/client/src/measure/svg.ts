/** Makes the elements of which marks are drawn. */
import type { Point } from "./marks.ts";

const NAMESPACE = "http://www.w3.org/2000/svg";

export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Element | string)[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A path through points. */
export function pathData(points: readonly Point[]): string {
  return points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${rounded(x)} ${rounded(y)}`).join("");
}

const FONT = '600 13px system-ui, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';
let ruler: CanvasRenderingContext2D | null | undefined;

/** Width of a text on a plate (px). */
export function textWidth(text: string): number {
  ruler ??= document.createElement("canvas").getContext("2d");
  if (!ruler) return text.length * 8;
  ruler.font = FONT;
  return Math.ceil(ruler.measureText(text).width);
}
