/** Everything that can be done on the page: what it is called, which keys do it, whether it is on. */
import { isSingleCharacter } from "./keys.ts";

export type Group =
  | "images"
  | "window"
  | "look"
  | "measure"
  | "mark"
  | "image"
  | "edit"
  | "view"
  | "everywhere";

export interface Command {
  /** What buttons carry as data-command. */
  readonly id: string;
  readonly group: Group;
  /** In the reader's language. */
  readonly title: string;
  /** Names of key presses, as keys.ts makes them; the first is shown. */
  readonly keys: readonly string[];
  run(): void;
  /** Absent: always. */
  enabled?(): boolean;
  /** Works while a dialog is open too. */
  readonly inDialogs?: boolean;
}

export interface KeySettings {
  /** Keys of the reader's own, by command. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** False: single characters do nothing. */
  readonly singleCharacters: boolean;
}

export class Commands {
  private readonly byId = new Map<string, Command>();
  private readonly pressed = new Map<string, boolean>();
  private readonly listeners = new Set<() => void>();
  private settings: KeySettings = { keys: {}, singleCharacters: true };

  /** Adds a command; the same id twice is a mistake of the program. */
  add(...commands: readonly Command[]): void {
    for (const command of commands) {
      if (this.byId.has(command.id)) throw new Error(`the command "${command.id}" is there already`);
      this.byId.set(command.id, command);
    }
    this.changed();
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** Does it; false where there is no such command, or not now. */
  run(id: string): boolean {
    const command = this.byId.get(id);
    if (!command || command.enabled?.() === false) return false;
    command.run();
    return true;
  }

  isEnabled(id: string): boolean {
    const command = this.byId.get(id);
    return command !== undefined && command.enabled?.() !== false;
  }

  all(): readonly Command[] {
    return [...this.byId.values()];
  }

  /** The keys that do it for this reader. */
  keysOf(command: Command): readonly string[] {
    const keys = this.settings.keys[command.id] ?? command.keys;
    return this.settings.singleCharacters ? keys : keys.filter((key) => !isSingleCharacter(key));
  }

  byKey(key: string): Command | null {
    const found = this.all().filter((command) => this.keysOf(command).includes(key));
    return found.find((command) => command.enabled?.() !== false) ?? found[0] ?? null;
  }

  useKeys(settings: KeySettings): void {
    this.settings = settings;
    this.changed();
  }

  get keySettings(): KeySettings {
    return this.settings;
  }

  /** Says whether a command is on (a chosen tool, a linked view). */
  show(id: string, on: boolean): void {
    if (this.pressed.get(id) === on) return;
    this.pressed.set(id, on);
    this.changed();
  }

  isOn(id: string): boolean | undefined {
    return this.pressed.get(id);
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** To be called where commands became possible or impossible. */
  changed(): void {
    for (const listener of this.listeners) listener();
  }
}
