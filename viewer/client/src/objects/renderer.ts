/** How objects that are no images are shown in a pane: one renderer a kind, loaded when it is first needed. */
import type { Attribute, DataSet } from "../dicom/dataset.ts";
import type { Reference } from "./references.ts";

/** Where a renderer draws, and what it may ask for. */
export interface Place {
  /** Empty; the renderer fills it, and it is taken away with all that is in it. */
  readonly root: HTMLElement;
  readonly instances: readonly DataSet[];
  readonly language: string;
  /** Ends when something else is shown. */
  readonly signal: AbortSignal;
  /** The bytes of a value that came inline or lies on the server. */
  bytes(attribute: Attribute): Promise<Uint8Array<ArrayBuffer>>;
  /** The only stream of a video or another encapsulated object. */
  stream(instance: DataSet): Promise<Uint8Array<ArrayBuffer>>;
  /** "Series 2, image 71", or null where the study does not hold it. */
  nameOf(reference: Reference): string | null;
  /** Shows an image. */
  jump(reference: Reference): void;
}

/** Fills the place; rejects with words where it cannot. */
export type Renderer = (place: Place) => Promise<void> | void;

/** An element with a class and a text that is never taken for markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
  words = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  if (words !== "") {
    made.textContent = words;
    made.dir = "auto";
  }
  return made;
}

/** A button or words that lead to an image; words alone where it is not in the study. */
export function link(place: Place, reference: Reference, otherwise: string): HTMLElement {
  const name = place.nameOf(reference);
  if (name === null) return element("span", "object-absent", otherwise);
  const button = element("button", "object-link", name);
  button.type = "button";
  button.addEventListener("click", () => place.jump(reference));
  return button;
}
