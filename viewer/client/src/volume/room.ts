/** Planes and 3D on the page: puts them into panes, follows what the reader does, brings the images back. */
import "./volume.css";
import { ownWindow, type Window } from "../dicom/windows.ts";
import { part } from "../page/elements.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Study } from "../studies/study.ts";
import { LOOK_TOOLS } from "../tools/look.ts";
import { _ } from "../words/say.ts";
import { type Before, bringBack, remember } from "./before.ts";
import { Grips } from "./grips.ts";
import type { OpenVolume } from "./open_volume.ts";
import { Volumes } from "./opening.ts";
import { PLANES } from "./planes.ts";
import { PlanesMode } from "./planes_mode.ts";
import { SolidMode } from "./solid_mode.ts";

/** Where values have no window of their own. */
const ANY_WINDOW: Window = { center: 128, width: 256 };

/** Tools that work on planes and 3D as on any image. */
const LOOKING = new Set([...LOOK_TOOLS.map(({ name }) => name), "magnifier"]);

export class Room {
  private readonly volumes = new Volumes();
  private planes: PlanesMode | null = null;
  private solid: SolidMode | null = null;
  private before: Before | null = null;
  private readonly gripped = new WeakSet<Pane>();
  private isBusy = false;

  constructor(private readonly workspace: Workspace) {
    workspace.addLayer({ draw: (pane) => this.planes?.draw(pane) });
    workspace.on("shown", (pane) => this.planes?.mpr.shown(pane));
    workspace.on("changed", (pane) => this.planes?.mpr.follow(pane));
    workspace.on("opened", (pane) => this.opened(pane));
    workspace.on("layout", () => this.laidOut());
    workspace.on("active", () => this.showBar());
    workspace.tools.onChoose(() => this.sayWhereToMark());
    workspace.on("ended", (study) => this.ended(study));
  }

  get hasPlanes(): boolean {
    return this.planes !== null;
  }

  /** On the active plane, by its pixels. */
  moveCrosshair(columns: number, rows: number): void {
    const mpr = this.planes?.mpr;
    const name = mpr?.nameIn(this.workspace.active);
    if (mpr && name) mpr.moveBy(name, columns, rows);
  }

  /** On the active plane, clockwise. */
  turnCrosshair(degrees: number): void {
    const mpr = this.planes?.mpr;
    const name = mpr?.nameIn(this.workspace.active);
    if (mpr && name) mpr.turn(name, (degrees * Math.PI) / 180);
  }

  async togglePlanes(): Promise<void> {
    await this.alone(async () => {
      if (this.planes) await this.leave();
      else await this.openPlanes();
    });
  }

  async toggleSolid(): Promise<void> {
    await this.alone(async () => {
      if (this.solid && this.planes) this.leaveSolid();
      else if (this.solid) await this.leave();
      else await this.openSolid();
    });
  }

