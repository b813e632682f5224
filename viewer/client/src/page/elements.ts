/** Finds the parts of the page that the server wrote. */

export function part<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page lacks #${id}`);
  return element as T;
}

/** Writes text only where it changed: an unchanged node is not laid out again. */
export function write(element: Element, value: string): void {
  if (element.textContent !== value) element.textContent = value;
}

/** Sets an attribute, or takes it away, only where it changed: else the browser paints its surroundings again. */
export function mark(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

export function press(element: Element, pressed: boolean): void {
  mark(element, "aria-pressed", String(pressed));
}

/** A click by mouse leaves the focus where it was, so that keys go on working on the image. */
export function keepFocus(element: HTMLElement): void {
  element.addEventListener("mousedown", (event) => event.preventDefault());
}
