/** A page as parts that each draw themselves at any resolution: head, images, foot. Screen, PDF and printer share it. */
import { patientSpacing } from "../dicom/calibration.ts";
import { number } from "../dicom/dataset.ts";
import { Tag } from "../dicom/tags.ts";
import type { Window } from "../dicom/windows.ts";
import { type Affine, FITTED, fitScale, type Placement, type Size } from "../engine/camera.ts";
import { lettersOn } from "../engine/letters.ts";
import type { Picture } from "../engine/picture.ts";
import { placeLine } from "../panes/corners.ts";
import { _ } from "../words/say.ts";
import { drawMarks } from "./burned.ts";
import { type Context, drawImage, type Look, shapeOf, windowFor } from "./image.ts";
import { fitted, font, writeOnImage } from "./ink.ts";
import { type Choice, chosenWindow, type Item, type Subject } from "./job.ts";
import { type Box, pagesOf, planPage, trueSize, trueSizeBox } from "./plan.ts";
import { type HeadWords, headWords, pageWords, printedWords } from "./words.ts";

/** The image of an item: here, failed, or still on its way. */
export type Pictures = ReadonlyMap<Item, Picture | Error>;

export interface Part {
  readonly kind: "words" | "image";
  readonly box: Box;
  /** Draws into the rectangle from 0, 0 to `size`, which stands for the box. */
  draw(context: Context, size: Size): void;
}

/** Heights of the head (mm): with whose images these are, or only what they are. */
const HEAD = 23;
const SHORT_HEAD = 9;

/** Letters beside images (mm), and how small they may become on small images. */
const TEXT = 2.6;
const SMALLEST_TEXT = 1.5;

/** CSS pixels of the letters that stand on images: all else that is drawn on them keeps its proportion to these. */
const TEXT_PIXELS = 13;

/** The bar with which one checks that a page was printed at true size (mm). */
const RULER = 50;

export function headHeight({ header, withoutIdentity }: Choice): number {
  return header ? (withoutIdentity ? SHORT_HEAD : HEAD) : 0;
}

export function pagesFor(items: readonly Item[], { across, down }: Choice): Item[][] {
  return pagesOf(items, across * down);
}

/** Millimetres of an image in the patient as it lies on the page, or null where nobody knows them. */
export function patientSize({ frame }: Item, rotation: number): Size | null {
  const spacing = patientSpacing(frame.dataSet);
  const columns = number(frame.dataSet, Tag.Columns);
  const rows = number(frame.dataSet, Tag.Rows);
  return spacing && columns && rows ? trueSize(columns, rows, spacing, rotation) : null;
}

/** True where millimetres are known, but only at the detector. */
export function isDetectorOnly({ frame }: Item): boolean {
  return patientSpacing(frame.dataSet) === null && frame.dataSet[Tag.ImagerPixelSpacing] !== undefined;
}

/** Only the series on the screen is turned and mirrored as it is there. */
export function turned(subject: Subject, { series }: Item): Pick<Placement, "rotation" | "flipped"> {
  const { rotation, flipped } = series.uid === subject.series.uid ? subject : FITTED;
  return { rotation, flipped };
}

function lookOf(subject: Subject, choice: Choice, item: Item): Look {
  const isOnScreen = item.series.uid === subject.series.uid;
  return {
    window: chosenWindow(subject, choice.window, item),
    inverted: isOnScreen && subject.inverted,
    greys: isOnScreen && choice.window === "screen" ? subject.greys : null,
    placement: { ...FITTED, ...turned(subject, item) },
    background: choice.white ? "#ffffff" : "#000000",
  };
}

/** The same look, so large that a millimetre of the patient is one of the paper. */
function atTrueSize(look: Look, item: Item, picture: Picture, pixelsPerMm: number, size: Size): Look {
  const spacing = patientSpacing(item.frame.dataSet);
  if (!spacing) return look;
  const [row, column] = spacing;
  const aspect = row / column;
  const whole = fitScale({ ...shapeOf(item.frame, picture), aspect }, size, look.placement.rotation);
  return { ...look, aspect, placement: { ...look.placement, zoom: (pixelsPerMm * column) / whole } };
}

