/** What a tool is: it takes drags on an image. */
import type { Pane } from "../panes/pane.ts";

export type Point = readonly [x: number, y: number];

export interface Press {
  /** CSS pixels within the viewport. */
  readonly point: Point;
  /** Pixels of the image, [column, row]; the centre of the first one is [0, 0]. */
  readonly pixel: Point;
  readonly event: PointerEvent;
}

/** A drag in progress. */
export interface Drag {
  move(press: Press): void;
  end(press: Press): void;
  /** Something else took over: a second finger, Esc, another image. */
  cancel(): void;
}

export interface Tool {
  readonly name: string;
  /** CSS cursor over the image. */
  readonly cursor: string;
  /** A button or finger went down; null where the tool does not want this drag. */
  begin(pane: Pane, press: Press): Drag | null;
  /** The pointer moves without a button. */
  hover?(pane: Pane, press: Press): void;
  /** A key while the tool is chosen; true where it was for the tool. */
  key?(pane: Pane, name: string): boolean;
  /** The tool is put away. */
  leave?(): void;
}
