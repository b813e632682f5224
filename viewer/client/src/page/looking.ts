/** The commands with which one looks: images, series, tools, zoom, window, turning. */
import type { Command } from "../commands/registry.ts";
import { LOOK_TOOLS } from "../tools/look.ts";
import { _ } from "../words/say.ts";
import type { Workspace } from "./workspace.ts";

export const ZOOM_STEP = 1.2;

/** One press of a nudge: pixels of moving, share of the window's width, images of scrolling. */
const NUDGE = { pixels: 20, window: 0.05, images: 10 } as const;

function toolCommands({ tools }: Workspace): Command[] {
  const choose = (id: string, title: string, key: string): Command => ({
    id,
    group: "look",
    title,
    keys: [key],
    run: () => tools.choose(id),
  });
  return [
    choose("scroll", _("Scroll"), "S"),
    choose("window", _("Window"), "W"),
    choose("zoom", _("Zoom"), "Z"),
    choose("zoom-area", _("Zoom area"), "A"),
    choose("move", _("Move"), "M"),
  ];
}

function placeCommands(workspace: Workspace): Command[] {
  const hasImage = () => workspace.active.view.frame !== null;
  const look = (id: string, title: string, keys: readonly string[], run: () => void): Command => ({
    id,
    group: "look",
    title,
    keys,
    run,
    enabled: hasImage,
  });
  const image = (command: Command): Command => ({ ...command, group: "image" });
  return [
    look("zoom-in", _("Nearer"), ["+"], () => workspace.active.view.zoomBy(ZOOM_STEP)),
    look("zoom-out", _("Farther"), ["-"], () => workspace.active.view.zoomBy(1 / ZOOM_STEP)),
    look("fit", _("Fit"), ["Shift+Z"], () => workspace.active.view.fit()),
    image(look("rotate-right", _("Rotate right"), ["]"], () => workspace.active.view.rotateBy(90))),
    image(look("rotate-left", _("Rotate left"), ["["], () => workspace.active.view.rotateBy(-90))),
    image(look("flip", _("Flip"), ["F"], () => workspace.active.view.flip())),
    image(
      look("negative", _("Negative"), ["I"], () => {
        const { view: shown } = workspace.active;
        shown.setInverted(!shown.inverted);
      }),
    ),
  ];
}

function imageCommands(workspace: Workspace): Command[] {
  const go = (id: string, title: string, key: string, run: () => void): Command => ({
    id,
    group: "images",
    title,
    keys: [key],
    run,
  });
  return [
    go("previous-image", _("One image back"), "Up", () => workspace.active.step(-1)),
    go("next-image", _("One image on"), "Down", () => workspace.active.step(1)),
    go("first-image", _("First image"), "Home", () => workspace.active.view.goTo(0)),
    go("last-image", _("Last image"), "End", () =>
      workspace.active.view.goTo(workspace.active.view.count - 1),
    ),
    go("previous-series", _("Series before"), "PageUp", () => openNext(workspace, -1)),
    go("next-series", _("Series after"), "PageDown", () => openNext(workspace, 1)),
  ];
}

function openNext(workspace: Workspace, by: 1 | -1): void {
  const study = workspace.active.study ?? workspace.study;
  const all = study.config.series;
  const at = all.findIndex(({ uid }) => uid === workspace.active.series?.uid);
  const next = all[at + by];
  if (next) void workspace.open(study, next);
}

/** Shift and an arrow do by keys what a drag with the chosen tool does. */
function nudge(workspace: Workspace, x: number, y: number): void {
  const { active, tools } = workspace;
  const { view } = active;
  if (!view.frame) return;
  const { window } = view;
  const name = tools.chosen?.name;
  if (name === "scroll") active.step(NUDGE.images * (x + y));
  else if (name === "move") view.panBy(x * NUDGE.pixels, y * NUDGE.pixels);
  else if (name === "zoom") view.zoomBy(ZOOM_STEP ** (x - y));
  else if (window) {
    const by = Math.max(1, window.width * NUDGE.window);
    view.setWindow({ center: window.center + y * by, width: window.width + x * by });
  }
}

function nudgeCommands(workspace: Workspace): Command[] {
  const press = (id: string, title: string, key: string, x: number, y: number): Command => ({
    id,
    group: "look",
    title,
    keys: [key],
    run: () => nudge(workspace, x, y),
  });
  return [
    press("nudge-left", _("Chosen tool, left"), "Shift+Left", -1, 0),
    press("nudge-right", _("Chosen tool, right"), "Shift+Right", 1, 0),
    press("nudge-up", _("Chosen tool, up"), "Shift+Up", 0, -1),
    press("nudge-down", _("Chosen tool, down"), "Shift+Down", 0, 1),
  ];
}

export function startLooking(workspace: Workspace): void {
  const { tools, commands } = workspace;
  tools.add(...LOOK_TOOLS);
  commands.add(
    ...imageCommands(workspace),
    ...toolCommands(workspace),
    ...placeCommands(workspace),
    ...nudgeCommands(workspace),
  );
  const all = LOOK_TOOLS.map(({ name }) => name);
  tools.onChoose((name) => {
    for (const id of all) commands.show(id, id === name);
    const cursor = tools.chosen?.cursor ?? "default";
    document.documentElement.style.setProperty("--cursor", cursor);
  });
  workspace.on("changed", (pane) => {
    if (pane === workspace.active) commands.show("negative", pane.view.inverted);
  });
  tools.choose(matchMedia("(pointer: coarse)").matches ? "scroll" : "window");
}
