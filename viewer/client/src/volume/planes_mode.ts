/** Three planes in three panes: what stands on them, how far they are loaded, what tests read. */
import { dot, type Vector3 } from "../dicom/geometry.ts";
import { plainNumber, type Window } from "../dicom/windows.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane, Start } from "../panes/pane.ts";
import { seriesTrouble } from "../words/troubles.ts";
import type { Bar } from "./bar.ts";
import { drawCrossOn } from "./grips.ts";
import { Mpr } from "./mpr.ts";
import { mprBar } from "./mpr_bar.ts";
import type { OpenVolume } from "./open_volume.ts";
import { PLANES } from "./planes.ts";
import { mapped } from "./space.ts";

export class PlanesMode {
  readonly mpr: Mpr;
  readonly bar: Bar;
  private isEnded = false;

  constructor(
    volume: OpenVolume,
    private readonly workspace: Workspace,
    from: Vector3 | null,
    close: () => void,
  ) {
    document.documentElement.dataset.viewerMpr = "loading";
    this.mpr = new Mpr(volume, from && inMiddle(volume, from), { changed: () => this.changed() });
    this.bar = mprBar(this.mpr, { reset: () => this.mpr.reset(), close });
  }

  /** Puts the planes into the first three panes, one after the other: each is drawn without holding the page up. */
  async show(window: Window | null): Promise<void> {
    const { panes } = this.workspace;
    for (const [index, name] of PLANES.entries()) {
      const pane = panes[index];
      if (!pane || this.isEnded) return;
      this.mpr.show(name, pane, window);
      pane.element.dataset.plane = name;
      for (const words of this.mpr.volume.geometry.notices) pane.notice(words, words);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    if (!this.isEnded) this.changed();
  }

  end(): void {
    this.isEnded = true;
    for (const pane of this.workspace.panes) this.forget(pane);
    this.mpr.end();
    this.bar.remove();
    const { dataset } = document.documentElement;
    delete dataset.viewerMpr;
    delete dataset.mprCenter;
    delete dataset.mprValue;
  }

  /** Another series in a pane of ours: it is no plane any more. */
  opened(pane: Pane): void {
    const name = this.mpr.nameIn(pane);
    if (!name || pane.view.frames === this.mpr.plane(name).cuts) return;
    this.mpr.drop(pane);
    this.forget(pane);
  }

  /** Panes that went take their plane along. */
  laidOut(): void {
    for (const name of PLANES) {
      const pane = this.mpr.paneOf(name);
      if (pane && !this.workspace.panes.includes(pane)) this.mpr.drop(pane);
    }
  }

  draw(pane: Pane): void {
    const name = this.mpr.nameIn(pane);
    if (!name) return;
    drawCrossOn(this.mpr, name, pane);
  }

  /** The image nearest to the crosshair. */
  get nearest(): Start | undefined {
    const { volume, state } = this.mpr;
    const { geometry, of } = volume;
    const [, , z] = mapped(geometry.fromPatient, state.center);
    let best = 0;
    geometry.places.forEach((place, index) => {
      if (Math.abs(place - z) < Math.abs((geometry.places[best] ?? 0) - z)) best = index;
    });
    const frame = of.frames[best];
    return frame && { sopInstanceUid: frame.sopInstanceUid, frameNumber: frame.frameNumber };
  }

  private forget(pane: Pane): void {
    for (const key of ["plane", "place", "normal", "pitch"]) delete pane.element.dataset[key];
    pane.svg.querySelector(".crosshair")?.remove();
  }

  /** The crosshair moved, or more of the volume is here. */
  private changed(): void {
    const { mpr, workspace } = this;
    if (!mpr) return;
    for (const pane of workspace.panes) {
      if (!mpr.nameIn(pane)) continue;
      if (mpr.volume.failure) {
        pane.say(seriesTrouble(mpr.volume.failure), "error");
        continue;
      }
      pane.corners.draw(pane);
      workspace.redraw(pane);
      this.tellProgress(pane);
    }
    this.bar.draw();
    this.publish();
  }

  /** The slider of a plane fills as the whole volume does. */
  private tellProgress(pane: Pane): void {
    const { progress } = this.mpr.volume;
    const { count } = pane.view;
    const there = Math.floor((progress.loaded / progress.total) * count);
    if (pane.progress?.loaded.size === there && pane.progress.total === count) return;
    const loaded = new Set(Array.from({ length: there }, (_, index) => index));
    pane.tellProgress({ loaded, failed: new Set(), total: count });
  }

  /** What end-to-end tests and benchmarks read. */
  private publish(): void {
    const { volume, state } = this.mpr;
    const { dataset } = document.documentElement;
    const isShown = PLANES.every((name) => this.mpr.paneOf(name)?.view.frame);
    if (volume.isPresentable && isShown) dataset.viewerMpr = volume.progress.isDone ? "ready" : "visible";
    dataset.mprCenter = state.center.map((value) => value.toFixed(3)).join(" ");
    const value = volume.valueAt(state.center);
    dataset.mprValue = value === null ? "" : plainNumber(value, 2);
    for (const name of PLANES) {
      const element = this.mpr.paneOf(name)?.element;
      if (!element) continue;
      const { normal } = state.directions[name];
      element.dataset.pitch = String(this.mpr.plane(name).grid.pitch);
      element.dataset.place = dot(state.center, normal).toFixed(3);
      element.dataset.normal = normal.map((one) => one.toFixed(4)).join(" ");
    }
  }
}

/** The middle of the slice that was on the screen. */
function inMiddle({ geometry }: OpenVolume, position: Vector3): Vector3 {
  const [, , z] = mapped(geometry.fromPatient, position);
  return mapped(geometry.toPatient, [(geometry.columns - 1) / 2, (geometry.rows - 1) / 2, z]);
}
