/** The pieces of a pane's markup, found by name; the server writes the first pane, the others are copies of it. */

export class Parts {
  constructor(readonly root: HTMLElement) {}

  get<T extends Element = HTMLElement>(name: string): T {
    const element = this.root.querySelector<T>(`[data-part="${name}"]`);
    if (!element) throw new Error(`the pane lacks its part "${name}"`);
    return element;
  }
}

/** A copy of the pane that the server wrote. */
export function newPaneElement(): HTMLElement {
  const template = document.querySelector<HTMLTemplateElement>("#pane-template");
  const element = template?.content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) throw new Error("the page lacks #pane-template");
  return element;
}