class ImagePart implements Part {
  readonly kind = "image";
  readonly box: Box;
  private readonly cut: boolean;

  constructor(
    private readonly subject: Subject,
    private readonly choice: Choice,
    private readonly item: Item,
    private readonly cell: Box,
    private readonly picture: Picture | Error | undefined,
  ) {
    const { rotation } = turned(subject, item);
    const millimetres = choice.trueSize ? patientSize(item, rotation) : null;
    const placed = millimetres ? trueSizeBox(cell, millimetres) : { box: cell, cut: false };
    this.box = placed.box;
    this.cut = placed.cut;
  }

  draw(context: Context, size: Size): void {
    const { picture, item } = this;
    const pixelsPerMm = size.width / this.box.width;
    if (picture && !(picture instanceof Error)) {
      this.drawPicture(context, size, picture, pixelsPerMm);
      return;
    }
    context.fillStyle = "#16202a";
    context.fillRect(0, 0, size.width, size.height);
    const words = picture
      ? _("Image {n} could not be loaded", { n: item.index + 1 })
      : _("Getting image {n}", { n: item.index + 1 });
    context.font = font(this.textSize * pixelsPerMm);
    const shown = fitted(context, words, size.width * 0.9);
    const style = { size: this.textSize * pixelsPerMm, align: "center" } as const;
    writeOnImage(context, shown, size.width / 2, size.height / 2, style);
  }

  /** Letters of small images are smaller (mm). */
  private get textSize(): number {
    return Math.min(TEXT, Math.max(SMALLEST_TEXT, this.cell.width / 17));
  }

  private drawPicture(context: Context, size: Size, picture: Picture, pixelsPerMm: number): void {
    const { subject, choice, item } = this;
    const fit = lookOf(subject, choice, item);
    const look = choice.trueSize ? atTrueSize(fit, item, picture, pixelsPerMm, size) : fit;
    const affine = drawImage(context, item.frame, picture, look, size);
    const unit = (this.textSize * pixelsPerMm) / TEXT_PIXELS;
    if (choice.marks) {
      const marks = subject.marks.on(subject.study, item.frame);
      drawMarks(context, item.frame, marks, subject.marks, { affine, size, unit });
    }
    this.drawWords(context, size, affine, pixelsPerMm);
  }

  private drawWords(context: Context, size: Size, affine: Affine, pixelsPerMm: number): void {
    const { item, choice } = this;
    const textSize = this.textSize * pixelsPerMm;
    const edge = textSize * 0.5;
    const low = size.height - edge;
    if (this.cut) {
      const style = { size: textSize, align: "right" } as const;
      writeOnImage(context, _("Cut at the edges"), size.width - edge, low, style);
    }
    if (!choice.numbers) return;
    const hasRoom = this.cell.width >= 40;
    // Where a slice lies says nothing about whose it is.
    const place = hasRoom ? placeLine(item.frame) : "";
    const words = [String(item.index + 1), place].filter((part) => part !== "").join(", ");
    context.font = font(textSize, 500);
    writeOnImage(context, fitted(context, words, size.width - 2 * edge), edge, low, { size: textSize });
    const letters = lettersOn(item.frame, affine);
    const [middleX, middleY] = [size.width / 2, size.height / 2 + textSize * 0.35];
    writeOnImage(context, letters.left, edge, middleY, { size: textSize });
    writeOnImage(context, letters.right, size.width - edge, middleY, { size: textSize, align: "right" });
    writeOnImage(context, letters.top, middleX, edge + textSize * 0.8, { size: textSize, align: "center" });
  }
}

const INK = "#16202a";
const PALE_INK = "#43505d";

interface Line {
  readonly words: string;
  readonly size: number;
  readonly weight: number;
  readonly baseline: number;
}

