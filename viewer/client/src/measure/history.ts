/** Takes back what was done to marks, and does it again. */
import type { Mark } from "./marks.ts";

/** What became of one mark: null is "it was not there". */
export interface Edit {
  readonly id: string;
  readonly before: Mark | null;
  readonly after: Mark | null;
  /** Puts the mark into one of its two states. */
  apply(mark: Mark | null): void;
}

/** More steps back than anybody remembers. */
const DEPTH = 200;

export class History {
  private readonly done: Edit[] = [];
  private undone: Edit[] = [];
  private readonly listeners = new Set<() => void>();

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  get canUndo(): boolean {
    return this.done.length > 0;
  }

  get canRedo(): boolean {
    return this.undone.length > 0;
  }

  /** Does it, and remembers it; what was taken back before can no longer be done again. */
  do(edit: Edit): void {
    this.done.push(edit);
    if (this.done.length > DEPTH) this.done.shift();
    this.undone = [];
    edit.apply(edit.after);
    this.changed();
  }

  undo(): Edit | null {
    const edit = this.done.pop();
    if (!edit) return null;
    this.undone.push(edit);
    edit.apply(edit.before);
    this.changed();
    return edit;
  }

  redo(): Edit | null {
    const edit = this.undone.pop();
    if (!edit) return null;
    this.done.push(edit);
    edit.apply(edit.after);
    this.changed();
    return edit;
  }

  /** A mark that became somebody else's, or another's copy, has no way back. */
  forget(id: string): void {
    const others = (edit: Edit) => edit.id !== id;
    const kept = this.done.filter(others);
    this.done.splice(0, this.done.length, ...kept);
    this.undone = this.undone.filter(others);
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
