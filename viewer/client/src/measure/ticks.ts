/** Ticks on the slider under the images: where key images and marks are. */
import type { Marking } from "./marking.ts";

/** Positions of ticks along the slider, as shares between 0 and 1. */
export function tickPlaces(indexes: readonly number[], count: number): readonly number[] {
  const places = indexes
    .filter((index) => index >= 0 && index < count)
    .map((index) => index / Math.max(1, count - 1));
  return [...new Set(places)].sort((a, b) => a - b);
}

/** Half of the slider's thumb: its middle runs from there to as far from the other end. */
const THUMB = 3.5;

export function startTicks(marking: Marking): void {
  const slider = document.getElementById("cine-slider");
  if (!slider) return;
  const bar = document.createElement("span");
  bar.className = "cine-ticks";
  bar.setAttribute("aria-hidden", "true");
  bar.dataset.testid = "cine-ticks";
  const holder = document.createElement("span");
  holder.className = "cine-slider-holder";
  slider.replaceWith(holder);
  holder.append(slider, bar);
  const draw = () => {
    const { active } = marking.workspace;
    const { frames } = active.view;
    const keys = active.study
      ? marking.storeOf(active.study).all.filter(({ kind }) => kind === "key_image")
      : [];
    const marked = new Set(keys.map(({ sopInstanceUid, frameNumber }) => `${sopInstanceUid} ${frameNumber}`));
    const indexes =
      marked.size === 0
        ? []
        : frames.flatMap((frame, index) =>
            marked.has(`${frame.sopInstanceUid} ${frame.frameNumber}`) ? [index] : [],
          );
    const ticks = tickPlaces(indexes, frames.length).map((place) => {
      const tick = document.createElement("span");
      tick.style.setProperty("left", `calc(${THUMB}px + (100% - ${2 * THUMB}px) * ${place})`);
      return tick;
    });
    bar.replaceChildren(...ticks);
  };
  marking.onChange(draw);
  marking.workspace.on("opened", draw);
  marking.workspace.on("active", draw);
}