function writeLines(
  context: Context,
  lines: readonly Line[],
  align: "left" | "right",
  width: number,
  mm: number,
): void {
  for (const { words, size, weight, baseline } of lines) {
    context.font = font(size * mm, weight);
    context.textAlign = align;
    context.textBaseline = "alphabetic";
    context.fillStyle = weight > 400 ? INK : PALE_INK;
    const edge = align === "left" ? 0 : width;
    const room = align === "left" ? width * 0.6 : width * 0.38;
    context.fillText(fitted(context, words, room), edge, baseline * mm);
  }
}

class HeadPart implements Part {
  readonly kind = "words";

  constructor(
    readonly box: Box,
    private readonly words: HeadWords,
  ) {}

  draw(context: Context, size: Size): void {
    const mm = size.width / this.box.width;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, size.width, size.height);
    const [name = "", ...others] = this.words.left;
    const left = [
      { words: name, size: 4.8, weight: 600, baseline: 4.6 },
      ...others.map((words, index) => ({ words, size: 3.4, weight: 400, baseline: 10.4 + index * 4.9 })),
    ];
    const right = this.words.right
      .filter((words) => words !== "")
      .map((words, index) => ({
        words,
        size: 3.4,
        weight: index === 0 ? 600 : 400,
        baseline: 4.6 + index * 4.9,
      }));
    writeLines(context, left, "left", size.width, mm);
    writeLines(context, right, "right", size.width, mm);
    context.fillStyle = INK;
    context.fillRect(0, (this.box.height - 2.4) * mm, size.width, Math.max(1, 0.25 * mm));
  }
}

class FootPart implements Part {
  readonly kind = "words";

  constructor(
    readonly box: Box,
    private readonly left: string,
    private readonly right: string,
    /** Draws the bar that tells whether the page was printed at its own size. */
    private readonly ruler: boolean,
  ) {}

  draw(context: Context, size: Size): void {
    const mm = size.width / this.box.width;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, size.width, size.height);
    const line = (words: string) => [{ words, size: 3, weight: 400, baseline: 4.6 }];
    writeLines(context, line(this.left), "left", size.width, mm);
    writeLines(context, line(this.right), "right", size.width, mm);
    if (this.ruler) this.drawRuler(context, size.width, mm);
  }

  private drawRuler(context: Context, width: number, mm: number): void {
    const left = (width - RULER * mm) / 2;
    const thick = Math.max(1, 0.25 * mm);
    context.fillStyle = INK;
    context.fillRect(left, 6.4 * mm, RULER * mm, thick);
    for (const end of [left, left + RULER * mm - thick]) context.fillRect(end, 5.4 * mm, thick, 2 * mm);
    context.font = font(2.2 * mm);
    context.textAlign = "left";
    context.fillText(_("{n} mm at true size", { n: RULER }), left + (RULER + 1.5) * mm, 7.3 * mm);
  }
}

export interface PageOf {
  readonly subject: Subject;
  readonly choice: Choice;
  readonly items: readonly Item[];
  /** Counted from 1. */
  readonly page: number;
  readonly pages: number;
  readonly now: Date;
}

/** What stands on a page, from top to bottom. */
export function partsOf({ subject, choice, items, page, pages, now }: PageOf, pictures: Pictures): Part[] {
  const plan = planPage(choice.sheet, choice.across, choice.down, headHeight(choice));
  const windows = (item: Item): Window | null => {
    const picture = pictures.get(item);
    const window = chosenWindow(subject, choice.window, item);
    return picture && !(picture instanceof Error) ? windowFor(item.frame, picture, window) : window;
  };
  const head = headWords(subject, choice, items, windows);
  const images = items.flatMap((item, index) => {
    const cell = plan.cells[index];
    return cell ? [new ImagePart(subject, choice, item, cell, pictures.get(item))] : [];
  });
  const left = printedWords(subject, choice, now);
  const foot = new FootPart(plan.foot, left, pageWords(page, pages), choice.trueSize);
  return [...(head ? [new HeadPart(plan.head, head)] : []), ...images, foot];
}
