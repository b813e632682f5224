/** Planes and 3D on the page: puts them into panes, follows what the reader does, brings the images back. */
import { dot, type Vector3 } from "../dicom/geometry.ts";
import { ownWindow, plainNumber, type Window } from "../dicom/windows.ts";
import "./volume.css";
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane, Start } from "../panes/pane.ts";
import { seriesTrouble } from "../words/troubles.ts";
import type { Bar } from "./bar.ts";
import { type Before, bringBack, remember } from "./before.ts";
import { drawPlane } from "./captions.ts";
import { drawCrossOn, Grips } from "./grips.ts";
import { Mpr } from "./mpr.ts";
import { mprBar } from "./mpr_bar.ts";
import type { OpenVolume } from "./open_volume.ts";
import { Volumes } from "./opening.ts";
import { PLANES } from "./planes.ts";
import { mapped } from "./space.ts";

/** The place in the middle of the image on the screen. */
function placeShown({ view }: Pane): Vector3 | null {
  const { frame, shownPicture } = view;
  if (!frame?.position || !frame.row || !frame.column || !shownPicture) return null;
  return frame.position;
}

export class Room {
  private readonly volumes = new Volumes();
  private mpr: Mpr | null = null;
  private before: Before | null = null;
  private bar: Bar | null = null;
  private readonly gripped = new WeakSet<Pane>();
  private isBusy = false;

  constructor(private readonly workspace: Workspace) {
    workspace.addLayer({ draw: (pane) => this.draw(pane) });
    workspace.on("shown", (pane) => this.mpr?.shown(pane));
    workspace.on("changed", (pane) => this.mpr?.follow(pane));
    workspace.on("opened", (pane) => this.opened(pane));
    workspace.on("layout", () => this.laidOut());
    workspace.on("ended", (study) => {
      if (this.mpr?.volume.of.study === study) this.endMpr();
    });
  }

  get isPlanes(): boolean {
    return this.mpr !== null;
  }

