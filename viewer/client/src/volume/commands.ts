/** The commands of planes and 3D; what they do is loaded when they are first used. */
import type { Workspace } from "../page/workspace.ts";
import { _ } from "../words/say.ts";
import type { Room } from "./room.ts";

export function startVolume(workspace: Workspace): void {
  let room: Promise<Room> | null = null;
  const enter = (): Promise<Room> => {
    room ??= import("./room.ts").then(({ Room: Entered }) => new Entered(workspace));
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
  workspace.commands.add({
    id: "mpr",
    group: "view",
    title: _("Three planes (MPR)"),
    keys: ["X"],
    run: () => act((one) => one.togglePlanes()),
    enabled: isPossible,
  });
  workspace.commands.add({
    id: "volume",
    group: "view",
    title: _("3D"),
    keys: [],
    run: () => act((one) => one.toggleSolid()),
    enabled: isPossible,
  });
  workspace.on("opened", () => workspace.commands.changed());
}
