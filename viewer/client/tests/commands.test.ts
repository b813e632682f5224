import { describe, expect, it } from "vitest";
import { type Command, Commands } from "../src/commands/registry.ts";

function command(id: string, keys: string[], more: Partial<Command> = {}): Command {
  return { id, group: "look", title: id, keys, run() {}, ...more };
}

describe("commands", () => {
  it("are found by their keys, and by those that the reader gave them", () => {
    const commands = new Commands();
    commands.add(command("zoom", ["Z"]), command("move", ["M"]));
    expect(commands.byKey("Z")?.id).toBe("zoom");
    commands.useKeys({ keys: { zoom: ["X"] }, singleCharacters: true });
    expect(commands.byKey("X")?.id).toBe("zoom");
    expect(commands.byKey("Z")).toBeNull();
  });

  it("keep only longer keys where single characters are switched off", () => {
    const commands = new Commands();
    commands.add(command("fit", ["F", "Shift+Z"]));
    commands.useKeys({ keys: {}, singleCharacters: false });
    expect(commands.byKey("F")).toBeNull();
    expect(commands.byKey("Shift+Z")?.id).toBe("fit");
  });

  it("that cannot be done now are not done, and leave their key to another", () => {
    const commands = new Commands();
    const done: string[] = [];
    const act = (id: string) => ({ run: () => void done.push(id) });
    commands.add(
      command("a", ["Del"], { ...act("a"), enabled: () => false }),
      command("b", ["Del"], act("b")),
    );
    expect(commands.run("a")).toBe(false);
    expect(commands.byKey("Del")?.id).toBe("b");
    expect(commands.run("b")).toBe(true);
    expect(commands.run("c")).toBe(false);
    expect(done).toEqual(["b"]);
  });

  it("have names of their own", () => {
    const commands = new Commands();
    commands.add(command("a", []));
    expect(() => commands.add(command("a", []))).toThrow('"a"');
  });
});