  async togglePlanes(): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      if (this.mpr) await this.backToImages();
      else await this.openPlanes();
    } finally {
      this.isBusy = false;
    }
  }

  private async openPlanes(): Promise<void> {
    const { active } = this.workspace;
    const { study, series } = active;
    if (!study || !series) return;
    const from = placeShown(active);
    const window = this.windowOf(active);
    const volume = await this.volumes.open(study, series);
    if (!volume) return;
    this.before = remember(this.workspace);
    this.showPlanes(volume, from, window);
  }

  /** null: every image's own. */
  private windowOf({ view }: Pane): Window | null {
    const { frame } = view;
    return view.ownWindow && frame && ownWindow(frame.dataSet) ? null : view.window;
  }

  private showPlanes(volume: OpenVolume, from: Vector3 | null, window: Window | null): void {
    document.documentElement.dataset.viewerMpr = "loading";
    const mpr = new Mpr(volume, from && this.inMiddle(volume, from), { changed: () => this.changed() });
    this.mpr = mpr;
    part("grid").dataset.volume = "planes";
    this.workspace.arrange(1, PLANES.length);
    const { panes } = this.workspace;
    const [first] = panes;
    PLANES.forEach((name, index) => {
      const pane = panes[index];
      if (!pane) return;
      this.grip(pane);
      mpr.show(name, pane, window);
      pane.element.dataset.plane = name;
      for (const words of volume.geometry.notices) pane.notice(words, words);
    });
    if (first) this.workspace.activate(first);
    this.showBar(mprBar(mpr, { reset: () => mpr.reset(), close: () => void this.togglePlanes() }));
    this.workspace.commands.show("mpr", true);
    this.changed();
  }

  /** The middle of the slice that was on the screen. */
  private inMiddle({ geometry }: OpenVolume, position: Vector3): Vector3 {
    const [, , z] = mapped(geometry.fromPatient, position);
    return mapped(geometry.toPatient, [(geometry.columns - 1) / 2, (geometry.rows - 1) / 2, z]);
  }

  private grip(pane: Pane): void {
    if (this.gripped.has(pane)) return;
    this.gripped.add(pane);
    new Grips(
      pane,
      () => this.mpr,
      (one) => this.workspace.activate(one),
    );
  }

  private showBar(bar: Bar): void {
    this.bar?.remove();
    this.bar = bar;
    part("stage-frame").append(bar.element);
  }

  /** What the panes showed before; the one that was read goes to where the crosshair is. */
  private async backToImages(): Promise<void> {
    const { mpr, before } = this;
    const pane = mpr?.paneOf("axial");
    const start = mpr ? this.sliceAt(mpr) : undefined;
    const window = pane && !pane.view.ownWindow ? pane.view.window : undefined;
    this.endMpr();
    if (before) await bringBack(this.workspace, before, start, window);
  }

  /** The image nearest to the crosshair. */
  private sliceAt({ volume, state }: Mpr): Start | undefined {
    const { geometry, of } = volume;
    const [, , z] = mapped(geometry.fromPatient, state.center);
    let best = 0;
    geometry.places.forEach((place, index) => {
      if (Math.abs(place - z) < Math.abs((geometry.places[best] ?? 0) - z)) best = index;
    });
    const frame = of.frames[best];
    return frame && { sopInstanceUid: frame.sopInstanceUid, frameNumber: frame.frameNumber };
  }

  private endMpr(): void {
    const { mpr } = this;
    this.mpr = null;
    this.before = null;
    mpr?.end();
    this.bar?.remove();
    this.bar = null;
    delete part("grid").dataset.volume;
    delete document.documentElement.dataset.viewerMpr;
    for (const pane of this.workspace.panes) delete pane.element.dataset.plane;
    this.workspace.commands.show("mpr", false);
  }

  /** Another series in a pane of ours: the pane is no plane any more. */
  private opened(pane: Pane): void {
    const { mpr } = this;
    const name = mpr?.nameIn(pane);
    if (!mpr || !name) return;
    const isOurs = pane.view.frames === mpr.plane(name).cuts;
    if (isOurs) return;
    mpr.drop(pane);
    delete pane.element.dataset.plane;
    if (mpr.isEmpty) this.endMpr();
    else this.workspace.redraw();
  }

  private laidOut(): void {
    const { mpr, workspace } = this;
    if (!mpr) return;
    for (const name of PLANES) {
      const pane = mpr.paneOf(name);
      if (pane && !workspace.panes.includes(pane)) mpr.drop(pane);
    }
    if (workspace.panes.length !== PLANES.length) delete part("grid").dataset.volume;
  }

  private draw(pane: Pane): void {
    const { mpr } = this;
    const name = mpr?.nameIn(pane) ?? null;
    if (!mpr || !name) {
      pane.svg.querySelector(".crosshair")?.remove();
      return;
    }
    drawPlane(mpr, name, pane);
    drawCrossOn(mpr, name, pane);
  }

  /** The crosshair moved, or more of the volume is here. */
  private changed(): void {
    const { mpr, workspace } = this;
    if (!mpr) return;
    if (mpr.volume.failure) {
      this.failed(mpr);
      return;
    }
    for (const pane of workspace.panes) {
      if (!mpr.nameIn(pane)) continue;
      workspace.redraw(pane);
      this.tellProgress(mpr.volume, pane);
    }
    this.bar?.draw();
    this.publish(mpr);
  }

  /** The slider of a plane fills as the whole volume does. */
  private tellProgress({ progress }: OpenVolume, pane: Pane): void {
    const { count } = pane.view;
    const there = Math.floor((progress.loaded / progress.total) * count);
    if (pane.progress?.loaded.size === there && pane.progress.total === count) return;
    const loaded = new Set(Array.from({ length: there }, (_, index) => index));
    pane.tellProgress({ loaded, failed: new Set(), total: count });
  }

  private failed(mpr: Mpr): void {
    const words = seriesTrouble(mpr.volume.failure);
    for (const pane of this.workspace.panes) {
      if (mpr.nameIn(pane)) pane.say(words, "error");
    }
  }

  /** What end-to-end tests and benchmarks read. */
  private publish({ volume, state }: Mpr): void {
    const { dataset } = document.documentElement;
    const isShown = PLANES.every((name) => this.mpr?.paneOf(name)?.view.frame !== null);
    if (volume.isPresentable && isShown) dataset.viewerMpr = volume.progress.isDone ? "ready" : "visible";
    dataset.mprCenter = state.center.map((value) => value.toFixed(3)).join(" ");
    const value = volume.valueAt(state.center);
    dataset.mprValue = value === null ? "" : plainNumber(value, 2);
    for (const name of PLANES) {
      const pane = this.mpr?.paneOf(name);
      if (!pane) continue;
      const { normal } = state.directions[name];
      pane.element.dataset.place = dot(state.center, normal).toFixed(3);
      pane.element.dataset.normal = normal.map((one) => one.toFixed(4)).join(" ");
    }
  }
}
