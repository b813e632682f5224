/** Plans paper: which images, on how many pages, where on the page each stands, and how large in millimetres. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type PaperName = "A4" | "A3";

export interface Sheet {
  readonly paper: PaperName;
  readonly wide: boolean;
}

/** ISO 216, upright (mm). */
const PAPERS: Readonly<Record<PaperName, { width: number; height: number }>> = {
  A4: { width: 210, height: 297 },
  A3: { width: 297, height: 420 },
};

/** What most printers leave white at the edges (mm). */
export const MARGIN = 10;

/** Between two images (mm). */
export const GAP = 1.5;

/** The foot: its lines, and what keeps them off the images (mm). */
export const FOOT = 8;

/** More images than this across or down are too small to be read. */
export const MOST = { across: 10, down: 12 } as const;

/** Width and height as the page is held (mm). */
export function pageSize({ paper, wide }: Sheet): { width: number; height: number } {
  const { width, height } = PAPERS[paper];
  return wide ? { width: height, height: width } : { width, height };
}

/** A whole number within bounds; `otherwise` where the text is none. */
export function wholeNumber(text: string, least: number, most: number, otherwise: number): number {
  const value = Number(text.trim());
  if (text.trim() === "" || !Number.isFinite(value)) return otherwise;
  return Math.min(most, Math.max(least, Math.round(value)));
}

/** Indices from 0 of the images from one number to another, counted from 1, in steps; either may be the larger. */
export function range(count: number, from: number, to: number, every: number): number[] {
  const [first, last] = from <= to ? [from, to] : [to, from];
  const step = Math.max(1, Math.round(every));
  const indices: number[] = [];
  for (let n = Math.max(1, first); n <= Math.min(count, last); n += step) indices.push(n - 1);
  return indices;
}

/** The items of each page. */
export function pagesOf<Item>(items: readonly Item[], perPage: number): Item[][] {
  const size = Math.max(1, perPage);
  const pages: Item[][] = [];
  for (let start = 0; start < items.length; start += size) pages.push(items.slice(start, start + size));
  return pages;
}

/** Where the head, the images and the foot of a page stand (mm from its top left corner). */
export interface PagePlan {
  readonly width: number;
  readonly height: number;
  readonly head: Box;
  readonly foot: Box;
  /** Row by row. */
  readonly cells: readonly Box[];
}

export function planPage(sheet: Sheet, across: number, down: number, headHeight: number): PagePlan {
  const { width, height } = pageSize(sheet);
  const inner = width - 2 * MARGIN;
  const top = MARGIN + headHeight;
  const bottom = height - MARGIN - FOOT;
  const cellWidth = (inner - (across - 1) * GAP) / across;
  const cellHeight = (bottom - top - (down - 1) * GAP) / down;
  const cells = Array.from({ length: across * down }, (_, index) => ({
    x: MARGIN + (index % across) * (cellWidth + GAP),
    y: top + Math.floor(index / across) * (cellHeight + GAP),
    width: cellWidth,
    height: cellHeight,
  }));
  return {
    width,
    height,
    head: { x: MARGIN, y: MARGIN, width: inner, height: headHeight },
    foot: { x: MARGIN, y: bottom, width: inner, height: FOOT },
    cells,
  };
}

/** Millimetres that an image takes in the patient, as it lies after turning. */
export function trueSize(
  columns: number,
  rows: number,
  [betweenRows, betweenColumns]: readonly [number, number],
  rotation: number,
): { width: number; height: number } {
  const [width, height] = [columns * betweenColumns, rows * betweenRows];
  return Math.abs(rotation % 180) === 90 ? { width: height, height: width } : { width, height };
}

/** Millimetres that must be exceeded before an image counts as too large: the arithmetic of halves. */
const TOLERANCE = 0.01;

/** A box of true size in the middle of a cell; what does not fit is cut off at the cell's edges. */
export function trueSizeBox(
  cell: Box,
  { width, height }: { width: number; height: number },
): { box: Box; cut: boolean } {
  const [shownWidth, shownHeight] = [Math.min(width, cell.width), Math.min(height, cell.height)];
  return {
    box: {
      x: cell.x + (cell.width - shownWidth) / 2,
      y: cell.y + (cell.height - shownHeight) / 2,
      width: shownWidth,
      height: shownHeight,
    },
    cut: width > cell.width + TOLERANCE || height > cell.height + TOLERANCE,
  };
}

/** Pixels for millimetres at so many dots an inch; at least one. */
export function pixelsFor(millimetres: number, dotsPerInch: number): number {
  return Math.max(1, Math.round((millimetres / 25.4) * dotsPerInch));
}
