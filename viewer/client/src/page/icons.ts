/** Icons of the portal's sprite. */
import { mark } from "./elements.ts";

const SVG = "http://www.w3.org/2000/svg";

/** An icon that says nothing to a screen reader: it stands beside a word. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons ?? ""}#${name}`);
  svg.append(use);
  return svg;
}

/** Shows another icon in an element that has one. */
export function changeIcon(element: Element, name: string): void {
  const use = element.querySelector("svg.icon use");
  if (use) mark(use, "href", `${document.body.dataset.icons ?? ""}#${name}`);
}
