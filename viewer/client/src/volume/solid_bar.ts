/** The bar of 3D: looks, views, cuts, how far the drawing is, stop, back. */
import { plainNumber } from "../dicom/windows.ts";
import { _ } from "../words/say.ts";
import { Bar } from "./bar.ts";
import { type Box, depthOf, SIDES, type Side, WHOLE } from "./box.ts";
import { EYES, type EyeName } from "./camera.ts";
import type { Solid } from "./solid.ts";

function sideWords(): Readonly<Record<Side, string>> {
  return {
    right: _("Right side"),
    left: _("Left side"),
    front: _("Front"),
    back: _("Back"),
    feet: _("Feet"),
    head: _("Head"),
  };
}

function eyeWords(): readonly (readonly [EyeName, string])[] {
  return [
    ["front", _("From the front")],
    ["back", _("From behind")],
    ["right", _("From the right")],
    ["left", _("From the left")],
    ["head", _("From above")],
    ["feet", _("From below")],
  ];
}

/** How far the drawing is. */
export function drawingWords({ drawing, volume }: Solid): string {
  if (!volume.progress.isDone) {
    const { loaded, total } = volume.progress;
    return _("Getting images, {n} of {total}", { n: loaded, total });
  }
  if (drawing.kind === "drawing") {
    return _("Drawing in full, {percent} %", { percent: Math.round(drawing.share * 100) });
  }
  if (drawing.kind === "full") return _("Drawn in full");
  if (drawing.kind === "pending") return _("Drawing");
  return drawing.kind === "stopped" ? _("Stopped; coarse picture") : _("Coarse picture");
}

function addCuts(bar: Bar, solid: Solid): void {
  const fold = bar.fold("solid-cuts", _("Cut"));
  const words = sideWords();
  const set = (side: Side, share: number) => {
    solid.box = { ...solid.box, [side]: share } as Box;
  };
  for (const side of SIDES) {
    bar.slider(
      {
        id: `cut-${side}`,
        label: words[side],
        min: 0,
        max: 95,
        step: 1,
        value: () => Math.round(solid.box[side] * 100),
        words: (percent) => `${plainNumber(depthOf(solid.volume.geometry, side, percent / 100))} mm`,
        set: (percent) => set(side, percent / 100),
      },
      fold,
    );
  }
  bar.button(
    {
      id: "cut-none",
      words: _("Cut nothing"),
      run: () => {
        solid.box = WHOLE;
      },
    },
    fold,
  );
}

export function solidBar(solid: Solid, close: () => void): Bar {
  const bar = new Bar(_("3D"));
  bar.choice({
    id: "solid-look",
    label: _("Look"),
    options: solid.offered.map(({ id, title }) => [id, title()]),
    value: () => solid.look.id,
    choose: (value) => {
      const look = solid.offered.find(({ id }) => id === value);
      if (look) solid.look = look;
    },
  });
  bar.choice({
    id: "solid-eye",
    label: _("View"),
    options: [["", _("Turned")], ...eyeWords()],
    value: () => eyeWords().find(([name]) => EYES[name] === solid.eye)?.[0] ?? "",
    choose: (value) => {
      const found = eyeWords().find(([name]) => name === value);
      if (found) solid.eye = EYES[found[0]];
    },
  });
  addCuts(bar, solid);
  bar.words("solid-drawing", () => drawingWords(solid));
  bar.button({ id: "solid-stop", words: _("Stop"), run: () => solid.stop() });
  bar.button({ id: "solid-close", words: _("Back to the images"), run: close });
  bar.draw();
  return bar;
}
