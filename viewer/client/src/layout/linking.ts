/** Links the viewports: where one scrolls, zooms, moves or sets its window, the others follow in the patient. */
import type { Placement } from "../engine/camera.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import { _ } from "../words/say.ts";
import {
  type Anchor,
  anchorAt,
  counterpart,
  joiningAt,
  relationTo,
  type Stand,
  standAt,
} from "./counterpart.ts";
import { type Look, lookOf, type Shade, sameShade, shadeOf, takeLook, takeShade } from "./looks.ts";

/** What is told to whoever follows elsewhere: another window. */
export interface Told {
  readonly stand: Stand;
  readonly look?: Look | null;
  readonly shade?: Shade | null;
}

const NO_STAND: Stand = { at: null, shift: { mm: 0, images: 0 } };

export class Linking {
  private wanted = false;
  private following = false;
  private stand: Stand = NO_STAND;
  private readonly anchors = new Map<Pane, Anchor>();
  private seen: { placement: Placement; shade: Shade | null } | null = null;
  /** Panes that take the look over as soon as they have an image. */
  private readonly late = new Set<Pane>();
  /** Another window is there, which the active pane follows too. */
  hasOther = false;
  /** Called with each move of this window's own. */
  tell: (told: Told) => void = () => {};
  /** Called when this window's reader links or unlinks. */
  switched: (on: boolean, stand: Stand) => void = () => {};

  constructor(
    private readonly workspace: Workspace,
    /** False while the panes go together anyway. */
    private readonly applies: () => boolean,
  ) {
    workspace.on("moved", (pane) => this.moved(pane));
    workspace.on("opened", (pane) => this.opened(pane));
    workspace.on("shown", (pane) => this.shown(pane));
    workspace.on("changed", (pane) => this.changed(pane));
    workspace.on("active", () => {
      this.see();
      this.say();
    });
    workspace.on("layout", (panes) => {
      for (const pane of this.anchors.keys()) if (!panes.includes(pane)) this.anchors.delete(pane);
      this.say();
    });
  }

  get isOn(): boolean {
    return this.wanted;
  }

  private get on(): boolean {
    return this.wanted && this.applies();
  }

  /** Links what is on the screen, with the active pane as the one that the others follow. */
  set isOn(on: boolean) {
    this.turn(on, null);
    this.switched(on, this.stand);
  }

  /** Where the one stands that the others follow. */
  get where(): Stand {
    return this.stand;
  }

  /** Links or unlinks; `stand`: where the other window stands, which is followed then. */
  turn(on: boolean, stand: Stand | null): void {
    this.wanted = on;
    this.anchors.clear();
    this.late.clear();
    this.workspace.commands.show("linked", on);
    this.stand = stand ?? NO_STAND;
    const { active, panes } = this.workspace;
    if (this.on) {
      if (!stand && active.view.count > 0) this.stand = this.standOf(active);
      for (const pane of panes) this.join(pane);
      this.see();
    }
    this.say();
  }

  /** Follows a move that was made in another window. */
  follow({ stand, look, shade }: Told): void {
    if (!this.on) return;
    this.stand = stand;
    for (const pane of this.workspace.panes) this.bring(pane, look ?? null, shade ?? null);
    this.see();
  }

  private anchorOf({ view }: Pane): Anchor {
    return anchorAt(view.frames, view.target);
  }

  private standOf(pane: Pane): Stand {
    const anchor = this.anchors.get(pane) ?? joiningAt(this.stand, pane.view.frames, pane.view.target);
    this.anchors.set(pane, anchor);
    return standAt(pane.view.frames, pane.view.target, anchor);
  }

  /** A pane with a new series goes where the others are; where it cannot know that, it is linked from where it is. */
  private join(pane: Pane): void {
    const { view } = pane;
    if (view.count === 0) {
      this.anchors.delete(pane);
      return;
    }
    this.anchors.set(pane, joiningAt(this.stand, view.frames, view.target));
    const { active } = this.workspace;
    this.bring(pane, active === pane ? null : lookOf(active), null);
    if (active !== pane && !view.frame) this.late.add(pane);
  }

  private opened(pane: Pane): void {
    if (this.on) this.join(pane);
    if (pane === this.workspace.active) this.see();
    this.say();
  }

  private moved(pane: Pane): void {
    if (!this.on || this.following || pane.view.count === 0) return;
    this.stand = this.standOf(pane);
    for (const other of this.workspace.panes) if (other !== pane) this.bring(other, null, null);
    this.tell({ stand: this.stand });
  }

  private shown(pane: Pane): void {
    const { active } = this.workspace;
    if (!this.on || !this.late.delete(pane) || pane === active) return;
    const look = lookOf(active);
    const relation = relationTo(this.stand, pane.view.frames);
    if (look && relation) takeLook(pane, look, relation);
  }

  private changed(pane: Pane): void {
    if (!this.on || pane !== this.workspace.active || !this.seen) return;
    const { placement } = pane.view;
    const shade = shadeOf(pane);
    const look = placement === this.seen.placement ? null : lookOf(pane);
    const newShade = sameShade(shade, this.seen.shade) ? null : shade;
    this.seen = { placement, shade };
    if (!look && !newShade) return;
    for (const other of this.workspace.panes) if (other !== pane) this.bring(other, look, newShade, false);
    this.tell({ stand: this.stand, look, shade: newShade });
  }

  /** Takes one pane to where the stand is; `scrolls` false: only look and window. */
  private bring(pane: Pane, look: Look | null, shade: Shade | null, scrolls = true): void {
    const { view } = pane;
    if (view.count === 0) return;
    if (shade) takeShade(pane, shade);
    const anchor = this.anchors.get(pane) ?? this.anchorOf(pane);
    const found = counterpart(this.stand, view.frames, anchor, view.target);
    if (!found) return;
    if (scrolls) this.show(pane, found.index, found.here);
    if (look) takeLook(pane, look, found.relation);
  }

  private show(pane: Pane, index: number, here: boolean): void {
    this.following = true;
    try {
      if (here) pane.view.goTo(index);
      else pane.showNone(index, _("No image of this series lies here."));
    } finally {
      this.following = false;
    }
  }

  /** What the active pane shows now is not a change. */
  private see(): void {
    const { active } = this.workspace;
    this.seen = { placement: active.view.placement, shade: shadeOf(active) };
  }

  /** Each pane says how it follows the active one. */
  say(): void {
    const { active, panes } = this.workspace;
    const stand = this.on && active.view.count > 0 ? this.standOf(active) : null;
    for (const pane of panes) {
      const follows = pane !== active || this.hasOther;
      const relation =
        stand && follows ? relationTo(this.hasOther ? this.stand : stand, pane.view.frames) : null;
      const words = { space: _("Linked"), shift: _("Linked from here") };
      pane.sayLink(relation ? words[relation] : "");
    }
  }
}
