/** Hands the pages to the browser's own printing: pictures of exact size on pages of exact size. */
import { _ } from "../words/say.ts";
import { type Bitmap, eachPage, type Job, type Progress } from "./bitmaps.ts";
import { type PagePlan, pageSize, type Sheet } from "./plan.ts";

type PageSize = Pick<PagePlan, "width" | "height">;

const SVG = "http://www.w3.org/2000/svg";

function svg<Name extends "svg" | "image">(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Resolves when it can be printed. */
function isThere(image: SVGElement): Promise<void> {
  return new Promise((resolve, reject) => {
    image.addEventListener("load", () => resolve(), { once: true });
    image.addEventListener("error", () => reject(new Error("a picture was lost")), { once: true });
  });
}

/** Pages that wait for the printer: they are in the document, and shown on paper alone. */
export class PrintedPages {
  private readonly root = document.createElement("div");
  private readonly rule = new CSSStyleSheet();
  private readonly urls: string[] = [];
  private readonly loading: Promise<void>[] = [];

  constructor(private readonly size: PageSize) {
    this.root.className = "printed-pages";
    this.root.dataset.testid = "printed-pages";
    this.root.setAttribute("aria-hidden", "true");
    this.rule.replaceSync(`@page { size: ${size.width}mm ${size.height}mm; margin: 0; }`);
  }

  /** As SVG: pictures of HTML would be moved to whole pixels of the screen, 0.26 mm apart. */
  add(bitmaps: readonly Bitmap[]): void {
    const { width, height } = this.size;
    const page = svg("svg", { class: "printed-page", viewBox: `0 0 ${width} ${height}` });
    page.style.setProperty("width", `${width}mm`);
    page.style.setProperty("height", `${height}mm`);
    for (const { box, jpeg } of bitmaps) {
      const url = URL.createObjectURL(jpeg);
      const image = svg("image", { ...box, preserveAspectRatio: "none" });
      this.urls.push(url);
      this.loading.push(isThere(image));
      image.setAttribute("href", url);
      page.append(image);
    }
    this.root.append(page);
  }

  /** Puts the pages into the document; resolves when each picture can be printed. */
  async show(): Promise<void> {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.rule];
    document.body.append(this.root);
    await Promise.all(this.loading);
  }

  remove(): void {
    this.root.remove();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.rule);
    for (const url of this.urls) URL.revokeObjectURL(url);
  }
}

let waiting: PrintedPages | null = null;
let titleBefore: string | null = null;

/** Browsers write the page's title into what they print, and into the PDF's properties: it names the patient. */
function hideTitle(words: string): void {
  titleBefore ??= document.title;
  document.title = words;
}

/** Takes pages away that were printed, or that nobody printed. */
export function forgetPages(): void {
  waiting?.remove();
  waiting = null;
  if (titleBefore !== null) document.title = titleBefore;
  titleBefore = null;
}

/** Renders the pages and opens the browser's print dialog; the pages go when that is closed. */
export async function printPages(
  job: Job,
  signal: AbortSignal,
  progress: Progress,
): Promise<{ failed: number }> {
  forgetPages();
  const sheet: Sheet = job.choice.sheet;
  const pages = new PrintedPages(pageSize(sheet));
  try {
    const result = await eachPage(job, signal, progress, (bitmaps) => pages.add(bitmaps));
    await pages.show();
    signal.throwIfAborted();
    waiting = pages;
    if (job.choice.withoutIdentity) hideTitle(_("Images"));
    window.addEventListener("afterprint", forgetPages, { once: true });
    window.print();
    return result;
  } catch (error) {
    pages.remove();
    throw error;
  }
}
