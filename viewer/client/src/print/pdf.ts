/** Writes the pages as PDF: each image stands where the plan says, in millimetres. */
import { jsPDF } from "jspdf";
import { eachPage, type Job, type Progress } from "./bitmaps.ts";
import { pageSize } from "./plan.ts";

export interface Written {
  readonly pdf: Blob;
  /** Images that could not be loaded; the page says so in their place. */
  readonly failed: number;
}

/** The file names nobody in its properties, whatever its pages say. */
export async function writePdf(job: Job, signal: AbortSignal, progress: Progress): Promise<Written> {
  const { sheet } = job.choice;
  const { width, height } = pageSize(sheet);
  const orientation = sheet.wide ? "landscape" : "portrait";
  const pdf = new jsPDF({ unit: "mm", format: [width, height], orientation, compress: true });
  // Viewers of PDF then offer to print it at its own size.
  pdf.viewerPreferences({ PrintScaling: "None" });
  pdf.setLanguage("en-GB");
  const { failed } = await eachPage(job, signal, progress, async (bitmaps, page) => {
    if (page > 1) pdf.addPage([width, height], orientation);
    for (const [index, { box, jpeg }] of bitmaps.entries()) {
      pdf.addImage({
        imageData: new Uint8Array(await jpeg.arrayBuffer()),
        format: "JPEG",
        alias: `p${page}i${index}`,
        ...box,
      });
    }
  });
  return { pdf: pdf.output("blob"), failed };
}
