/** Writes and draws on a canvas as the page does on images: light, with a black outline that stays visible on white. */
import type { Context } from "./image.ts";

export const FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';

const LIGHT = "#e2e7ec";

export function font(size: number, weight = 400): string {
  return `${weight} ${size}px ${FONT}`;
}

export interface Lettering {
  readonly size: number;
  readonly weight?: number;
  readonly align?: CanvasTextAlign;
  readonly color?: string;
}

/** One line of text on an image; `y` is its baseline. */
export function writeOnImage(
  context: Context,
  words: string,
  x: number,
  y: number,
  { size, weight = 500, align = "left", color = LIGHT }: Lettering,
): void {
  context.font = font(size, weight);
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.lineJoin = "round";
  context.lineWidth = size * 0.24;
  context.strokeStyle = "#000000";
  context.strokeText(words, x, y);
  context.fillStyle = color;
  context.fillText(words, x, y);
}

/** The text, or as much of its beginning as fits. */
export function fitted(context: Context, words: string, width: number): string {
  if (context.measureText(words).width <= width) return words;
  let [fits, tooLong] = [0, words.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(`${words.slice(0, middle)}…`).width <= width) fits = middle;
    else tooLong = middle;
  }
  return `${words.slice(0, fits)}…`;
}
