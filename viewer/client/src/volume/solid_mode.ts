/** 3D in one pane: its picture, its hands, its bar, what stands on it. */
import type { Window } from "../dicom/windows.ts";
import type { Workspace } from "../page/workspace.ts";
import type { Pane } from "../panes/pane.ts";
import type { Bar } from "./bar.ts";
import type { OpenVolume } from "./open_volume.ts";
import { Solid } from "./solid.ts";
import { solidBar } from "./solid_bar.ts";
import { SolidFrame } from "./solid_frame.ts";
import { SolidHands } from "./solid_hands.ts";

export class SolidMode {
  readonly bar: Bar;
  private readonly solid: Solid;
  private readonly hands: SolidHands;

  constructor(
    volume: OpenVolume,
    readonly pane: Pane,
    own: Window,
    workspace: Workspace,
    close: () => void,
  ) {
    this.solid = new Solid(volume, pane, own, () => this.changed());
    this.hands = new SolidHands(this.solid, workspace);
    this.bar = solidBar(this.solid, close);
    document.documentElement.dataset.viewerSolid = "loading";
  }

  get volume(): OpenVolume {
    return this.solid.volume;
  }

  end(): void {
    this.hands.end();
    this.solid.end();
    this.bar.remove();
    delete document.documentElement.dataset.viewerSolid;
    delete this.pane.element.dataset.solid;
  }

  /** True as long as the pane shows what this made. */
  get isShown(): boolean {
    return this.pane.view.frames[0] instanceof SolidFrame;
  }

  private changed(): void {
    const { solid, pane } = this;
    if (!solid) return;
    this.bar.draw();
    pane.element.dataset.solid = solid.look.id;
    pane.element.dataset.forward = solid.eye.forward.map((value) => value.toFixed(4)).join(" ");
    document.documentElement.dataset.viewerSolid = solid.drawing.kind;
  }
}
