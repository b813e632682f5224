/** Three planes through one point of an open volume: they scroll, move and turn together. */
import { dot, type Vector3 } from "../dicom/geometry.ts";
import type { Window } from "../dicom/windows.ts";
import type { Pane } from "../panes/pane.ts";
import type { SeriesSummary } from "../studies/config.ts";
import { planeWords } from "./captions.ts";
import { middle } from "./geometry.ts";
import type { OpenVolume } from "./open_volume.ts";
import { Plane } from "./plane.ts";
import { indexAt, pixelOf, placeOf, pointOf } from "./plane_grid.ts";
import { moved, nameOf, PLANES, type PlaneName, type Planes, planesThrough, rotated } from "./planes.ts";
import { NO_SLAB, type SlabChoice } from "./slab.ts";
import { mapped, plus, times } from "./space.ts";

/** A voxel's own centre next to a point: there values are those of the stack. */
export function onVoxel({ geometry }: OpenVolume, point: Vector3): Vector3 {
  const { columns, rows, places, toPatient, fromPatient } = geometry;
  const [x, y, z] = mapped(fromPatient, point);
  const inside = (value: number, count: number) => Math.max(0, Math.min(count - 1, Math.round(value)));
  const nearest = places.reduce(
    (best, place) => (Math.abs(place - z) < Math.abs(best - z) ? place : best),
    0,
  );
  return mapped(toPatient, [inside(x, columns), inside(y, rows), nearest]);
}

export interface MprHooks {
  /** The crosshair moved or turned, or a picture became better. */
  changed(): void;
}

export class Mpr {
  private planes_: Planes;
  private slab_: SlabChoice = NO_SLAB;
  private readonly planes = new Map<PlaneName, Plane>();
  private readonly panes = new Map<PlaneName, Pane>();
  private window: Window | null = null;
  private inverted = false;
  private readonly onVolume = () => this.refresh();

  constructor(
    readonly volume: OpenVolume,
    start: Vector3 | null,
    private readonly hooks: MprHooks,
  ) {
    this.planes_ = planesThrough(onVoxel(volume, start ?? middle(volume.geometry)));
    const { frames } = volume.of;
    const base = frames[Math.floor(frames.length / 2)];
    if (!base) throw new RangeError("the volume has no images");
    for (const name of PLANES) {
      const better = () => this.panes.get(name)?.view.refresh();
      const { directions, center } = this.planes_;
      const words = () => planeWords(this, name);
      const plane = new Plane(volume, base, () => this.slab_, directions[name], center, words, better);
      this.planes.set(name, plane);
    }
    volume.use(this.onVolume);
  }

  get state(): Planes {
    return this.planes_;
  }

  get slab(): SlabChoice {
    return this.slab_;
  }

  set slab(slab: SlabChoice) {
    this.slab_ = slab;
    this.refresh();
  }

  end(): void {
    for (const plane of this.planes.values()) plane.end();
    this.panes.clear();
    this.volume.leave(this.onVolume);
  }

  /** Shows a plane in a pane, with the window that the series is read with. */
  show(name: PlaneName, pane: Pane, window: Window | null): void {
    const { study, series } = this.volume.of;
    const plane = this.plane(name);
    this.window = window;
    this.panes.set(name, pane);
    const summary: SeriesSummary = { ...series, description: nameOf(this.planes_, name) };
    pane.present(study, summary, plane.cuts, indexAt(plane.grid, this.planes_.center));
    if (window) pane.view.setWindow(window);
  }

  /** The pane was opened with something else. */
  drop(pane: Pane): void {
    const name = this.nameIn(pane);
    if (name) this.panes.delete(name);
  }

  nameIn(pane: Pane): PlaneName | null {
    for (const [name, one] of this.panes) if (one === pane) return name;
    return null;
  }

  paneOf(name: PlaneName): Pane | null {
    return this.panes.get(name) ?? null;
  }

  get isEmpty(): boolean {
    return this.panes.size === 0;
  }

