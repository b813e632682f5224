/** One plane of three: its cuts as frames, made at once, and its slab in full once nothing moves. */
import type { Frame } from "../dicom/frames.ts";
import type { Vector3 } from "../dicom/geometry.ts";
import type { GreyPicture } from "../engine/picture.ts";
import { qualityOf } from "./captions.ts";
import type { OpenVolume } from "./open_volume.ts";
import { pictureFrom } from "./picture.ts";
import { type Cut, cutsOf } from "./plane_frames.ts";
import { type PlaneGrid, planeGrid, samplesOf } from "./plane_grid.ts";
import type { Directions } from "./planes.ts";
import { cutRows, type Slab } from "./reslice.ts";
import { fullSlab, quickSlab, type SlabChoice } from "./slab.ts";

/** Nothing has moved for so long (ms): the slab is made in full. */
const REST = 120;

/** A part of a slab is worked on for so long at once (ms). */
const SLICE_OF_TIME = 8;

interface Drawn {
  readonly index: number;
  readonly version: number;
  readonly slab: SlabChoice;
  readonly picture: GreyPicture;
  readonly isFull: boolean;
}

let made = 0;

export class Plane {
  private grid_: PlaneGrid;
  private cuts_: readonly Cut[] = [];
  private drawn: Drawn | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly volume: OpenVolume,
    private readonly base: Frame,
    private readonly slab: () => SlabChoice,
    directions: Directions,
    center: Vector3,
    private readonly words: () => Readonly<Record<string, string>>,
    /** The same cut has become better. */
    private readonly onBetter: () => void,
  ) {
    this.grid_ = this.turn(directions, center);
  }

  get grid(): PlaneGrid {
    return this.grid_;
  }

  get cuts(): readonly Cut[] {
    return this.cuts_;
  }

  /** Other directions, or another place for cuts to go through. */
  turn(directions: Directions, center: Vector3): PlaneGrid {
    made += 1;
    this.grid_ = planeGrid(this.volume.geometry, directions, center);
    this.drawn = null;
    const description = {
      base: this.base.dataSet,
      thickness: () => this.thickness,
      words: this.words,
      quality: () => qualityOf(this.volume, this.drawn?.isFull ?? false),
    };
    this.cuts_ = cutsOf(`plane:${made}`, this.grid_, description, (index) => this.picture(index));
    return this.grid_;
  }

  end(): void {
    clearTimeout(this.timer);
    this.drawn = null;
  }

  private get thickness(): number {
    const { mode, thickness } = this.slab();
    return mode ? thickness : this.grid_.step;
  }

  private picture(index: number): GreyPicture {
    const { drawn, volume } = this;
    const slab = this.slab();
    if (drawn?.index === index && drawn.version === volume.version && drawn.slab === slab)
      return drawn.picture;
    clearTimeout(this.timer);
    const { geometry } = volume;
    const { columns, rows, directions } = this.grid_;
    const full = fullSlab(geometry, directions.normal, slab);
    const quick = quickSlab(geometry, directions.normal, slab, columns * rows);
    const isFull = full?.count === quick?.count;
    const picture = this.cut(index, quick);
    this.drawn = { index, version: volume.version, slab, picture, isFull };
    if (!isFull && full) this.timer = setTimeout(() => this.improve(index, full), REST);
    return picture;
  }

  private cut(index: number, slab: Slab | null): GreyPicture {
    const { loaded, geometry } = this.volume;
    const { columns, rows } = this.grid_;
    const values = new Float32Array(columns * rows).fill(Number.NaN);
    if (loaded) cutRows(loaded, samplesOf(geometry, this.grid_, index), slab, values, 0, rows);
    return this.pictureFrom(values);
  }

  private pictureFrom(values: Float32Array): GreyPicture {
    const { columns, rows } = this.grid_;
    return pictureFrom(values, columns, rows, this.volume.rescale, this.volume.isWhole);
  }

  /** Makes the whole slab a few rows at a time, and shows it if nothing has changed meanwhile. */
  private improve(index: number, slab: Slab): void {
    const { drawn, volume, grid_: grid } = this;
    const { loaded, geometry } = volume;
    if (!loaded || !drawn) return;
    const values = new Float32Array(grid.columns * grid.rows);
    const samples = samplesOf(geometry, grid, index);
    let row = 0;
    const work = () => {
      if (this.drawn !== drawn) return;
      const until = performance.now() + SLICE_OF_TIME;
      while (row < grid.rows && performance.now() < until) {
        cutRows(loaded, samples, slab, values, row, row + 1);
        row += 1;
      }
      if (row < grid.rows) {
        this.timer = setTimeout(work, 0);
        return;
      }
      this.drawn = { ...drawn, picture: this.pictureFrom(values), isFull: true };
      this.onBetter();
    };
    work();
  }
}
