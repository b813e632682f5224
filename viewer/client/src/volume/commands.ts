/** The commands of planes and 3D; what they do is loaded when they are first used. */
import type { Command } from "../commands/registry.ts";
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import type { Room } from "./room.ts";

/** Pixels of a plane that a press moves the crosshair by, and degrees that it turns it by. */
const STEP = 1;
const LARGE_STEP = 10;
const TURN = 1;
const LARGE_TURN = 10;

/** Every drag of the crosshair has a key. */
function crosshairCommands(room: () => Room | null): Command[] {
  const press = (id: string, title: string, key: string, does: (one: Room) => void): Command => ({
    id,
    group: "view",
    title,
    keys: [key],
    run: () => {
      const one = room();
      if (one) does(one);
    },
    enabled: () => room()?.hasPlanes ?? false,
  });
  const ways = [
    ["left", "Left", -1, 0, _("Crosshair to the left"), _("Crosshair to the left by 10 pixels")],
    ["right", "Right", 1, 0, _("Crosshair to the right"), _("Crosshair to the right by 10 pixels")],
    ["up", "Up", 0, -1, _("Crosshair up"), _("Crosshair up by 10 pixels")],
    ["down", "Down", 0, 1, _("Crosshair down"), _("Crosshair down by 10 pixels")],
  ] as const;
  const moves = ways.flatMap(([id, key, x, y, title, farTitle]) => [
    press(`crosshair-${id}`, title, `Ctrl+${key}`, (one) => one.moveCrosshair(x * STEP, y * STEP)),
    press(`crosshair-${id}-far`, farTitle, `Ctrl+Shift+${key}`, (one) =>
      one.moveCrosshair(x * LARGE_STEP, y * LARGE_STEP),
    ),
  ]);
  return [
    ...moves,
    press("crosshair-turn", _("Turn the crosshair clockwise"), ".", (one) => one.turnCrosshair(TURN)),
    press("crosshair-turn-back", _("Turn the crosshair back"), ",", (one) => one.turnCrosshair(-TURN)),
    press("crosshair-turn-far", _("Turn the crosshair clockwise by 10°"), ">", (one) =>
      one.turnCrosshair(LARGE_TURN),
    ),
    press("crosshair-turn-back-far", _("Turn the crosshair back by 10°"), "<", (one) =>
      one.turnCrosshair(-LARGE_TURN),
    ),
  ];
}

export function startVolume(workspace: Workspace): void {
  let room: Promise<Room> | null = null;
  let entered: Room | null = null;
  const enter = (): Promise<Room> => {
    room ??= import("./room.ts").then(({ Room: Entered }) => {
      entered = new Entered(workspace);
      return entered;
    });
    // What failed to load may be asked for again.
    room.catch(() => {
      room = null;
    });
    return room;
  };
  const act = (does: (one: Room) => Promise<void>) => {
    enter()
      .then(does)
      .catch((error: unknown) => {
        console.error(error);
        workspace.active.notice("volume", _("Planes and 3D did not work here; the images do."));
      });
  };
  const isPossible = () => workspace.active.view.count > 0;
  const open = (
    id: string,
    title: string,
    keys: readonly string[],
    does: (one: Room) => Promise<void>,
  ): Command => ({
    id,
    group: "view",
    title,
    keys,
    run: () => act(does),
    enabled: isPossible,
  });
  workspace.commands.add(
    open("mpr", _("Three planes (MPR)"), ["X"], (one) => one.togglePlanes()),
    open("volume", _("3D"), [], (one) => one.toggleSolid()),
    ...crosshairCommands(() => entered),
  );
  workspace.on("opened", () => workspace.commands.changed());
}
