/** Draws where the image of the active pane cuts those of the others. */
import type { Layer, Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import { cut, planeOf } from "./space.ts";

const SVG = "http://www.w3.org/2000/svg";

function newLine(name: string): SVGLineElement {
  const line = document.createElementNS(SVG, "line");
  line.setAttribute("class", name);
  return line;
}

export class ReferenceLines implements Layer {
  constructor(private readonly workspace: Workspace) {
    workspace.addLayer(this);
    workspace.on("shown", (pane) => pane === workspace.active && this.drawOthers());
    workspace.on("active", () => this.drawAll());
    workspace.on("layout", () => this.drawAll());
  }

  draw(pane: Pane): void {
    const group = this.groupOf(pane);
    const { active } = this.workspace;
    const plane = pane.view.frame && planeOf(pane.view.frame);
    const other = active.view.frame && planeOf(active.view.frame);
    // Planes of a volume have a crosshair.
    const hasCrosshair = pane.element.parentElement?.dataset.volume !== undefined;
    const line = pane !== active && plane && other && !hasCrosshair ? cut(other, plane) : null;
    group.toggleAttribute("hidden", line === null);
    group.style.setProperty("display", line ? "inline" : "none");
    if (!line) return;
    const [[x1, y1], [x2, y2]] = [pane.view.pixelToCanvas(line[0]), pane.view.pixelToCanvas(line[1])];
    for (const element of group.children) {
      for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) {
        element.setAttribute(name, value.toFixed(2));
      }
    }
  }

  private drawOthers(): void {
    for (const pane of this.workspace.panes) if (pane !== this.workspace.active) this.draw(pane);
  }

  private drawAll(): void {
    for (const pane of this.workspace.panes) this.draw(pane);
  }

  /** A dark line under a dashed one, so that it is seen on white too. */
  private groupOf({ svg }: Pane): SVGGElement {
    const known = svg.querySelector<SVGGElement>(":scope > .reference-line");
    if (known) return known;
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "reference-line");
    group.dataset.testid = "reference-line";
    group.append(newLine("reference-line-under"), newLine("reference-line-over"));
    svg.prepend(group);
    return group;
  }
}