  plane(name: PlaneName): Plane {
    const plane = this.planes.get(name);
    if (!plane) throw new RangeError(`there is no plane "${name}"`);
    return plane;
  }

  /** A pane shows another cut: the crosshair comes along. */
  shown(pane: Pane): void {
    const name = this.nameIn(pane);
    if (!name || pane.view.index < 0) return;
    const { grid } = this.plane(name);
    const { center } = this.planes_;
    const away = placeOf(grid, pane.view.index) - dot(center, grid.way);
    if (Math.abs(away) > 1e-6) this.planes_ = moved(this.planes_, plus(center, times(grid.way, away)));
    this.hooks.changed();
  }

  /** Puts the crosshair at the voxel next to a point; the other planes go there. */
  moveTo(point: Vector3): void {
    let center: Vector3 = [0, 0, 0];
    for (const name of PLANES) {
      const { grid } = this.plane(name);
      const place = placeOf(grid, indexAt(grid, point));
      center = plus(center, times(grid.way, place));
    }
    this.planes_ = moved(this.planes_, center);
    for (const name of PLANES) this.panes.get(name)?.view.goTo(indexAt(this.plane(name).grid, center));
    this.hooks.changed();
  }

  /** Puts the crosshair under a point of a pane (CSS pixels of its viewport). */
  moveUnder(name: PlaneName, at: readonly [number, number]): void {
    const pane = this.panes.get(name);
    if (!pane) return;
    const { grid } = this.plane(name);
    const index = indexAt(grid, this.planes_.center);
    this.moveTo(pointOf(grid, index, pane.view.canvasToPixel(at)));
  }

  /** Moves the crosshair by pixels of a plane. */
  moveBy(name: PlaneName, columns: number, rows: number): void {
    const { grid } = this.plane(name);
    const [x, y] = pixelOf(grid, this.planes_.center);
    this.moveTo(pointOf(grid, indexAt(grid, this.planes_.center), [x + columns, y + rows]));
  }

  /** Turns the crosshair on a plane, clockwise: the other two planes follow, what is under the centre stays there. */
  turn(within: PlaneName, angle: number): void {
    this.face(rotated(this.planes_, within, angle), (name) => name !== within);
  }

  /** Back to the patient's own planes through the middle, without a slab, fitted. */
  reset(): void {
    this.slab_ = NO_SLAB;
    this.face(planesThrough(onVoxel(this.volume, middle(this.volume.geometry))), () => true);
    for (const pane of this.panes.values()) pane.view.fit();
  }

  private face(planes: Planes, isTurned: (name: PlaneName) => boolean): void {
    const { center } = planes;
    this.planes_ = planes;
    for (const name of PLANES) {
      if (!isTurned(name)) continue;
      const plane = this.plane(name);
      const pane = this.panes.get(name);
      const point = pane?.view.pixelToCanvas(pixelOf(plane.grid, center)) ?? [0, 0];
      const perMm = (pane?.view.zoom ?? 1) / plane.grid.pitch;
      const grid = plane.turn(planes.directions[name], center);
      const at = { pixel: pixelOf(grid, center), point, zoom: perMm * grid.pitch };
      pane?.view.exchange(plane.cuts, indexAt(grid, center), at);
    }
    this.hooks.changed();
  }

  /** Window and inversion are those of all three. */
  follow(pane: Pane): void {
    if (!this.nameIn(pane)) return;
    const { view } = pane;
    const window = view.ownWindow ? null : view.window;
    const isSame = window?.center === this.window?.center && window?.width === this.window?.width;
    if (isSame && view.inverted === this.inverted) return;
    this.window = window;
    this.inverted = view.inverted;
    for (const other of this.panes.values()) {
      if (other === pane) continue;
      other.view.setWindow(window);
      other.view.setInverted(view.inverted);
    }
  }

  private refresh(): void {
    for (const pane of this.panes.values()) pane.view.refresh();
    this.hooks.changed();
  }
}
