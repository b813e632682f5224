/** Lets a reader write the text of an arrow where it stands on the image. */
import type { Pane } from "../panes/pane.ts";
import { _ } from "../words/say.ts";

/** Most characters that the portal keeps. */
export const TEXT_LENGTH = 500;

/** Opens a field beside a place of the image; calls back once, with the text or, after Esc, with null. */
export function askForText(
  pane: Pane,
  [x, y]: readonly [number, number],
  before: string,
  done: (text: string | null) => void,
): void {
  const field = document.createElement("input");
  field.type = "text";
  field.className = "mark-field";
  field.maxLength = TEXT_LENGTH;
  field.value = before;
  field.dataset.testid = "mark-text";
  field.setAttribute("aria-label", _("Text of the arrow"));
  field.placeholder = _("Text, then Enter");
  const { clientWidth: width, clientHeight: height } = pane.viewport;
  field.style.setProperty("left", `${Math.max(8, Math.min(width - 248, x))}px`);
  field.style.setProperty("top", `${Math.max(8, Math.min(height - 40, y))}px`);
  let isOpen = true;
  const close = (text: string | null) => {
    if (!isOpen) return;
    isOpen = false;
    field.remove();
    pane.viewport.focus({ preventScroll: true });
    done(text === null ? null : text.trim());
  };
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") close(field.value);
    if (event.key === "Escape") close(null);
  });
  field.addEventListener("blur", () => close(field.value));
  pane.element.append(field);
  field.focus();
}
