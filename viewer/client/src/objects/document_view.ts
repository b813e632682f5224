/** Shows encapsulated documents (PS3.3 A.45): PDF in the browser's own reader, clinical documents as text. */
import { type DataSet, text } from "../dicom/dataset.ts";
import { Unusable } from "../http/failures.ts";
import { _ } from "../words/say.ts";
import { element, type Place, type Renderer } from "./renderer.ts";
import { ObjectTag } from "./tags.ts";

/** "%PDF-" */
const PDF_HEAD = [0x25, 0x50, 0x44, 0x46, 0x2d];

function isPdf(bytes: Uint8Array): boolean {
  // What a writer puts before it may be up to a kilobyte.
  for (let at = 0; at < Math.min(1024, bytes.length); at += 1) {
    if (PDF_HEAD.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}

function show(place: Place, bytes: Uint8Array<ArrayBuffer>, title: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/pdf" }));
  place.signal.addEventListener("abort", () => URL.revokeObjectURL(url));
  const note = element("p", "object-hint");
  const anchor = element("a", "", _("Open the document in a tab of its own"));
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  note.append(anchor);
  if (!navigator.pdfViewerEnabled) {
    const words = _("This browser does not show PDF documents inside a page.");
    place.root.append(element("p", "object-message", words), note);
    return;
  }
  const frame = element("iframe", "object-document");
  frame.title = title;
  frame.src = url;
  place.root.append(frame, note);
}

/** The words of a clinical document (HL7 CDA), without its markup. */
function wordsOf(bytes: Uint8Array): string {
  const xml = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "text/xml");
  const words = xml.querySelector("parsererror")
    ? new TextDecoder().decode(bytes)
    : (xml.documentElement.textContent ?? "");
  return words
    .replace(/[ \t]+/g, " ")
    .replace(/\s*\n\s*/g, "\n")
    .trim();
}

async function one(place: Place, instance: DataSet): Promise<void> {
  const attribute = instance[ObjectTag.EncapsulatedDocument];
  const type = text(instance, ObjectTag.MIMETypeOfEncapsulatedDocument).toLowerCase();
  const title = text(instance, ObjectTag.DocumentTitle) || _("Document");
  if (!attribute) throw new Unusable(_("the document is missing from it"));
  const isText = type.includes("xml") || type.startsWith("text/");
  if (!isText && type !== "" && type !== "application/pdf") {
    throw new Unusable(_("it is a document of the type {type}, which this viewer does not show", { type }));
  }
  const bytes = await place.bytes(attribute);
  place.signal.throwIfAborted();
  if (isText) {
    const paper = element("article", "object-paper");
    paper.append(element("h2", "report-heading", title), element("pre", "object-text", wordsOf(bytes)));
    place.root.append(paper);
  } else if (isPdf(bytes)) show(place, bytes, title);
  else throw new Unusable(_("its document is no PDF, although it says so"));
}

export const renderDocument: Renderer = async (place) => {
  for (const instance of place.instances) await one(place, instance);
};
