/** The tools with which one looks: scroll, window, zoom, move. */

import { dragged } from "../dicom/windows.ts";
import { isColor } from "../engine/loader.ts";
import { valueStep } from "../engine/picture.ts";
import type { Pane } from "../panes/pane.ts";
import type { Drag, Press, Tool } from "./tool.ts";

/** Pixels of dragging that make one image: the whole height is the whole series, but never under 2 px. */
export function pixelsPerImage(height: number, images: number): number {
  return Math.max(2, height / Math.max(images, 8));
}

/** A drag that acts on each step of the pointer. */
function steps(first: Press, act: (x: number, y: number, press: Press) => void): Drag {
  let [lastX, lastY] = first.point;
  return {
    move(press) {
      const [x, y] = press.point;
      act(x - lastX, y - lastY, press);
      [lastX, lastY] = [x, y];
    },
    end() {},
    cancel() {},
  };
}

/** Goes through the view, so that no drag waits for an image. */
const scroll: Tool = {
  name: "scroll",
  cursor: "ns-resize",
  begin(pane, press) {
    let rest = 0;
    return steps(press, (_x, y) => {
      const perImage = pixelsPerImage(pane.viewport.clientHeight, pane.view.count);
      rest += y;
      const images = Math.trunc(rest / perImage);
      rest -= images * perImage;
      if (images !== 0) pane.step(images);
    });
  },
};

export function dragWindow(pane: Pane, x: number, y: number): void {
  const { frame, window, shownPicture } = pane.view;
  const step = shownPicture?.kind === "grey" ? valueStep(shownPicture) : 1;
  if (frame && window && !isColor(frame)) pane.view.setWindow(dragged(window, x, y, step));
}

const windowTool: Tool = {
  name: "window",
  cursor: "crosshair",
  begin: (pane, press) => steps(press, (x, y) => dragWindow(pane, x, y)),
};

/** Up is nearer; the point under the first press stays where it is. */
const zoom: Tool = {
  name: "zoom",
  cursor: "zoom-in",
  begin: (pane, press) => steps(press, (_x, y) => pane.view.zoomBy(1.006 ** -y, press.point)),
};

const move: Tool = {
  name: "move",
  cursor: "grab",
  begin: (pane, press) => steps(press, (x, y) => pane.view.panBy(x, y)),
};

/** Draws a frame over the image and zooms to it. */
const zoomArea: Tool = {
  name: "zoom-area",
  cursor: "zoom-in",
  begin(pane, press) {
    const [startX, startY] = press.point;
    const box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    box.setAttribute("class", "rubber-band");
    pane.svg.append(box);
    let area = { x: startX, y: startY, width: 0, height: 0 };
    return {
      move({ point: [x, y] }) {
        area = {
          x: Math.min(x, startX),
          y: Math.min(y, startY),
          width: Math.abs(x - startX),
          height: Math.abs(y - startY),
        };
        for (const [name, value] of Object.entries(area)) box.setAttribute(name, String(value));
      },
      end() {
        box.remove();
        if (area.width >= 8 && area.height >= 8) pane.view.zoomTo(area);
      },
      cancel: () => box.remove(),
    };
  },
};

export const LOOK_TOOLS: readonly Tool[] = [scroll, windowTool, zoom, zoomArea, move];