  /** One act after the other: a second press while the first is at work does nothing. */
  private async alone(act: () => Promise<void>): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      await act();
    } finally {
      this.isBusy = false;
      this.showCommands();
      this.sayWhereToMark();
    }
  }

  /** The volume of the active pane's series, or of what planes and 3D show already. */
  private async volume(): Promise<OpenVolume | null> {
    const there = this.planes?.mpr.volume ?? this.solid?.volume;
    if (there) return there;
    const { study, series } = this.workspace.active;
    return study && series ? await this.volumes.open(study, series) : null;
  }

  private async openPlanes(): Promise<void> {
    const { active } = this.workspace;
    const from = active.view.frame?.position ?? null;
    const window = windowOf(active);
    const volume = await this.volume();
    if (!volume) return;
    this.before ??= remember(this.workspace);
    const hadSolid = this.solid !== null;
    const planes = new PlanesMode(volume, this.workspace, from, () => void this.togglePlanes());
    this.endSolid();
    this.planes = planes;
    this.arrange("planes");
    for (const pane of this.workspace.panes) this.grip(pane);
    this.activateFirst();
    await planes.show(hadSolid ? null : window);
  }

  private async openSolid(): Promise<void> {
    const volume = await this.volume();
    if (!volume) return;
    const { workspace } = this;
    const own = ownWindowOf(volume) ?? workspace.active.view.window ?? ANY_WINDOW;
    this.before ??= remember(workspace);
    if (this.planes) this.arrange("planes-solid");
    const pane = this.planes ? workspace.panes[PLANES.length] : workspace.active;
    if (!pane) return;
    this.solid = new SolidMode(volume, pane, own, workspace, () => void this.toggleSolid());
    workspace.activate(pane);
    this.showBar();
  }

  private arrange(mode: "planes" | "planes-solid"): void {
    part("grid").dataset.volume = mode;
    if (mode === "planes") this.workspace.arrange(1, PLANES.length);
    else this.workspace.arrange(2, 2);
  }

  private activateFirst(): void {
    const [first] = this.workspace.panes;
    if (first) this.workspace.activate(first);
    this.showBar();
  }

  private grip(pane: Pane): void {
    if (this.gripped.has(pane)) return;
    this.gripped.add(pane);
    new Grips(
      pane,
      () => this.planes?.mpr ?? null,
      (one) => this.workspace.activate(one),
    );
  }

  /** The bar of what the active pane shows. */
  private showBar(): void {
    const { planes, solid, workspace } = this;
    const isSolid = solid && (workspace.active === solid.pane || !planes);
    const bar = isSolid ? solid.bar : planes?.bar;
    for (const other of [planes?.bar, solid?.bar]) if (other && other !== bar) other.remove();
    if (bar && !bar.element.isConnected) part("stage-frame").append(bar.element);
    bar?.draw();
  }

  private showCommands(): void {
    this.workspace.commands.show("mpr", this.planes !== null);
    this.workspace.commands.show("volume", this.solid !== null);
  }

  /** What the panes showed before; the one that was read goes to where the crosshair is. */
  private async leave(): Promise<void> {
    const { before, planes } = this;
    const pane = planes?.mpr.paneOf("axial");
    const start = planes?.nearest;
    const window = pane && !pane.view.ownWindow ? pane.view.window : undefined;
    this.endAll();
    if (before) await bringBack(this.workspace, before, start, window);
  }

  /** 3D goes, the planes stay. */
  private leaveSolid(): void {
    this.endSolid();
    this.arrange("planes");
    this.activateFirst();
  }

  private endSolid(): void {
    const { solid } = this;
    this.solid = null;
    solid?.end();
  }

  private endAll(): void {
    const { planes } = this;
    this.planes = null;
    planes?.end();
    this.endSolid();
    this.before = null;
    delete part("grid").dataset.volume;
    this.showCommands();
  }

  /** Marks are kept with images; a plane is none. */
  private sayWhereToMark(): void {
    const { workspace } = this;
    const name = workspace.tools.chosen?.name ?? "";
    const words = LOOKING.has(name) ? null : _("Measure and mark on the images: X brings them back");
    for (const pane of workspace.panes) {
      if (this.planes?.mpr.nameIn(pane) || this.solid?.pane === pane) pane.notice("volume-marks", words);
    }
  }

  private ended(study: Study): void {
    const volume = this.planes?.mpr.volume ?? this.solid?.volume;
    if (volume?.of.study === study) this.endAll();
  }

  /** Another series in a pane of ours. */
  private opened(pane: Pane): void {
    const { planes, solid } = this;
    planes?.opened(pane);
    if (solid?.pane === pane && !solid.isShown) this.endSolid();
    this.tidy();
  }

  private laidOut(): void {
    const { planes, solid, workspace } = this;
    planes?.laidOut();
    if (solid && !workspace.panes.includes(solid.pane)) this.endSolid();
    const count = workspace.panes.length;
    if (count !== PLANES.length && count !== PLANES.length + 1) delete part("grid").dataset.volume;
    this.tidy();
  }

  /** Nothing of ours is left on the screen: the volume goes. */
  private tidy(): void {
    if (this.planes?.mpr.isEmpty === false || this.solid || this.isBusy) return;
    if (this.planes) this.endAll();
  }
}

/** The window that the reader chose; null: every image's own. */
function windowOf({ view }: Pane): Window | null {
  const { frame } = view;
  return view.ownWindow && frame && ownWindow(frame.dataSet) ? null : view.window;
}

function ownWindowOf({ of }: OpenVolume): Window | null {
  const frame = of.frames[Math.floor(of.frames.length / 2)];
  return frame ? ownWindow(frame.dataSet) : null;
}
